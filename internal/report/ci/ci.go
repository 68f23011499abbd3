// Package ci puts what a run found into the forms that CI systems read: workflow
// commands and the job summary of GitHub Actions, SARIF, and JUnit's XML. The
// same Report gives the same bytes; names in it may be anything that a disk
// holds, and do no more than stand there in any form: as they are if they can be
// printed, else as printable.Text has them.
package ci

import (
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/printable"
)

// Report is what a run found.
type Report struct {
	Version  string // of proxypatch
	Command  string // empty if the command line was not understood
	Root     string // the project's real directory, absolute; empty if none was found
	Exit     Exit
	Summary  string // one line
	Problems []Problem
	Findings []Problem // Problems, but each about one thing: for forms that count
	Copies   []Copy
	Tables   []Table
	Rules    []Rule
}

// title names the run by its command.
func (r Report) title() string { return strings.TrimSuffix("proxypatch "+r.Command, " ") }

// Exit is the code that the process ends with.
type Exit struct {
	Code int
	Name string
}

// Rule is a reason for a code other than 0.
type Rule struct {
	ID   string
	Text string
	Run  bool // it speaks of the run, and not of what is installed
}

// Problem is an error or a warning.
type Problem struct {
	Rule    string // ID of the Rule; empty for a warning
	Message string
	Hint    string // what to do about it; may be empty, or have several lines
	Copy    string // real directory of the copy that it is about; empty if of none
	File    string // of the copy, with slashes; empty if of none
	Line    int    // of the file, counted from 1; 0 if of none
}

// place returns the absolute path that a problem is about, empty if there is none.
func (p Problem) place() string {
	if p.Copy == "" {
		return ""
	}
	return filepath.Join(p.Copy, filepath.FromSlash(p.File))
}

// text returns the message and the hint, a printable line each.
func (p Problem) text() string {
	text := printable.Text(p.Message)
	if p.Hint != "" {
		for hint := range strings.SplitSeq(p.Hint, "\n") {
			text += "\nhint: " + printable.Text(hint)
		}
	}
	return text
}

// Copy is an installed package whose files were looked at.
type Copy struct {
	Path    string // as a person would write it
	Dir     string // the real directory
	Release string
	Files   []string // with slashes
}

// Table is what a person would read of the run.
type Table struct {
	Header []string
	Rows   [][]string
}

// below returns a path relative to dir, with slashes, if it is in there.
func below(dir, path string) (string, bool) {
	if dir == "" {
		return "", false
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}
