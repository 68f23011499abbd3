package patchset

import (
	"bytes"
	"strings"
)

// Conflict is a hunk that does not fit a file, beside the lines that stand where
// most of its own do. Lines are without their terminators.
type Conflict struct {
	Hunk      int      // counted from 1
	Of        int      // how many hunks the diff has
	Line      int      // of the first expected line in the file that the diff was made from, counted from 1
	Expected  []string // the hunk's old side
	FoundLine int      // of the first line found, counted from 1
	Found     []string // fewer where the file ends, one more where it had to end and does not
	Differs   int      // index of the first line that is not as expected, in both
}

// Conflict says what stands in the way of a hunk, which Apply named as the one
// that does not fit. It is nil where the hunk's lines are all there, but too
// often or in the wrong order.
func (d *Diff) Conflict(content []byte, failed *HunkError) *Conflict {
	h := d.hunks[failed.Hunk-1]
	lines, crlf := splitLines(content), allCRLF(content)
	expected, _ := h.sides(crlf)
	at := nearest(lines, expected, failed.Line-1)
	found := lines[at:min(at+len(expected), len(lines))]
	if h.atEnd() && at+len(expected) < len(lines) {
		found = lines[at : at+len(expected)+1]
	}
	differs := 0
	for differs < len(expected) && differs < len(found) && bytes.Equal(expected[differs], found[differs]) {
		differs++
	}
	if differs == len(expected) && differs == len(found) {
		return nil
	}
	c := &Conflict{
		Hunk: failed.Hunk, Of: failed.Of, Differs: differs,
		Line: failed.Line, Expected: texts(expected, crlf), FoundLine: at + 1, Found: texts(found, crlf),
	}
	c.tellNewlines(expected, found)
	return c
}

// maxCompared bounds how many lines nearest compares: no file of next-auth needs
// a thousandth of it.
const maxCompared = 10_000_000

// nearest returns the index at which most of the wanted lines are as wanted; of
// several the one that is nearest to the index where they are expected. In a huge
// file it looks around there only.
func nearest(lines, wanted [][]byte, expected int) int {
	best, most := min(expected, len(lines)), 0
	reach := maxCompared / max(len(wanted), 1) / 2
	for at := max(0, best-reach); at < min(len(lines), best+reach+1); at++ {
		equal := 0
		for i, line := range wanted[:min(len(wanted), len(lines)-at)] {
			if bytes.Equal(line, lines[at+i]) {
				equal++
			}
		}
		if equal > most || equal == most && equal > 0 && distance(at, expected) < distance(best, expected) {
			best, most = at, equal
		}
	}
	return best
}

func distance(a, b int) int { return max(a-b, b-a) }

// texts returns lines without their terminators, of which CR is a part only
// where all lines have it.
func texts(lines [][]byte, crlf bool) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimSuffix(string(line), "\n")
		if crlf {
			out[i] = strings.TrimSuffix(out[i], "\r")
		}
	}
	return out
}

// tellNewlines names the one difference that lines without their terminators do
// not show.
func (c *Conflict) tellNewlines(expected, found [][]byte) {
	const missing = " (no newline at the end)"
	i := c.Differs
	if i >= len(expected) || i >= len(found) || c.Expected[i] != c.Found[i] {
		return
	}
	if bytes.HasSuffix(expected[i], []byte("\n")) {
		c.Found[i] += missing
	} else {
		c.Expected[i] += missing
	}
}
