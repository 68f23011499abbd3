package hooks

import (
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command is one command of a script: the words that are run, without what is
// assigned or redirected.
type command []string

// commands lists the commands of a script in the order in which they are
// written, also those in words that other programs run as scripts, as
// concurrently does. Package managers give scripts to sh or, on Windows, to
// cmd.exe; what those have in common is read as sh. The error is the parser's.
func commands(script string) ([]command, error) {
	file, err := parse(script)
	if err != nil {
		return nil, err
	}
	return commandsIn(file, len(script)), nil
}

// commandsIn lists the commands of a part of a script of some size.
func commandsIn(node syntax.Node, size int) []command {
	var all []command
	syntax.Walk(node, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		c := wordsOf(call)
		all = append(all, c)
		for _, script := range c.scripts(size) {
			inner, _ := commands(script)
			all = append(all, inner...)
		}
		return true
	})
	return all
}

func wordsOf(call *syntax.CallExpr) command {
	var c command
	for _, word := range call.Args {
		c = append(c, textOf(word.Parts))
	}
	return c
}

// scripts returns the words that are scripts themselves, in a command of a
// script of some size. A word of that size is the whole script, with a space
// that is escaped.
func (c command) scripts(size int) []string {
	if c.runsNothing() {
		return nil
	}
	var scripts []string
	for _, word := range c {
		if len(word) < size && strings.ContainsAny(word, " \t\n") {
			scripts = append(scripts, word)
		}
	}
	return scripts
}

// maxScript bounds the length of a script that is read, in bytes: it is that of a
// command line on Windows. The parser calls itself for what is inside of
// something, and would break down on a script of megabytes of parentheses.
const maxScript = 32 << 10

var errTooLong = errors.New("is too long")

func parse(script string) (*syntax.File, error) {
	if len(script) > maxScript {
		return nil, errTooLong
	}
	return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
}

// textOf returns a word without its quotes; what only the shell knows is "$".
func textOf(parts []syntax.WordPart) string {
	var b strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(part.Value, `\"`, `"`))
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			b.WriteString(textOf(part.Parts))
		default:
			b.WriteByte('$')
		}
	}
	return b.String()
}

// program returns the name of the program that a word names: without its
// directories, the version that npx and others take, and Windows' suffixes.
func program(word string) string {
	word = word[strings.LastIndexAny(word, `/\`)+1:]
	word, _, _ = strings.Cut(word, "@")
	for _, suffix := range []string{".cmd", ".exe", ".js"} {
		word = strings.TrimSuffix(word, suffix)
	}
	return word
}

func (c command) isNamed(names ...string) bool { return slices.Contains(names, program(c[0])) }

// runsNothing reports whether the command is one to which the name of a program
// is but a word.
func (c command) runsNothing() bool {
	return c.isNamed("echo", "printf", "rm", "rimraf", "cd", "mkdir", "cp", "mv", "ls", "test", "[", "git", "which")
}

// managing are the words by which a package manager is told of packages, not
// to run them.
var managing = []string{"add", "i", "in", "ins", "install", "link", "ln", "ls", "list", "r", "remove", "rm", "un", "uninstall", "unlink", "up", "update", "upgrade", "why"}

// runs returns what follows each mention of a program, if the command may run
// it there: itself or through another one, such as npx, cross-env or node.
func (c command) runs(name string) [][]string {
	if c.runsNothing() {
		return nil
	}
	manager := c.isNamed("npm", "pnpm", "yarn", "bun")
	var mentions [][]string
	for i, word := range c {
		if manager && slices.Contains(managing, word) {
			break
		}
		if program(word) == name {
			mentions = append(mentions, c[i+1:])
		}
	}
	return mentions
}

// isNextBuild reports whether the command builds a Next.js app.
func (c command) isNextBuild() bool {
	return slices.ContainsFunc(c.runs("next"), func(args []string) bool { return len(args) > 0 && args[0] == "build" })
}

// builds reports whether the command may build something, by its words.
func (c command) builds() bool {
	return slices.ContainsFunc(c, func(word string) bool { return strings.Contains(word, "build") })
}

// isProxypatch reports whether the command runs proxypatch, and patches whether
// it does so to patch.
func (c command) isProxypatch() bool { return len(c.runs(tool)) > 0 }

func (c command) patches() bool {
	return slices.ContainsFunc(c.proxypatch(), func(p Command) bool { return p.Patches })
}

// proxypatch returns what proxypatch may be told to do in the command, for each
// mention of it.
func (c command) proxypatch() []Command {
	var all []Command
	for _, words := range c.runs(tool) {
		all = append(all, commandOf(words))
	}
	return all
}
