package patchset

import (
	"maps"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Selection is what a library has for one release.
type Selection struct {
	Release string
	// Newer is set for a stable 4.x above everything the set lists: its files
	// are tried with the newest listed release's diffs.
	Newer bool
	// Targets are all files that any diff may have to do with, by path.
	Targets []Target
	// Uncovered are files that the set patches in other releases. If the
	// package has one of them, patching the rest would leave a gap.
	Uncovered []string
}

// Target is one file of the package and the diffs that concern it.
type Target struct {
	Path   string
	wanted []*Diff
	known  []*Diff // for a newer release: all of the set's diffs for this path
	others otherDiffs
}

// Wanted reports whether the chosen set patches this file. If not, it is only
// taken back to what it was, should another set have patched it.
func (t Target) Wanted() bool { return len(t.wanted) > 0 }

// Diffs returns the wanted diffs in the order in which they are applied to
// content. In a release newer than all listed ones, a file whose content is
// known takes the diffs of that content.
func (t Target) Diffs(content []byte) []*Diff {
	if len(t.known) == 0 {
		return t.wanted
	}
	id := BlobID(content)
	for _, diff := range t.known {
		if diff.Old == id || diff.New == id {
			return append([]*Diff{diff}, t.wanted[1:]...)
		}
	}
	return t.wanted
}

// Others returns the diffs of all other sets for this file.
func (t Target) Others() ([]*Diff, error) {
	byPath, err := t.others.load()
	return byPath[t.Path], err
}

// For returns what the library has for a release of next-auth, or an
// *UnsupportedError if it is none that any set patches.
func (l *Library) For(release string) (*Selection, error) {
	v, err := parseRelease(release)
	if err != nil {
		return nil, err
	}
	s := &Selection{Release: release, Newer: l.newerThanAll(v)}
	byPath := map[string][]listed{}
	for _, diff := range l.wanted {
		byPath[diff.path] = append(byPath[diff.path], diff)
	}
	for _, p := range sortedPaths(byPath, l.others.paths) {
		target := Target{Path: p, others: l.others}
		chosen := including(byPath[p], v)
		if s.Newer {
			chosen = newest(byPath[p])
			if target.known, err = loadAll(byPath[p]); err != nil {
				return nil, err
			}
		}
		if target.wanted, err = loadAll(chosen); err != nil {
			return nil, err
		}
		s.Targets = append(s.Targets, target)
		if len(byPath[p]) > 0 && len(chosen) == 0 {
			s.Uncovered = append(s.Uncovered, p)
		}
	}
	return s, nil
}

func sortedPaths(wanted map[string][]listed, others []string) []string {
	paths := slices.AppendSeq(slices.Clone(others), maps.Keys(wanted))
	slices.Sort(paths)
	return slices.Compact(paths)
}

func loadAll(chosen []listed) ([]*Diff, error) {
	var diffs []*Diff
	for _, c := range chosen {
		diff, err := c.load()
		if err != nil {
			return nil, err
		}
		diffs = append(diffs, diff)
	}
	return diffs, nil
}

// newerThanAll reports whether v lies above every range the set lists.
func (l *Library) newerThanAll(v *semver.Version) bool {
	ranges := false
	for _, diff := range l.wanted {
		if diff.releases.Closed() {
			ranges = true
			if !diff.releases.before(v) {
				return false
			}
		}
	}
	return ranges
}

func including(diffs []listed, v *semver.Version) []listed {
	var in []listed
	for _, diff := range diffs {
		if diff.releases.include(v) {
			in = append(in, diff)
		}
	}
	return in
}

// newest returns the diff whose range ends last, and those for every release.
func newest(diffs []listed) []listed {
	var last, open []listed
	for _, diff := range diffs {
		switch {
		case !diff.releases.Closed():
			open = append(open, diff)
		case last == nil, diff.releases.newest.GreaterThan(last[0].releases.newest):
			last = []listed{diff}
		}
	}
	return append(last, open...)
}
