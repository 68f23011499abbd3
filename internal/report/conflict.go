package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/term"
)

// Conflict is a hunk that does not fit, beside the lines in its place.
type Conflict struct {
	Hunk      int      `json:"hunk"`
	Of        int      `json:"of"`
	Line      int      `json:"line"`
	Expected  []string `json:"expected"`
	FoundLine int      `json:"foundLine"`
	Found     []string `json:"found"`
	Differs   int      `json:"differs"`
}

// ConflictOf returns a conflict for the output, without the passwords that a person may
// have written into the file; nil for none.
func ConflictOf(c *patchset.Conflict) *Conflict {
	if c == nil {
		return nil
	}
	shown := Conflict(*c)
	shown.Expected, shown.Found = withoutSecrets(c.Expected), withoutSecrets(c.Found)
	return &shown
}

func withoutSecrets(lines []string) []string {
	masked := make([]string, len(lines))
	for i, line := range lines {
		masked[i] = printable.WithoutSecrets(line)
	}
	return masked
}

const (
	conflictRows   = 9   // of each side
	sideBySide     = 120 // columns from which both sides stand beside each other
	pipedWidth     = 80
	conflictIndent = "  "
	contextColumns = 20 // before the difference in a long line
	marginColumns  = 20 // for the mark, the number and some text behind the difference
)

// conflict prints the lines that a hunk expects and those that stand there, on
// at most 20 lines.
func (t text) conflict(c *Conflict) {
	width := t.OnStderr.Width()
	if width == 0 {
		width = pipedWidth
	}
	first := max(0, min(c.Differs-conflictRows/2, max(len(c.Expected), len(c.Found))-conflictRows))
	expected := side{"expected", c.Expected, c.Line, c.Differs, first, 0, term.Green}
	found := side{"found", c.Found, c.FoundLine, c.Differs, first, 0, term.Red}
	skip := common(expected.differing(), found.differing()) - contextColumns
	if room := min(width, sideBySide/2) - marginColumns; skip+contextColumns < room {
		skip = 0 // both show the difference
	}
	expected.skip, found.skip = skip, skip
	if width < sideBySide {
		for _, s := range []side{expected, found} {
			for _, row := range s.rows() {
				fmt.Fprintln(t.Stderr, conflictIndent+row.print(t.OnStderr.Color, width-len(conflictIndent)))
			}
		}
		return
	}
	left, right := expected.rows(), found.rows()
	half := (width - 2*len(conflictIndent)) / 2
	for i := range max(len(left), len(right)) {
		a, b := rowAt(left, i), rowAt(right, i)
		gap := strings.Repeat(" ", max(0, half-utf8.RuneCountInString(a.cut(half))))
		fmt.Fprintln(t.Stderr, strings.TrimRight(conflictIndent+a.print(t.OnStderr.Color, half)+gap+conflictIndent+b.print(t.OnStderr.Color, half), " "))
	}
}

// side is one of the two texts of a conflict.
type side struct {
	title   string
	lines   []string
	line    int // of the first of lines, counted from 1
	differs int
	first   int // the lines before are not shown
	skip    int // so many characters of the differing line are not shown
	color   term.Color
}

type row struct {
	text  string
	color term.Color
}

// rows returns the side line by line, with the first that differs marked.
func (s side) rows() []row {
	rows := []row{{s.title + ":", term.Bold}}
	last := min(len(s.lines), s.first+conflictRows)
	numbers := len(fmt.Sprint(s.line + last))
	for i := min(s.first, last); i < last; i++ {
		mark, color, text := " ", term.Plain, clean(s.lines[i])
		if i == s.differs {
			mark, color = ">", s.color
			if s.skip > 0 {
				text = "…" + string([]rune(text)[s.skip:])
			}
		}
		rows = append(rows, row{fmt.Sprintf("%s %*d  %s", mark, numbers, s.line+i, text), color})
	}
	if s.differs == len(s.lines) && last == len(s.lines) {
		rows = append(rows, row{"> " + strings.Repeat(" ", numbers) + "  (end of file)", s.color})
	}
	return rows
}

// differing returns the line that differs, as it is printed; empty at the end of the
// file.
func (s side) differing() string {
	if s.differs < len(s.lines) {
		return clean(s.lines[s.differs])
	}
	return ""
}

// common returns how many characters two lines have in common at their start.
func common(a, b string) int {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < min(len(x), len(y)) && x[n] == y[n] {
		n++
	}
	return n
}

func rowAt(rows []row, i int) row {
	if i < len(rows) {
		return rows[i]
	}
	return row{}
}

// cut returns the text on no more than so many columns.
func (r row) cut(width int) string {
	text := strings.TrimRight(r.text, " ")
	if runes := []rune(text); len(runes) > width {
		return string(runes[:max(0, width-1)]) + "…"
	}
	return text
}

func (r row) print(color bool, width int) string { return term.Paint(color, r.color, r.cut(width)) }

// shown reports whether an equal conflict is among those before: one file may be
// installed many times.
func shown(before []*Conflict, c *Conflict) bool {
	return slices.ContainsFunc(before, func(b *Conflict) bool {
		return b.Line == c.Line && b.FoundLine == c.FoundLine && slices.Equal(b.Expected, c.Expected) && slices.Equal(b.Found, c.Found)
	})
}
