package patchset

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// A hunk replaces the lines of its old side with the lines of its new side. Lines
// include their terminators, so a missing final newline is part of a line.
type hunk struct {
	start    int // line of the old side, counted from 1; 0 in an empty file
	newStart int
	lines    []gitdiff.Line
}

func newHunk(f *gitdiff.TextFragment) hunk {
	return hunk{start: int(f.OldPosition), newStart: int(f.NewPosition), lines: f.Lines}
}

// reverse returns the hunk that undoes h.
func (h hunk) reverse() hunk {
	r := hunk{start: h.newStart, newStart: h.start, lines: make([]gitdiff.Line, len(h.lines))}
	for i, line := range h.lines {
		switch line.Op {
		case gitdiff.OpAdd:
			line.Op = gitdiff.OpDelete
		case gitdiff.OpDelete:
			line.Op = gitdiff.OpAdd
		}
		r.lines[i] = line
	}
	return r
}

// sides returns the lines before and after, with CRLF terminators if crlf is set.
func (h hunk) sides(crlf bool) (before, after [][]byte) {
	for _, line := range h.lines {
		text := []byte(line.Line)
		if crlf {
			text = withCRLF(text)
		}
		if line.Old() {
			before = append(before, text)
		}
		if line.New() {
			after = append(after, text)
		}
	}
	return before, after
}

// atStart and atEnd follow git. A hunk for the first line fits only at the start of the
// file, and a hunk without trailing context only at its end.
func (h hunk) atStart() bool { return h.start <= 1 }

func (h hunk) atEnd() bool {
	return len(h.lines) == 0 || h.lines[len(h.lines)-1].Op != gitdiff.OpContext
}

// HunkError says which hunk of a diff does not fit a file, and why.
type HunkError struct {
	Line   int // of the file, counted from 1, where the diff expects the hunk
	Hunk   int // counted from 1
	Of     int
	Places int // how many places fit: 0, or 2 and more
}

func (e *HunkError) Error() string {
	if e.Places > 1 {
		return fmt.Sprintf("hunk %d of %d fits at %d places", e.Hunk, e.Of, e.Places)
	}
	return fmt.Sprintf("hunk %d of %d does not fit", e.Hunk, e.Of)
}

func (h hunk) hasCRLF() bool {
	return slices.ContainsFunc(h.lines, func(line gitdiff.Line) bool { return strings.HasSuffix(line.Line, "\r\n") })
}

// splice applies all hunks to the content or none. Every hunk must fit at exactly one
// place, with its full context, after the previous hunk. A hunk that fits at several
// places goes where it says, but only if the content has the id that the diff was
// made from.
//
// If all lines of a file end in CRLF, so do the hunks' lines. The exception is a diff
// that has CRLF itself or was made from this content. A file with mixed line endings must
// match exactly. So splice never adds other line endings to a file.
func (d *Diff) splice(content []byte, hunks []hunk, made ID) ([]byte, error) {
	text := splitLines(content)
	pinned := d.Pinned() && BlobID(content) == made
	crlf := !pinned && !d.crlf && allCRLF(content)
	var out bytes.Buffer
	out.Grow(len(content))
	done, grown := 0, 0 // lines of the old content that are copied, and how many lines were added so far
	for i, h := range hunks {
		before, after := h.sides(crlf)
		known := -1
		if pinned && h.newStart == h.start+grown {
			known = h.start - 1
		}
		place, places := h.place(text, before, known)
		if places != 1 || place < done {
			return nil, &HunkError{Line: max(h.start, 1), Hunk: i + 1, Of: len(hunks), Places: places}
		}
		out.Write(text.between(done, place))
		for _, line := range after {
			out.Write(line)
		}
		done = place + len(before)
		grown += len(after) - len(before)
	}
	out.Write(text.between(done, text.count()))
	return out.Bytes(), nil
}

// place returns the index of the line at which the old side fits, and the number of
// places at which it fits. If it fits at the known index, only that one counts.
func (h hunk) place(text lines, before [][]byte, known int) (place, places int) {
	for at := range h.places(text, before) {
		if at == known {
			return at, 1
		}
		place = at
		places++
	}
	return place, places
}

// places yields the indexes of the lines at which the old side fits.
func (h hunk) places(text lines, before [][]byte) iter.Seq[int] {
	first, last := 0, text.count()-len(before)
	if h.atStart() {
		last = min(last, 0)
	}
	if h.atEnd() {
		first = max(first, text.count()-len(before))
	}
	return find(text, first, last+len(before), before)
}

// find yields every index between from and to at which the wanted lines follow each
// other. It uses the search of Knuth, Morris and Pratt, which stays linear even if
// all lines are alike. It does not collect the places, because there may be as many
// as lines.
func find(text lines, from, to int, wanted [][]byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		if len(wanted) == 0 {
			return
		}
		// borders[n] is the largest number below n of first wanted lines that are also
		// the last of the first n. They need not be compared again.
		borders := make([]int, len(wanted)+1)
		extend := func(n int, line []byte) int {
			for n == len(wanted) || n > 0 && !bytes.Equal(wanted[n], line) {
				n = borders[n]
			}
			if bytes.Equal(wanted[n], line) {
				n++
			}
			return n
		}
		for i := 1; i < len(wanted); i++ {
			borders[i+1] = extend(borders[i], wanted[i])
		}
		n := 0
		for at := from; at < to; at++ {
			if n = extend(n, text.at(at)); n == len(wanted) && !yield(at+1-n) {
				return
			}
		}
	}
}
