package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

const (
	minRoom = 32 // columns that a text needs beside what it belongs to; with less it stands below,
	below   = 6  // indented by so many
)

// glue stands for a blank at which no line ends. No text holds it: it is a control
// character, which clean makes visible.
const glue = "\x00"

// wrap prints text on stdout behind a head that takes so many columns, between
// words on as many lines as a terminal needs.
func (u *ui) wrap(head string, columns int, text string) {
	wrapTo(u.stdout, u.onStdout.width(), head, columns, text)
}

// wrapTo is wrap for a width, 0 if there is none to keep to. A word that is longer
// is for the terminal to break, so that it can be copied whole.
func wrapTo(out io.Writer, width int, head string, columns int, text string) {
	show := func(line string) { fmt.Fprintln(out, strings.ReplaceAll(line, glue, " ")) }
	if width == 0 || columns+utf8.RuneCountInString(text) <= width {
		show(head + text)
		return
	}
	words := strings.Fields(text)
	longest := 0
	for _, word := range words {
		longest = max(longest, utf8.RuneCountInString(word))
	}
	if room := width - columns; columns > below && (room < minRoom || room < longest && longest <= width-below) {
		show(strings.TrimRight(head, " "))
		columns = below
		head = strings.Repeat(" ", columns)
	}
	line, used := head, columns
	for i, word := range words {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+length > width:
			show(line)
			line, used = strings.Repeat(" ", columns), columns
		default:
			line, used = line+" ", used+1
		}
		line, used = line+word, used+length
	}
	show(line)
}

// gluePath keeps a path together in a text.
func gluePath(text, path string) string {
	return strings.ReplaceAll(text, path, strings.ReplaceAll(path, " ", glue))
}

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
			b.WriteString(glue)
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

// wrapHelp makes help that cobra has made fit a terminal, between words.
func (u *ui) wrapHelp(root *cobra.Command) {
	show := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		var text strings.Builder
		out := cmd.OutOrStdout()
		cmd.SetOut(&text)
		show(cmd, args)
		cmd.SetOut(out)
		for _, line := range u.paragraphs(text.String()) {
			u.helpLine(line)
		}
	})
}

// paragraphs returns the lines of help; those of a paragraph are one, where they are
// too long for the terminal as they were written.
func (u *ui) paragraphs(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	prose := func(line string) bool { return line != "" && line[0] != ' ' }
	tooLong := func(line string) bool { return utf8.RuneCountInString(line) > u.onStdout.width() }
	if u.onStdout.width() == 0 || !slices.ContainsFunc(lines, func(line string) bool { return prose(line) && tooLong(line) }) {
		return lines
	}
	joined := []string{lines[0]}
	for i, line := range lines[1:] {
		if prose(line) && prose(lines[i]) {
			joined[len(joined)-1] += " " + line
		} else {
			joined = append(joined, line)
		}
	}
	return joined
}

// helpLine prints a line of help: prose, a row of a table, whose last column is
// wrapped, or something to type, which is not.
func (u *ui) helpLine(line string) {
	text := strings.TrimLeft(line, " ")
	if text == line {
		u.wrap("", 0, line)
		return
	}
	if gap := strings.LastIndex(text, "  "); gap >= 0 {
		head := line[:len(line)-len(text)+gap+2]
		u.wrap(head, utf8.RuneCountInString(head), text[gap+2:])
		return
	}
	fmt.Fprintln(u.stdout, line)
}
