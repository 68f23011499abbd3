package hooks

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The commands that the hooks run.
const (
	applyCommand = "proxypatch apply"
	checkCommand = "proxypatch check"
)

const and = " && "

// guard puts the check before a script, so that nothing of the script runs if it fails.
func guard(script string) string { return checkCommand + and + group(script) }

// lead puts the patching before a script in the same way.
func lead(script string) string { return applyCommand + and + group(script) }

// follow puts the patching after a script, unless the script fails.
func follow(script string) string { return Follow(script, applyCommand) }

// Follow puts a command after a script, unless the script fails. A blank script keeps its
// bytes, so that Unfollow can separate the two again. A script that ends sh gets
// parentheses: then it only ends the shell in these.
func Follow(script, command string) string {
	grouped := group(script)
	switch {
	case strings.TrimSpace(script) == "":
		return script + " " + command
	case grouped == script && leaves(script):
		grouped = "(" + script + ")"
	}
	return grouped + and + command
}

// Unfollow returns the script that Follow turns into this one, if there is one.
func Unfollow(script, command string) (string, bool) {
	rest, ok := strings.CutSuffix(script, and+command)
	if !ok {
		rest, ok = strings.CutSuffix(script, " "+command)
	}
	return original(func(script string) string { return Follow(script, command) }, script, rest, ok)
}

// join adds the patching to a script: after it, because the script may run patch-package,
// but before it if it builds something.
func join(script string) string {
	if all, err := commands(script); err == nil && slices.ContainsFunc(all, command.builds) {
		return lead(script)
	}
	return follow(script)
}

// group puts a script in parentheses unless && is its only operator. Without them, "||"
// would continue when the check fails, and ";" or "&" always; cmd.exe also reads
// "a || b && c" as "a || (b && c)". Quoted operators get parentheses too, because cmd.exe
// has no single quotes. A space prevents sh from reading "((" as arithmetic.
//
// No two scripts give the same text, because a script with parentheses always gets
// another pair.
func group(script string) string {
	if !strings.ContainsAny(strings.ReplaceAll(script, "&&", ""), "|&;()\r\n") {
		return script
	}
	if strings.HasPrefix(script, "(") || strings.HasPrefix(script, " ") {
		return "( " + script + ")"
	}
	return "(" + script + ")"
}

// unguard and unjoin return the script that guard or join turns into this one, if there
// is one. No record says so, so they try.
func unguard(script string) (string, bool) {
	rest, ok := strings.CutPrefix(script, checkCommand+and)
	return original(guard, script, rest, ok)
}

func unjoin(script string) (string, bool) {
	if rest, ok := strings.CutPrefix(script, applyCommand+and); ok {
		return original(lead, script, rest, ok)
	}
	return Unfollow(script, applyCommand)
}

// original returns the script that make turns into made. rest is made without the
// command.
func original(make func(string) string, made, rest string, ok bool) (string, bool) {
	inner := strings.TrimSuffix(strings.TrimPrefix(rest, "("), ")")
	for _, candidate := range []string{rest, inner, strings.TrimPrefix(inner, " ")} {
		if ok && make(candidate) == made {
			return candidate, true
		}
	}
	return "", false
}

// without removes a command from a chain of && that a person has extended. The other
// commands run as before.
func without(script, command string) string {
	if rest, ok := strings.CutPrefix(script, command+and); ok {
		return rest
	}
	if rest, ok := strings.CutSuffix(script, and+command); ok {
		return rest
	}
	return strings.Replace(script, and+command+and, and, 1)
}

// startsWith reports whether sh reads a script as the command and then the rest, joined
// only by &&.
func startsWith(script, command string) bool {
	stmt := only(script)
	for stmt != nil {
		both, ok := stmt.Cmd.(*syntax.BinaryCmd)
		if !ok {
			return isCall(stmt, command)
		}
		if both.Op != syntax.AndStmt {
			return false
		}
		stmt = both.X
	}
	return false
}

// EndsWith reports whether sh runs the command at the end of a script, unless the rest
// fails. After a comment, it does not.
func EndsWith(script, command string) bool {
	stmt := only(script)
	if stmt == nil {
		return false
	}
	both, ok := stmt.Cmd.(*syntax.BinaryCmd)
	return ok && both.Op == syntax.AndStmt && isCall(both.Y, command) || isCall(stmt, command)
}

// only returns the statement of a script that has a single plain one.
func only(script string) *syntax.Stmt {
	file, err := parse(script)
	if err != nil || len(file.Stmts) != 1 {
		return nil
	}
	if stmt := file.Stmts[0]; !stmt.Background && !stmt.Negated && len(stmt.Redirs) == 0 {
		return stmt
	}
	return nil
}

func isCall(stmt *syntax.Stmt, words string) bool {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns)+len(stmt.Redirs) > 0 || stmt.Negated {
		return false
	}
	return strings.Join(wordsOf(call), " ") == words
}
