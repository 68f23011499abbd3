// Package cli holds the commands of proxypatch, a file each, with their options.
package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/term"
)

// program is one run of proxypatch.
type program struct {
	*term.Streams
	common
	paging    bool // whether a diff may go through a pager
	finished  bool // whether a command has come to its end, with results to print
	situation situation
	found     map[bool]*detect.Project // what find returned, by its argument
	report    *report.Report
}

func newProgram(stdout, stderr io.Writer) *program {
	p := &program{Streams: term.New(stdout, stderr), found: map[bool]*detect.Project{}, report: report.New(Version())}
	if term.OnGitHub() {
		report.Disarm(p.Streams)
	}
	return p
}

// Run is the whole program, without the process around it. It returns the exit
// code of docs/commands.md.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := newProgram(stdout, stderr)
	root := p.rootCommand(args...)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	err := refuseSecrets(args)
	if err == nil {
		err = root.Execute()
	}
	if err != nil {
		p.report.Add(p.situation.explain(err))
	}
	p.conclude(args)
	if err := p.Out.Error; err != nil {
		lost := report.New(Version())
		lost.Add(p.situation.explain(&outputError{err}))
		lost.Advice(p.Streams, report.Style{})
		return int(report.Failed)
	}
	return int(p.report.Exit.Code)
}

// run makes a command's function one that cobra calls. It records that the command
// came to its end, so that its results are worth printing.
func (p *program) run(command string, f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.report.Command, p.situation.command, p.situation.dir = command, command, p.dir
		err := f(cmd, args)
		p.finished = err == nil
		return err
	}
}

// conclude prints everything that the run has to say.
func (p *program) conclude(args []string) {
	if p.report.Exit.Code == report.Usage && wantsJSON(args) {
		p.format = report.JSON
	}
	style := report.Style{Quiet: p.quiet, Verbose: p.verbose, Paging: p.paging}
	p.report.Print(p.Streams, p.format, style, p.finished)
}

// progress returns the line that says how far a command has come.
func (p *program) progress() *term.Progress {
	if p.quiet || p.format != report.Text {
		return &term.Progress{}
	}
	return p.Progress()
}

// wantsJSON reports whether a command line asks for JSON, even if nobody can
// follow it.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--json" || arg == "--format=json" || arg == "json" && i > 0 && args[i-1] == "--format" {
			return true
		}
	}
	return false
}
