package patchset

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// The names of the sets a person can choose from.
const (
	Default  = "default"  // the helper and its call sites
	Tutorial = "tutorial" // the official tutorial's diffs, as published
	None     = "none"     // nothing but a person's own diffs
)

// SetNames lists the sets in the order in which help shows them.
var SetNames = []string{Default, Tutorial, None}

// Library is every diff there is, seen from one chosen set: the set's own are
// wanted, all the others are only recognised and taken back.
type Library struct {
	Helper    Helper // the embedded helper
	AddHelper bool   // whether the chosen set adds it
	wanted    []*Diff
	others    otherDiffs
}

// Open returns the library in fsys (see the package patches) for one of SetNames.
func Open(fsys fs.FS, set string) (*Library, error) {
	dirs, err := setDirs(fsys)
	if err != nil {
		return nil, err
	}
	lib := &Library{AddHelper: set == Default}
	var other []string
	for name, in := range dirs {
		if name != set {
			other = append(other, in...)
			continue
		}
		for _, dir := range in {
			diffs, err := Load(fsys, dir)
			if err != nil {
				return nil, err
			}
			lib.wanted = append(lib.wanted, diffs...)
		}
	}
	if lib.others, err = listOthers(fsys, other); err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(fsys, "helper/proxy.js")
	if err != nil {
		return nil, err
	}
	var ok bool
	if lib.Helper, ok = ParseHelper(content); !ok {
		return nil, errors.New("the embedded helper's marker does not match its content")
	}
	return lib, nil
}

// Add makes a person's own diffs wanted too. Those for a file of the chosen set
// are applied after it.
func (l *Library) Add(diffs []*Diff) { l.wanted = append(l.wanted, diffs...) }

// Empty reports whether nothing is wanted at all.
func (l *Library) Empty() bool { return len(l.wanted) == 0 }

// Load reads and checks every *.diff and *.patch below dir, in the order of
// their names.
func Load(fsys fs.FS, dir string) ([]*Diff, error) {
	names, err := list(fsys, dir)
	if err != nil {
		return nil, err
	}
	diffs := make([]*Diff, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		diff, err := Parse(name, data)
		if err != nil {
			return nil, err
		}
		diffs = append(diffs, diff)
	}
	return diffs, nil
}

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
	byPath := map[string][]*Diff{}
	for _, diff := range l.wanted {
		byPath[diff.Path] = append(byPath[diff.Path], diff)
	}
	paths := map[string]bool{}
	for _, p := range l.others.paths {
		paths[p] = true
	}
	for p := range byPath {
		paths[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		target := Target{Path: p, wanted: including(byPath[p], v), others: l.others}
		if s.Newer {
			target.wanted, target.known = newest(byPath[p]), byPath[p]
		}
		s.Targets = append(s.Targets, target)
		if len(byPath[p]) > 0 && len(target.wanted) == 0 {
			s.Uncovered = append(s.Uncovered, p)
		}
	}
	return s, nil
}

// newerThanAll reports whether v lies above every range the set lists.
func (l *Library) newerThanAll(v *semver.Version) bool {
	listed := false
	for _, diff := range l.wanted {
		if diff.Releases.Closed() {
			listed = true
			if !diff.Releases.before(v) {
				return false
			}
		}
	}
	return listed
}

func including(diffs []*Diff, v *semver.Version) []*Diff {
	var in []*Diff
	for _, diff := range diffs {
		if diff.Releases.include(v) {
			in = append(in, diff)
		}
	}
	return in
}

// newest returns the diff whose range ends last, and those for every release.
func newest(diffs []*Diff) []*Diff {
	var last *Diff
	var open []*Diff
	for _, diff := range diffs {
		switch {
		case !diff.Releases.Closed():
			open = append(open, diff)
		case last == nil, diff.Releases.newest.GreaterThan(last.Releases.newest):
			last = diff
		}
	}
	if last == nil {
		return open
	}
	return append([]*Diff{last}, open...)
}

// otherDiffs are the diffs of the sets that were not chosen. Only their paths,
// which their names tell, are needed for a file that is in a known state, so
// they are parsed on first use.
type otherDiffs struct {
	paths []string
	load  func() (map[string][]*Diff, error)
}

func listOthers(fsys fs.FS, dirs []string) (otherDiffs, error) {
	slices.Sort(dirs)
	var paths []string
	for _, dir := range dirs {
		names, err := list(fsys, dir)
		if err != nil {
			return otherDiffs{}, err
		}
		for _, name := range names {
			paths = append(paths, strings.TrimSuffix(strings.TrimPrefix(name, dir+"/"), path.Ext(name)))
		}
	}
	load := func() (map[string][]*Diff, error) {
		byPath := map[string][]*Diff{}
		for _, dir := range dirs {
			diffs, err := Load(fsys, dir)
			if err != nil {
				return nil, err
			}
			for _, diff := range diffs {
				byPath[diff.Path] = append(byPath[diff.Path], diff)
			}
		}
		return byPath, nil
	}
	return otherDiffs{paths, sync.OnceValues(load)}, nil
}

// setDirs returns the release folders of each embedded set. Every folder under
// superseded/ is a set that was once the default.
func setDirs(fsys fs.FS) (map[string][]string, error) {
	sets := map[string][]string{}
	for _, glob := range []struct{ set, pattern string }{
		{Default, "v*"},
		{Tutorial, "tutorial/v*"},
		{"superseded", "superseded/*/v*"},
	} {
		dirs, err := fs.Glob(fsys, glob.pattern)
		if err != nil {
			return nil, err
		}
		sets[glob.set] = dirs
	}
	return sets, nil
}

func list(fsys fs.FS, dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (path.Ext(name) == ".diff" || path.Ext(name) == ".patch") {
			names = append(names, name)
		}
		return err
	})
	return names, err
}
