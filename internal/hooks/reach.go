package hooks

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// EndsBefore reports whether a script names a program to run, but sh always ends before it.
func EndsBefore(script, program string) bool {
	all, err := commands(script)
	return err == nil && anyRuns(all, program) && !anyRuns(reached(script), program)
}

func anyRuns(all []command, program string) bool {
	return slices.ContainsFunc(all, func(c command) bool { return len(c.runs(program)) > 0 })
}

// Names reports whether a script has a program among its commands, and not only in a comment
// or a word. In doubt it does.
func Names(script, program string) bool {
	if !strings.Contains(script, program) {
		return false
	}
	all, err := commands(script)
	return err != nil || anyRuns(all, program)
}

// reached lists the commands that sh may reach in a script that can be parsed: not those
// after exit, or after exec with a program.
func reached(script string) []command {
	file, err := parse(script)
	if err != nil {
		return nil
	}
	r := reader{size: len(script)}
	r.list(file.Stmts)
	return r.found
}

// leaves reports whether a script has commands that end sh.
func leaves(script string) bool {
	all, err := commands(script)
	return err == nil && slices.ContainsFunc(all, command.leaves)
}

// leaves reports whether sh runs nothing after the command.
func (c command) leaves() bool { return c[0] == "exit" || c[0] == "exec" && len(c) > 1 }

// reader walks the statements of a script. Its methods return how sh may go on after them.
type reader struct {
	size  int // of the script
	found []command
}

// outcome says how a statement may end. If it can do neither, sh itself ends there.
type outcome struct{ succeeds, fails bool }

var either = outcome{true, true}

func (r *reader) list(statements []*syntax.Stmt) outcome {
	last := outcome{succeeds: true}
	for _, s := range statements {
		if last = r.statement(s); last == (outcome{}) {
			break
		}
	}
	return last
}

func (r *reader) statement(s *syntax.Stmt) outcome {
	o := r.command(s.Cmd)
	switch {
	case s.Background: // in a shell of its own
		return outcome{succeeds: true}
	case s.Negated:
		return outcome{o.fails, o.succeeds}
	}
	return o
}

func (r *reader) command(cmd syntax.Command) outcome {
	switch cmd := cmd.(type) {
	case *syntax.BinaryCmd:
		return r.binary(cmd)
	case *syntax.Block:
		return r.list(cmd.Stmts)
	case *syntax.Subshell:
		r.list(cmd.Stmts)
		return either
	case nil:
		return outcome{succeeds: true}
	}
	r.found = append(r.found, commandsIn(cmd, r.size)...)
	if call, ok := cmd.(*syntax.CallExpr); ok && len(call.Args) > 0 && wordsOf(call).leaves() {
		return outcome{}
	}
	return either
}

func (r *reader) binary(cmd *syntax.BinaryCmd) outcome {
	first := r.statement(cmd.X)
	switch {
	case cmd.Op == syntax.AndStmt && first.succeeds:
		second := r.statement(cmd.Y)
		return outcome{second.succeeds, first.fails || second.fails}
	case cmd.Op == syntax.OrStmt && first.fails:
		second := r.statement(cmd.Y)
		return outcome{first.succeeds || second.succeeds, second.fails}
	case cmd.Op == syntax.AndStmt, cmd.Op == syntax.OrStmt:
		return first
	}
	r.statement(cmd.Y) // each side of a pipe has a shell of its own
	return either
}

// Hidden returns a script that ends before a program which it names; empty if some script
// runs the program.
func Hidden(scripts map[string]string, program string) string {
	hidden := ""
	for name, script := range scripts {
		switch {
		case !Names(script, program):
		case !EndsBefore(script, program):
			return ""
		case hidden == "" || name < hidden:
			hidden = name
		}
	}
	return hidden
}
