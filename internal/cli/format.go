package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/ci"
	"github.com/proxypatch/proxypatch/internal/doctor"
)

// The formats that a report can have. The exit code is the same in each.
const (
	formatText   = "text"   // for a person
	formatJSON   = "json"   // docs/json.md
	formatGitHub = "github" // text, and workflow commands
	formatSARIF  = "sarif"
	formatJUnit  = "junit"
)

var formats = []string{formatText, formatJSON, formatGitHub, formatSARIF, formatJUnit}

func (a *app) formatFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.format, "format", formatText, "print `FORMAT`: "+strings.Join(formats, ", ")+" (docs/ci.md)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// chooseFormat brings --format and --json together.
func (a *app) chooseFormat(cmd *cobra.Command) error {
	flag := cmd.Flags().Lookup("format")
	chosen := flag != nil && flag.Changed
	format := a.format
	if a.format = formatText; a.json {
		a.format = formatJSON
	}
	switch {
	case !chosen:
		return nil
	case !slices.Contains(formats, format):
		return usageError("use one of "+strings.Join(formats, ", "), "--format: there is no format %q", format)
	case a.json && format != formatJSON:
		return usageError(cmd.CommandPath()+" --help", "--json and --format %s contradict each other", format)
	}
	a.format = format
	if format == formatGitHub {
		a.ui.disarm()
	}
	return nil
}

// wantsJSON reports whether a command line asks for JSON, even if it can't be
// understood.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--json" || arg == "--format=json" || arg == "json" && i > 0 && args[i-1] == "--format" {
			return true
		}
	}
	return false
}

// forPeople reports whether somebody reads the text that a command prints.
func (a *app) forPeople() bool { return a.format == formatText || a.format == formatGitHub }

// conclude prints what is to be said when the command has ended.
func (a *app) conclude(args []string) {
	if a.report.Exit.Code == exitUsage && wantsJSON(args) {
		a.format = formatJSON
	}
	a.summarize()
	switch a.format {
	case formatJSON:
		a.ui.json(a.report)
	case formatSARIF:
		_ = ci.SARIF(a.ui.out, a.forCI()) // the writer remembers the error
	case formatJUnit:
		_ = ci.JUnit(a.ui.out, a.forCI())
	case formatGitHub:
		_ = ci.Annotations(a.ui.out, a.forCI(), checkout())
	}
	if a.format != formatJSON {
		a.ui.problems(a.report.Problems)
	}
	if onGitHub() && a.format != formatGitHub { // leaves stdout as it is: both streams are read
		_ = ci.Annotations(a.ui.err, a.forCI(), checkout())
	}
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
func (a *app) summarize() {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	told := a.report.Summary != "" && len(a.report.Copies)+len(a.report.Findings) > 0 || len(a.report.Problems) > 0
	if path == "" || !told || !onGitHub() && a.format != formatGitHub {
		return
	}
	if err := ci.AppendSummary(path, a.forCI()); err != nil {
		a.report.warn(fmt.Sprintf("no job summary: %v", err))
	}
}

// ruleID is an exit code's name as one word.
func ruleID(name string) string { return strings.ReplaceAll(name, " ", "-") }

// forCI returns the report for internal/ci, in which names are as they are on disk.
func (a *app) forCI() ci.Report {
	r := &a.report
	out := ci.Report{
		Version: proxypatchVersion(), Command: r.Command, Summary: r.Summary,
		Exit: ci.Exit{Code: int(r.Exit.Code), Name: r.Exit.Name},
	}
	if r.project != nil {
		out.Root = r.project.Root().Dir
	}
	for _, e := range exitCodes[1:] {
		ofRun := slices.Contains([]exitCode{exitFailed, exitUsage, exitNotFound}, e.code)
		out.Rules = append(out.Rules, ci.Rule{ID: ruleID(e.name), Text: e.meaning, Run: ofRun})
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, p.forCI())
		if !p.together {
			out.Findings = append(out.Findings, p.forCI())
		}
	}
	for _, p := range r.unpatched {
		out.Findings = append(out.Findings, p.forCI())
	}
	for _, f := range r.Findings {
		p := ci.Problem{Message: f.Message, Hint: f.Hint}
		switch f.Severity {
		case doctor.Error:
			p.Rule = ruleID(exitUnproven.String())
		case doctor.Warning:
		default:
			continue
		}
		out.Problems = append(out.Problems, p)
	}
	for _, c := range r.Copies {
		one := ci.Copy{Path: c.Path, Dir: c.Dir, Release: c.Release}
		for _, f := range c.Files {
			one.Files = append(one.Files, f.Path)
		}
		out.Copies = append(out.Copies, one)
	}
	out.Tables = r.tables()
	return out
}

func (p problem) forCI() ci.Problem {
	return ci.Problem{
		Rule: ruleID(p.Exit), Message: p.Message, Hint: p.Hint,
		Copy: p.copyDir, File: p.file, Line: p.Line,
	}
}

// tables returns what a person would read, for the job's summary.
func (r *report) tables() []ci.Table {
	var tables []ci.Table
	add := func(header []string, rows [][]string) {
		if len(rows) > 0 {
			tables = append(tables, ci.Table{Header: header, Rows: rows})
		}
	}
	var files, calls, found [][]string
	for _, c := range r.Copies {
		for _, f := range c.Files {
			files = append(files, []string{f.verb.text, c.Path, f.Path, f.Reason})
		}
	}
	add([]string{"", "next-auth in", "file", ""}, files)
	for _, c := range r.Calls {
		calls = append(calls, []string{string(c.Result), c.Copy, c.Kind, c.what()})
	}
	add([]string{"", "next-auth in", "call", ""}, calls)
	for _, f := range r.Findings {
		found = append(found, []string{string(f.Severity), f.Area, f.Message, strings.ReplaceAll(f.Hint, "\n", " ")})
	}
	add([]string{"", "about", "", "what to do"}, found)
	return tables
}
