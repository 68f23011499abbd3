package patchset

import (
	"maps"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/line"
)

// Coverage is a file that the chosen set patches, with the first and the last
// release of its package.
type Coverage struct {
	Path     string
	From, To *semver.Version
	Reason   string
}

// Coverage returns what the chosen set patches in the package of a line, by path.
func (l *Library) Coverage(of *line.Line) ([]Coverage, error) {
	diffs, err := l.lines[of]()
	if err != nil {
		return nil, err
	}
	byPath := map[string]*Coverage{}
	set, _ := split(diffs.wanted)
	for _, diff := range set {
		r := diff.releases
		c := byPath[diff.path]
		if c == nil {
			parsed, err := diff.load()
			if err != nil {
				return nil, err
			}
			c = &Coverage{diff.path, r.oldest, r.newest, parsed.Reason}
			byPath[diff.path] = c
		}
		if r.oldest.LessThan(c.From) {
			c.From = r.oldest
		}
		if r.newest.GreaterThan(c.To) {
			c.To = r.newest
		}
	}
	var all []Coverage
	for _, p := range slices.Sorted(maps.Keys(byPath)) {
		all = append(all, *byPath[p])
	}
	return all, nil
}
