package term

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Help prints help that fits the terminal: prose is joined and wrapped, a table's
// last column is wrapped, and what a person types stays whole.
func (s *Streams) Help(text string) {
	for _, line := range s.paragraphs(text) {
		s.helpLine(line)
	}
}

// paragraphs returns the lines of help. Where a line of prose is too long for the
// terminal, the lines of each paragraph become one.
func (s *Streams) paragraphs(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	prose := func(line string) bool { return line != "" && line[0] != ' ' }
	tooLong := func(line string) bool { return prose(line) && utf8.RuneCountInString(line) > s.OnStdout.Width() }
	if s.OnStdout.Width() == 0 || !slices.ContainsFunc(lines, tooLong) {
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

func (s *Streams) helpLine(line string) {
	text := strings.TrimLeft(line, " ")
	if text == line {
		s.Wrap("", 0, line)
		return
	}
	if gap := strings.LastIndex(text, "  "); gap >= 0 {
		head := line[:len(line)-len(text)+gap+2]
		s.Wrap(head, utf8.RuneCountInString(head), text[gap+2:])
		return
	}
	fmt.Fprintln(s.Stdout, line)
}
