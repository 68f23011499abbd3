package hooks

import (
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command is one command of a script: its words, without assignments and redirections.
type command []string

// commands lists the commands of a script in order. It includes commands in words that
// other programs run as scripts, as concurrently does. Package managers give scripts to
// sh or, on Windows, to cmd.exe; commands reads what both have in common as sh. The error
// is the parser's.
func commands(script string) ([]command, error) {
	file, err := parse(script)
	if err != nil {
		return nil, err
	}
	return commandsIn(file, len(script)), nil
}

// commandsIn lists the commands in a part of a script. size is the length of the script.
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

// scripts returns the words of a command that are scripts themselves. size is the length
// of the script around it: a word of that length is the whole script, with an escaped
// space.
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

// maxScript limits the length of a script, in bytes, to the length of a command line on
// Windows. The parser is recursive, and would crash on megabytes of parentheses.
const maxScript = 32 << 10

var errTooLong = errors.New("is too long")

func parse(script string) (*syntax.File, error) {
	if len(script) > maxScript {
		return nil, errTooLong
	}
	return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
}

// HasComment reports whether sh ignores the end of a line of a script; false if the script is
// too long to parse.
func HasComment(script string) bool {
	if len(script) > maxScript {
		return false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX), syntax.KeepComments(true)).Parse(strings.NewReader(script), "")
	found := false
	if err == nil {
		syntax.Walk(file, func(node syntax.Node) bool {
			_, is := node.(*syntax.Comment)
			found = found || is
			return true
		})
	}
	return found
}

// textOf returns a word without its quotes, with "$" for each expansion.
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

// program returns the program that a word names, without directories, without a version
// as for npx, without Windows' suffixes, and without Deno's "npm:".
func program(word string) string {
	word = strings.TrimPrefix(word, "npm:")
	word = word[strings.LastIndexAny(word, `/\`)+1:]
	word, _, _ = strings.Cut(word, "@")
	for _, suffix := range []string{".cmd", ".exe", ".js"} {
		word = strings.TrimSuffix(word, suffix)
	}
	return word
}

func (c command) isNamed(names ...string) bool { return slices.Contains(names, program(c[0])) }

// runsNothing reports whether the command is one that runs none of its arguments.
func (c command) runsNothing() bool {
	return c.isNamed("echo", "printf", "rm", "rimraf", "cd", "mkdir", "cp", "mv", "ls", "test", "[", "git", "which")
}

// managing are the commands with which package managers manage packages and do not run
// them.
var managing = []string{"add", "cache", "i", "in", "ins", "install", "link", "ln", "ls", "list", "outdated", "r", "remove", "rm", "un", "uninstall", "unlink", "up", "update", "upgrade", "why"}

// runs returns the words after each mention of a program that the command may run. Other
// programs, such as npx, cross-env or node, may come first.
func (c command) runs(name string) [][]string {
	if c.runsNothing() {
		return nil
	}
	manager := c.isNamed("npm", "pnpm", "yarn", "bun", "deno")
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

// builds reports whether the command's words mention a build.
func (c command) builds() bool {
	return slices.ContainsFunc(c, func(word string) bool { return strings.Contains(word, "build") })
}

// patches reports whether the command runs a proxypatch that patches.
func (c command) patches() bool {
	return slices.ContainsFunc(c.proxypatch(), func(p Command) bool { return p.Patches })
}

// proxypatch returns the command of proxypatch that runs, for each mention of it.
func (c command) proxypatch() []Command {
	var all []Command
	for _, words := range c.runs(tool) {
		if c.isNamed("npm") && len(words) > 0 && words[0] == "--" {
			words = words[1:] // npm exec takes it
		}
		all = append(all, commandOf(words))
	}
	return all
}
