package patchset

import (
	"bytes"
	"strings"
)

// Conflict shows a hunk that does not fit a file next to the lines of the file that
// match it best. Lines have no terminators.
type Conflict struct {
	Hunk      int      // counted from 1
	Of        int      // how many hunks the diff has
	Line      int      // where the diff expects the first line of Expected, counted from 1
	Expected  []string // the hunk's old side, or its new side if it was applied or is being reversed
	FoundLine int      // where the first line of Found is, counted from 1
	Found     []string // shorter if the file ends early, one line longer if it should end but does not
	Differs   int      // index of the first line that differs, in both
}

// Conflict returns the hunk that does not fit the content, and what the content has
// instead. failed is the error of Apply or, if off, of Reverse. If another hunk fits
// on neither side, Conflict returns that one, except in a huge file. Such a hunk may
// have been applied before its lines changed, so the side that matches better is
// compared. The conflict is nil if all lines of the hunk are there, but too often or
// in the wrong order.
func (d *Diff) Conflict(content []byte, failed *HunkError, off bool) (*HunkError, *Conflict) {
	text, crlf := splitLines(content), allCRLF(content)
	sides := func(h hunk) (wanted, other hunk) {
		if off {
			return h.reverse(), h
		}
		return h, h.reverse()
	}
	h, _ := sides(d.hunks[failed.Hunk-1])
	looked := d.hunks
	if len(looked)*text.count() > maxCompared { // report the one that failed
		looked = nil
	}
	for i := range looked {
		wanted, other := sides(d.hunks[i])
		if wanted.fits(text, crlf) || other.fits(text, crlf) {
			continue
		}
		if h = wanted; other.nearer(wanted, text, crlf) {
			h = other
		}
		failed = &HunkError{Line: max(h.start, 1), Hunk: i + 1, Of: len(d.hunks)}
		break
	}
	return failed, h.conflict(text, crlf, failed)
}

// fits reports whether the hunk's old side is anywhere in the lines.
func (h hunk) fits(text lines, crlf bool) bool {
	before, _ := h.sides(crlf)
	for range h.places(text, before) {
		return true
	}
	return false
}

// nearer reports whether the hunk's old side misses fewer lines than the other's or,
// if both miss equally many, matches more.
func (h hunk) nearer(other hunk, text lines, crlf bool) bool {
	missing, there := h.compare(text, crlf)
	ofOther, thereOfOther := other.compare(text, crlf)
	return missing < ofOther || missing == ofOther && there > thereOfOther
}

// compare counts the lines of the hunk's old side that are missing at the place that
// matches best, and the lines that are there.
func (h hunk) compare(text lines, crlf bool) (missing, there int) {
	before, _ := h.sides(crlf)
	there = equalAt(text, before, nearest(text, before, max(h.start, 1)-1))
	return len(before) - there, there
}

func (h hunk) conflict(text lines, crlf bool, failed *HunkError) *Conflict {
	expected, _ := h.sides(crlf)
	at := nearest(text, expected, failed.Line-1)
	end := at + len(expected)
	if h.atEnd() {
		end++
	}
	var found [][]byte
	for i := at; i < min(end, text.count()); i++ {
		found = append(found, text.at(i))
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

// maxCompared bounds how many lines are compared: no file of next-auth needs a
// thousandth of it.
const maxCompared = 10_000_000

// nearest returns the index at which most of the wanted lines match. Of several it
// returns the one nearest to the expected index. In a huge file it searches only
// around that index.
func nearest(text lines, wanted [][]byte, expected int) int {
	best, most := min(expected, text.count()), 0
	reach := maxCompared / max(len(wanted), 1) / 2
	for at := max(0, best-reach); at < min(text.count(), best+reach+1); at++ {
		equal := equalAt(text, wanted, at)
		if equal > most || equal == most && equal > 0 && distance(at, expected) < distance(best, expected) {
			best, most = at, equal
		}
	}
	return best
}

// equalAt counts the wanted lines that match if the first one is at an index.
func equalAt(text lines, wanted [][]byte, at int) int {
	equal := 0
	for i, line := range wanted[:min(len(wanted), text.count()-at)] {
		if bytes.Equal(line, text.at(at+i)) {
			equal++
		}
	}
	return equal
}

func distance(a, b int) int { return max(a-b, b-a) }

// texts returns lines without their terminators. CR is part of a terminator only if
// all lines have it.
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

// tellNewlines marks a missing newline at the end, which lines without terminators
// do not show.
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
