package report

import (
	"slices"
	"strings"
)

// programs are those that hints tell to run.
var programs = []string{"bun", "bunx", "git", "ip", "npm", "npx", "pnpm", "proxypatch", "rm", "yarn"}

// prose are the words by which a hint goes on behind a command in the same clause.
var prose = []string{"before", "deletes", "in", "says"}

// glueCommands keeps what a hint tells to type together: a command up to the end of
// its clause, and an entry for a file up to its last brace.
func glueCommands(hint string) string {
	var b strings.Builder
	inCommand, quoted, braces := false, false, 0
	for i, word := range strings.Split(hint, " ") {
		inCommand = quoted || inCommand && !slices.Contains(prose, word)
		switch {
		case i == 0:
		case inCommand || braces > 0:
			b.WriteString("\x00")
		default:
			b.WriteString(" ")
		}
		b.WriteString(word)
		inCommand = inCommand || slices.Contains(programs, word)
		quoted = inCommand && quoted != (strings.Count(word, "'")%2 == 1) // as shellQuote does it
		inCommand = quoted || inCommand && !strings.ContainsAny(word[max(0, len(word)-1):], ",;:")
		braces += strings.Count(word, "{") - strings.Count(word, "}")
	}
	return b.String()
}
