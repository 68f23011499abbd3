package report

import (
	"strings"

	"github.com/proxypatch/proxypatch/internal/term"
)

// colorDiff returns a diff as a person reads it on a terminal, in git's colours
// if there are any.
func colorDiff(on bool, text string) string {
	var b strings.Builder
	header := true // before the first hunk of a file
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		c := term.Plain
		switch {
		case strings.HasPrefix(line, "diff --git "):
			header, c = true, term.Bold
		case strings.HasPrefix(line, "@@ "):
			header, c = false, term.Cyan
		case header:
			c = term.Bold
		case strings.HasPrefix(line, "+"):
			c = term.Green
		case strings.HasPrefix(line, "-"):
			c = term.Red
		}
		b.WriteString(term.Paint(on, c, cleanKeepingTabs(line)) + "\n")
	}
	return b.String()
}

func cleanKeepingTabs(line string) string {
	parts := strings.Split(line, "\t")
	for i := range parts {
		parts[i] = clean(parts[i])
	}
	return strings.Join(parts, "\t")
}
