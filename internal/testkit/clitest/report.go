package clitest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/verify"
)

// Report holds the parts of --json's document that tests check.
type Report struct {
	Exit struct {
		Code Code
		Name string
	}
	Problems []Problem
	Copies   []Copy
	Calls    []Call
	Findings []Finding
	Exported Export
}

// Problem is an error or a warning.
type Problem struct{ Severity, Message, Hint, Run string }

// Copy is an installed next-auth.
type Copy struct {
	Path, Dir string
	Reached   []struct{ Path, From string }
	Files     []File
	Arrived   []string
}

// File is a file to patch, and its state.
type File struct {
	Path, State, Action string
	Conflict            *struct {
		Hunk, Line, Differs int
		Expected, Found     []string
	}
}

// Call is a request that verify made.
type Call struct {
	Kind   string
	Result verify.Outcome
}

// Export is what export wrote, and the command to type then.
type Export struct {
	Files   []struct{ Path, Action string }
	Entries []struct{ File, Setting, Action string }
	Install string
}

// Finding is what doctor found.
type Finding struct{ Area, Severity, Message, Hint, Run string }

// validateRuns requires that each hint contains its command.
func (r Report) validateRuns() error {
	for _, p := range r.Problems {
		if !strings.Contains(p.Hint, p.Run) {
			return fmt.Errorf("run %q is not in the hint %q", p.Run, p.Hint)
		}
	}
	for _, f := range r.Findings {
		if !strings.Contains(f.Hint, f.Run) {
			return fmt.Errorf("run %q is not in the hint %q", f.Run, f.Hint)
		}
	}
	return nil
}

// Dirs returns the directories of the copies, in order.
func (r Report) Dirs() []string {
	var dirs []string
	for _, c := range r.Copies {
		dirs = append(dirs, c.Dir)
	}
	slices.Sort(dirs)
	return dirs
}
