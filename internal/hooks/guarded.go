package hooks

import (
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// guarded reports whether every next build in a script runs only after a proxypatch
// that guards it has succeeded. Only && ensures this: after ";", "&", "|" or "||", sh may
// continue although the check failed.
func guarded(script string) bool {
	r := readGuards(script, false)
	return r.readable && !r.unguarded
}

// succeedsGuarded reports whether a script succeeds only if a guarding proxypatch has
// succeeded.
func succeedsGuarded(script string) bool { return readGuards(script, false).safe }

// guards says how a script is guarded, given what ran before it.
type guards struct {
	readable  bool
	unguarded bool // a next build may run without a guard
	safe      bool // if the script succeeds, a guard has succeeded
}

// readGuards reads a script. safe says that a guard has succeeded before it.
func readGuards(script string, safe bool) guards {
	file, err := parse(script)
	if err != nil {
		return guards{}
	}
	r := guardReader{size: len(script)}
	safe = r.list(file.Stmts, safe)
	return guards{readable: true, unguarded: r.unguarded, safe: safe}
}

// guardReader walks the statements of a script. Its methods get whether a guard has
// succeeded before a statement, and return whether one has succeeded if the statement
// succeeds.
type guardReader struct {
	size      int // of the script
	unguarded bool
}

// list reads statements that run one after the other, even if one fails.
func (r *guardReader) list(statements []*syntax.Stmt, safe bool) bool {
	last := safe
	for _, s := range statements {
		last = r.statement(s, safe)
	}
	return last
}

func (r *guardReader) statement(s *syntax.Stmt, safe bool) bool {
	after := r.command(s.Cmd, safe)
	if s.Negated || s.Background {
		return safe
	}
	return after
}

func (r *guardReader) command(cmd syntax.Command, safe bool) bool {
	switch cmd := cmd.(type) {
	case *syntax.CallExpr:
		return r.call(cmd, safe)
	case *syntax.BinaryCmd:
		return r.binary(cmd, safe)
	case *syntax.Subshell:
		return r.list(cmd.Stmts, safe)
	case *syntax.Block:
		return r.list(cmd.Stmts, safe)
	case nil:
		return safe
	}
	r.nested(cmd, safe)
	return safe
}

func (r *guardReader) binary(cmd *syntax.BinaryCmd, safe bool) bool {
	first := r.statement(cmd.X, safe)
	switch cmd.Op {
	case syntax.AndStmt:
		return r.statement(cmd.Y, first)
	case syntax.OrStmt:
		second := r.statement(cmd.Y, safe)
		return first && second
	}
	return r.statement(cmd.Y, safe) // a pipe has the status of its last command
}

// call reads one command, and its words that are scripts themselves.
func (r *guardReader) call(call *syntax.CallExpr, safe bool) bool {
	c := wordsOf(call)
	if len(c) == 0 { // only assignments
		r.nested(call, safe)
		return safe
	}
	after := safe || slices.ContainsFunc(c.proxypatch(), func(p Command) bool { return p.Guards })
	r.unguarded = r.unguarded || !safe && c.isNextBuild()
	scripts := c.scripts(r.size)
	for _, script := range scripts {
		inner := readGuards(script, safe)
		r.unguarded = r.unguarded || inner.unguarded
		after = after || inner.safe
	}
	if len(scripts) == 0 {
		r.nested(call, safe)
	}
	return after
}

// nested reads what operators do not join, such as loops and $(…): nothing in it
// guards a build in it.
func (r *guardReader) nested(node syntax.Node, safe bool) {
	if !safe && slices.ContainsFunc(commandsIn(node, r.size), command.isNextBuild) {
		r.unguarded = true
	}
}
