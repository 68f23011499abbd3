package patchset

import (
	"maps"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
)

// Selection is what a library has for one release.
type Selection struct {
	// Helper is the embedded helper, in the form of the release's line.
	Helper     Helper
	addsHelper bool // whether the chosen set adds it
	// Newer is set for a release above every one that the default set lists.
	// Its files are tried with the diffs of the newest listed release.
	Newer bool
	// Targets are all files that any diff may change, by path.
	Targets []Target
	// Nothing says that there is no wanted diff for any release of the line; nil if there is.
	Nothing *Gap
	// Uncovered are files that have diffs only for other releases. If the package
	// has one of them, patching the rest would leave a gap.
	Uncovered []Gap
}

// Gap is a file without a diff for the release.
type Gap struct {
	Path   string
	Reason string // what is missing
	Hint   hint.Hint

	clean []string // the ids of contents that need no diff
}

// Clean reports whether a file with this content needs no diff.
func (g Gap) Clean(content []byte) bool { return slices.Contains(g.clean, string(BlobID(content))) }

// gap makes the Gap for a file of the chosen set, or of the user's own diffs.
func (l *Library) gap(path string, own bool) Gap {
	switch {
	case own:
		return Gap{Path: path, Reason: "none of your diffs for its " + path + " covers this release", Hint: hint.Text("fix their Releases: lines").Or(hint.Text("or remove those diffs from the directory"))}
	case l.set == Tutorial:
		return Gap{Path: path, Reason: "the tutorial has no diff for this " + path, Hint: withoutTutorial}
	}
	return Gap{Path: path, Reason: "there is no diff for its " + path, Hint: hint.Text("upgrade proxypatch").Or(hint.Text("or add your own diff with --patches DIR"))}
}

var withoutTutorial = hint.Text("leave out --set tutorial; the default set covers every release")

// nothing says that there is no diff for any file of a line.
func (l *Library) nothing(of *line.Line) *Gap {
	if l.set == Tutorial {
		return &Gap{Reason: "the tutorial has no diff for " + of.Package, Hint: withoutTutorial}
	}
	return &Gap{Reason: "none of your diffs is for " + of.Package, Hint: hint.Text("add one with a path that begins with a/node_modules/" + of.Package + "/").Or(hint.Text("or leave out --set none"))}
}

// Target is one file of the package and the diffs for it.
type Target struct {
	Path   string
	wanted []*Diff
	known  []*Diff // for a newer release: all of the set's diffs for this path
	others otherDiffs
}

// Wanted reports whether the chosen set patches this file. If not, the file is only
// restored in case another set has patched it.
func (t Target) Wanted() bool { return len(t.wanted) > 0 }

// Diffs returns the wanted diffs in the order in which they are applied to content.
// In a release newer than every listed one, a file with a known content gets the
// diffs of that content.
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

// For returns what the library has for a release of a line's package.
func (l *Library) For(of *line.Line, release string) (*Selection, error) {
	v, err := semver.StrictNewVersion(release)
	if err != nil {
		return nil, err
	}
	number, err := semver.StrictNewVersion(of.Number(release))
	if err != nil {
		return nil, err
	}
	diffs, err := l.lines[of]()
	if err != nil {
		return nil, err
	}
	s := &Selection{Helper: diffs.helper, addsHelper: l.AddHelper, Newer: diffs.newest != nil && number.GreaterThan(diffs.newest)}
	if len(diffs.wanted) == 0 {
		s.Nothing = l.nothing(of)
	}
	byPath := map[string][]listed{}
	for _, diff := range diffs.wanted {
		byPath[diff.path] = append(byPath[diff.path], diff)
	}
	for _, p := range sortedPaths(byPath, diffs.others.paths) {
		target := Target{Path: p, others: diffs.others}
		set, own := split(byPath[p])
		chosen, chosenOwn := including(set, number), including(own, v)
		if s.Newer && len(set) > 0 {
			chosen = newest(set)
			if target.known, err = loadAll(set); err != nil {
				return nil, err
			}
		}
		if target.wanted, err = loadAll(append(chosen, chosenOwn...)); err != nil {
			return nil, err
		}
		s.Targets = append(s.Targets, target)
		switch {
		case len(set) > 0 && len(chosen) == 0:
			gap := l.gap(p, false)
			gap.clean = of.Clean[p]
			s.Uncovered = append(s.Uncovered, gap)
		case len(own) > 0 && len(chosenOwn) == 0:
			s.Uncovered = append(s.Uncovered, l.gap(p, true))
		}
	}
	return s, nil
}

// split separates the set's diffs from the user's own.
func split(diffs []listed) (set, own []listed) {
	for _, diff := range diffs {
		if diff.own {
			own = append(own, diff)
		} else {
			set = append(set, diff)
		}
	}
	return set, own
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

func including(diffs []listed, v *semver.Version) []listed {
	var in []listed
	for _, diff := range diffs {
		if diff.releases.include(v) {
			in = append(in, diff)
		}
	}
	return in
}

// newest returns the diff whose range ends last.
func newest(diffs []listed) []listed {
	return []listed{slices.MaxFunc(diffs, func(a, b listed) int { return a.releases.newest.Compare(b.releases.newest) })}
}
