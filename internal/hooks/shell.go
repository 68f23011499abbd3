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
	var all []command
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		var c command
		for _, word := range call.Args {
			c = append(c, textOf(word.Parts))
		}
		all = append(all, c)
		if !c.runsNothing() {
			for _, word := range c {
				if len(word) < len(script) { // else the script is this word, with a space that is escaped
					all = append(all, within(word)...)
				}
			}
		}
		return true
	})
	return all, nil
}

// within lists the commands of a word that is a script itself.
func within(word string) []command {
	if !strings.ContainsAny(word, " \t\n") {
		return nil
	}
	inner, _ := commands(word)
	return inner
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

// isProxypatch reports whether the command runs proxypatch, isApply whether it
// does so to patch, and isCheck to see whether it is patched.
func (c command) isProxypatch() bool { return len(c.runs("proxypatch")) > 0 }

func (c command) isApply() bool {
	return slices.ContainsFunc(c.runs("proxypatch"), func(args []string) bool {
		return !slices.ContainsFunc(args, func(arg string) bool { return slices.Contains(noApply, arg) })
	})
}

func (c command) isCheck() bool {
	return slices.ContainsFunc(c.runs("proxypatch"), func(args []string) bool { return slices.Contains(args, "check") })
}

// noApply are the words with which proxypatch does not patch.
var noApply = []string{"check", "completion", "diff", "help", "init", "releases", "revert", "version", "-n", "--dry-run"}
