package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/report/ci"
	"github.com/proxypatch/proxypatch/internal/term"
)

// Format is a form that a report can have. The exit code is the same in each.
type Format string

// The formats.
const (
	Text   Format = "text"   // for a person
	JSON   Format = "json"   // docs/commands.md
	GitHub Format = "github" // text, and workflow commands
	SARIF  Format = "sarif"
	JUnit  Format = "junit"
)

// Formats lists all formats.
var Formats = []Format{Text, JSON, GitHub, SARIF, JUnit}

// Disarm keeps text from being a workflow command on GitHub.
func Disarm(streams *term.Streams) { streams.Filter(ci.Disarm) }

// Print prints the whole report. ended says that the command came to its end, so that
// there are results.
func (r *Report) Print(streams *term.Streams, format Format, style Style, ended bool) {
	r.summarize(format)
	switch format { // the writer remembers errors
	case JSON:
		_, _ = io.WriteString(streams.Out, r.document())
	case SARIF:
		_ = ci.SARIF(streams.Out, r.forCI())
		r.Advice(streams, style)
	case JUnit:
		_ = ci.JUnit(streams.Out, r.forCI())
		r.Advice(streams, style)
	default:
		r.text(streams, style, ended)
	}
	if format == GitHub {
		_ = ci.Annotations(streams.Out, r.forCI(), checkout())
	} else if term.OnGitHub() { // leaves stdout as it is: both streams are read
		_ = ci.Annotations(streams.Err, r.forCI(), checkout())
	}
}

// text prints results and problems for a person: errors first.
func (r *Report) text(streams *term.Streams, style Style, ended bool) {
	failed := r.Exit.Code != OK
	if failed {
		r.Advice(streams, style)
	}
	if ended {
		r.Results(streams, style)
	}
	if !failed {
		r.Advice(streams, style)
	}
}

// document returns the report as JSON.
func (r *Report) document() string {
	var document strings.Builder
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(r) // of nothing but strings and numbers
	text := printable.JSON(document.String())
	if term.OnGitHub() {
		text = string(ci.DisarmJSON([]byte(text)))
	}
	return text
}

// checkout returns the real directory to which GitHub takes paths to be relative.
func checkout() string {
	dir, err := filepath.EvalSymlinks(os.Getenv("GITHUB_WORKSPACE"))
	if err != nil {
		return ""
	}
	return dir
}

// summarize adds the report to the job's summary, where there is one and a person
// might look there.
func (r *Report) summarize(format Format) {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	told := r.Summary != "" && len(r.Copies)+len(r.Builds)+len(r.Findings) > 0 || len(r.Problems) > 0
	if path == "" || !told || !term.OnGitHub() && format != GitHub {
		return
	}
	if err := ci.AppendSummary(path, r.forCI()); err != nil {
		r.Add(Warning(fmt.Sprintf("no job summary: %v", err), hint.Hint{}))
	}
}

// ruleID is an exit code's name as one word.
func ruleID(name string) string { return strings.ReplaceAll(name, " ", "-") }

// forCI returns the report for the ci package, in which names are as they are on disk.
func (r *Report) forCI() ci.Report {
	out := ci.Report{
		Version: r.Program, Command: r.Command, Summary: r.Summary, Root: r.Root,
		Exit: ci.Exit{Code: int(r.Exit.Code), Name: r.Exit.Name},
	}
	for _, e := range ExitCodes[1:] {
		ofRun := slices.Contains([]ExitCode{Failed, Usage, NotFound}, e.Code)
		out.Rules = append(out.Rules, ci.Rule{ID: ruleID(e.Name), Text: e.Meaning, Run: ofRun})
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, p.forCI())
		if !p.Together {
			out.Findings = append(out.Findings, p.forCI())
		}
	}
	for _, p := range r.Unpatched {
		out.Findings = append(out.Findings, p.forCI())
	}
	for _, f := range r.Findings {
		p := ci.Problem{Message: f.Message, Hint: f.Hint.Text}
		switch f.Severity {
		case doctor.Error:
			p.Rule = ruleID(Unproven.String())
		case doctor.Warning:
		default:
			continue
		}
		out.Problems = append(out.Problems, p)
	}
	for _, c := range r.Copies {
		one := ci.Copy{Path: c.Path, Dir: c.Dir, Release: c.fullRelease}
		for _, f := range c.Files {
			one.Files = append(one.Files, f.Path)
		}
		out.Copies = append(out.Copies, one)
	}
	out.Tables = r.tables()
	return out
}

func (p Problem) forCI() ci.Problem {
	return ci.Problem{
		Rule: ruleID(p.Exit), Message: p.Message, Hint: p.Hint.Text,
		Copy: p.copyDir, File: p.file, Line: p.Line,
	}
}

// tables returns what a person would read, for the job's summary.
func (r *Report) tables() []ci.Table {
	var tables []ci.Table
	add := func(header []string, rows [][]string) {
		if len(rows) > 0 {
			tables = append(tables, ci.Table{Header: header, Rows: rows})
		}
	}
	var files, builds, calls, found [][]string
	for _, c := range r.Copies {
		for _, f := range c.Files {
			files = append(files, []string{f.verb.text, c.Path, f.Path, f.Reason})
		}
	}
	add([]string{"", "next-auth in", "file", ""}, files)
	for _, b := range r.Builds {
		verb, reason := b.what()
		builds = append(builds, []string{verb.text, b.Path, reason})
	}
	add([]string{"", "build", ""}, builds)
	for _, c := range r.Calls {
		calls = append(calls, []string{string(c.Result), c.Copy, c.Kind, c.what()})
	}
	add([]string{"", "next-auth in", "call", ""}, calls)
	for _, f := range r.Findings {
		found = append(found, []string{string(f.Severity), f.Area, f.Message, strings.ReplaceAll(f.Hint.Text, "\n", " ")})
	}
	add([]string{"", "about", "", "what to do"}, found)
	return tables
}
