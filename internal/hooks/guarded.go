package hooks

import (
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// guarded reports whether every next build in a script runs only after a
// proxypatch that guards it has succeeded. Only && joins the two: whatever the
// check says, sh goes on behind ";", "&", "|" and, in its own way, "||".
func guarded(script string) bool {
	r := readGuards(script, false)
	return r.readable && !r.unguarded
}

// succeedsGuarded reports whether a script can succeed only after a proxypatch
// that guards has succeeded.
func succeedsGuarded(script string) bool { return readGuards(script, false).safe }

// guards is what is known of a script, given what ran before it.
type guards struct {
	readable  bool
	unguarded bool // a next build may run without a guard
	safe      bool // a guard has succeeded whenever the script succeeds
}

// readGuards reads a script that runs after a guard has succeeded, if safe.
func readGuards(script string, safe bool) guards {
	file, err := parse(script)
	if err != nil {
		return guards{}
	}
	r := guardReader{size: len(script)}
	safe = r.list(file.Stmts, safe)
	return guards{readable: true, unguarded: r.unguarded, safe: safe}
}

// guardReader walks the statements of a script. Its methods take whether a guard
// has succeeded before a statement, and return whether one has if the statement
// succeeds.
type guardReader struct {
	size      int // of the script
	unguarded bool
}

// list reads statements of which each runs whatever became of those before it.
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
	return r.statement(cmd.Y, safe) // a pipe ends as its last command does
}

// call reads one command, and those of its words that are scripts themselves.
func (r *guardReader) call(call *syntax.CallExpr, safe bool) bool {
	c := wordsOf(call)
	if len(c) == 0 { // it only assigns
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

// nested reads what is not joined by operators, such as loops and $(…): no
// build in it is guarded by anything in it.
func (r *guardReader) nested(node syntax.Node, safe bool) {
	if !safe && slices.ContainsFunc(commandsIn(node, r.size), command.isNextBuild) {
		r.unguarded = true
	}
}
