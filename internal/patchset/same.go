package patchset

import (
	"bytes"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/proxypatch/proxypatch/internal/line"
)

// Same reports whether two diffs have the same hunks for the same file. The ends of lines
// do not count, because git may change them in a checkout.
func (d *Diff) Same(other *Diff) bool {
	return d.Path == other.Path && slices.EqualFunc(d.hunks, other.hunks, hunk.same)
}

func (h hunk) same(other hunk) bool {
	end := func(l gitdiff.Line) string { return strings.TrimRight(l.Line, "\r\n") }
	return h.start == other.start && h.newStart == other.newStart &&
		slices.EqualFunc(h.lines, other.lines, func(a, b gitdiff.Line) bool { return a.Op == b.Op && end(a) == end(b) })
}

// Has reports whether a diff is one of a line, in any set or from the user, for any
// release.
func (l *Library) Has(of *line.Line, d *Diff) (bool, error) {
	diffs, err := l.lines[of]()
	if err != nil {
		return false, err
	}
	for _, wanted := range diffs.wanted {
		if wanted.path != d.Path {
			continue
		}
		if known, err := wanted.load(); err != nil || d.Same(known) {
			return err == nil, err
		}
	}
	others, err := diffs.others.load()
	return slices.ContainsFunc(others[d.Path], d.Same), err
}

// AddsHelper reports whether the chosen set adds the helper.
func (s *Selection) AddsHelper() bool { return s.addsHelper }

// ParseAdded returns the path and the content of the file that a diff adds.
func ParseAdded(diff []byte) (path string, content []byte, ok bool) {
	files, _, err := gitdiff.Parse(bytes.NewReader(diff))
	if err != nil || len(files) != 1 || !files[0].IsNew || files[0].IsBinary {
		return "", nil, false
	}
	for _, fragment := range files[0].TextFragments {
		for _, line := range fragment.Lines {
			if !line.New() {
				return "", nil, false
			}
			content = append(content, line.Line...)
		}
	}
	return files[0].NewName, content, true
}
