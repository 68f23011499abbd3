package term

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	minRoom = 32 // columns that a text needs beside its head; with less it goes below,
	below   = 6  // indented by so many
)

// glue replaces a blank at which no line may end. It is a control character, which
// no text holds once it is fit to be printed.
const glue = "\x00"

// Glue keeps every occurrence of a phrase in a text on one line.
func Glue(text, phrase string) string {
	if phrase == "" {
		return text
	}
	return strings.ReplaceAll(text, phrase, strings.ReplaceAll(phrase, " ", glue))
}

// Wrap prints text on stdout behind a head that takes so many columns, on as many
// lines as a terminal needs.
func (s *Streams) Wrap(head string, columns int, text string) {
	wrap(s.Stdout, s.OnStdout.Width(), head, columns, text)
}

// Advise prints a line on stderr behind its first word, wrapped in the same way.
func (s *Streams) Advise(c Color, first, text string) {
	wrap(s.Stderr, s.OnStderr.Width(), Paint(s.OnStderr.Color, c, first)+" ", len(first)+1, text)
}

// Row prints a line of a table: the first cell in a colour, and the last, which
// may be long, where there is room for it. Cells are as wide as their columns.
func (s *Streams) Row(c Color, first string, rest ...string) {
	head := "  " + Paint(s.OnStdout.Color, c, first) + "  "
	columns := 4 + utf8.RuneCountInString(first)
	last := len(rest) - 1
	for _, cell := range rest[:last] {
		head += cell + "  "
		columns += utf8.RuneCountInString(cell) + 2
	}
	s.Wrap(head, columns, rest[last])
}

// wrap breaks text between words, for a width that is 0 if there is none. A
// terminal breaks longer words itself, so that a person can copy them whole.
func wrap(out io.Writer, width int, head string, columns int, text string) {
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
