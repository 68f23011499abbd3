package hooks

import (
	"slices"
	"strings"
)

// Command describes a command of proxypatch in a script.
type Command struct {
	Name    string
	Patches bool // it patches next-auth, or fails
	Guards  bool // it fails unless next-auth is patched when it ends
}

// Commands lists every command of proxypatch. The first one runs if no command is
// named.
var Commands = []Command{
	{Name: "apply", Patches: true, Guards: true},
	{Name: "check", Guards: true},
	{Name: "completion"},
	{Name: "diff"},
	{Name: "doctor"},
	{Name: "exit-codes"},
	{Name: "export"},
	{Name: "help"},
	{Name: "init"},
	{Name: "releases"},
	{Name: "revert"},
	{Name: "verify"},
	{Name: "version"},
}

// ValueFlags lists the flags, long and short, whose value is the next word.
var ValueFlags = []string{"C", "copy", "dir", "for", "format", "node", "patches", "set", "timeout"}

// idleFlags lists the flags that prevent commands from patching or checking.
var idleFlags = []string{"dry-run", "h", "help", "n", "version"}

// commandOf returns the command that the words after "proxypatch" run. It is empty if
// none runs, or if a flag prevents it from patching or checking.
func commandOf(words []string) Command {
	name := ""
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" {
			return Command{}
		}
		if !strings.HasPrefix(word, "-") {
			if name == "" {
				name = word
			}
			continue
		}
		idle, takesNext := readFlag(word)
		if idle {
			return Command{}
		}
		if takesNext {
			i++
		}
	}
	if name == "" {
		return Commands[0]
	}
	if at := slices.IndexFunc(Commands, func(c Command) bool { return c.Name == name }); at >= 0 {
		return Commands[at]
	}
	return Command{}
}

// readFlag reports whether a flag, or a letter of combined flags, is idle, and whether
// its value is the next word.
func readFlag(word string) (idle, takesNext bool) {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		name, value, set := strings.Cut(long, "=")
		return slices.Contains(idleFlags, name) && value != "false", !set && slices.Contains(ValueFlags, name)
	}
	letters := word[1:]
	for i, letter := range letters {
		if slices.Contains(ValueFlags, string(letter)) {
			return idle, i == len(letters)-1
		}
		if !slices.Contains(idleFlags, string(letter)) {
			continue
		}
		if letters[i+1:] == "=false" {
			break
		}
		idle = true
	}
	return idle, false
}
