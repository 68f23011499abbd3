package patchset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	None     = "none"     // only the user's own diffs
)

// SetNames lists the sets in the order in which help shows them.
var SetNames = []string{Default, Tutorial, None}

// Library holds all diffs, as one chosen set sees them: the diffs of that set are
// wanted, all others are only recognised and reversed.
type Library struct {
	Helper    Helper // the embedded helper
	AddHelper bool   // whether the chosen set adds it
	set       string
	newest    *semver.Version // the newest release that the default set lists
	wanted    []listed
	others    otherDiffs
}

// listed is a diff of which only the name and the first line are read. Parsing all
// diffs of a set would take longer than everything else, and a release needs few of
// them.
type listed struct {
	path     string
	releases Releases
	own      bool // from the user, not of the set
	load     func() (*Diff, error)
}

// Open returns the library in fsys (see the package patches) for one of SetNames.
func Open(fsys fs.FS, set string) (*Library, error) {
	dirs, err := setDirs(fsys)
	if err != nil {
		return nil, err
	}
	lib := &Library{AddHelper: set == Default, set: set}
	defaults, err := listDiffs(fsys, dirs[Default])
	if err != nil {
		return nil, err
	}
	for _, diff := range defaults {
		if end := diff.releases.newest; lib.newest == nil || end.GreaterThan(lib.newest) {
			lib.newest = end
		}
	}
	lib.wanted = defaults
	if set != Default {
		if lib.wanted, err = listDiffs(fsys, dirs[set]); err != nil {
			return nil, err
		}
	}
	var other []string
	for name, in := range dirs {
		if name != set {
			other = append(other, in...)
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

// Add adds the user's own diffs to the wanted ones. They are applied after the chosen
// set. A path that differs from another one only in case is a *ParseError. On a
// case-insensitive file system both are the same file, and one result would be lost.
func (l *Library) Add(diffs []*Diff) error {
	for _, diff := range diffs {
		for _, other := range l.wanted {
			if strings.EqualFold(diff.Path, other.path) && diff.Path != other.path {
				return &ParseError{diff.Name, 1, fmt.Sprintf("%q and %q are the same file on some systems", diff.Path, other.path)}
			}
		}
		diff.Own = true
		load := func() (*Diff, error) { return diff, nil }
		l.wanted = append(l.wanted, listed{diff.Path, diff.Releases, true, load})
	}
	return nil
}

// listDiffs lists the embedded diffs in the folders of some releases.
func listDiffs(fsys fs.FS, dirs []string) ([]listed, error) {
	var diffs []listed
	for _, dir := range dirs {
		names, err := list(fsys, dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			first, err := firstLine(fsys, name)
			if err != nil {
				return nil, err
			}
			releases, ok := parseRange(strings.TrimPrefix(first, "Releases: "))
			if !ok {
				return nil, fmt.Errorf("%s: the range of releases is not closed at both ends", name)
			}
			load := func() (*Diff, error) { return loadDiff(fsys, name) }
			diffs = append(diffs, listed{pathOf(dir, name), releases, false, sync.OnceValues(load)})
		}
	}
	return diffs, nil
}

// maxFirstLine limits the length of the line that says which releases an embedded diff is
// for, in bytes.
const maxFirstLine = 80

// firstLine returns the first line of a file, or its first maxFirstLine bytes.
func firstLine(fsys fs.FS, name string) (string, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	start := make([]byte, maxFirstLine)
	n, err := io.ReadFull(file, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	line, _, _ := strings.Cut(string(start[:n]), "\n")
	return line, nil
}

func loadDiff(fsys fs.FS, name string) (*Diff, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// pathOf returns the path of the file that an embedded diff changes.
func pathOf(dir, name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, dir+"/"), path.Ext(name))
}

// Empty reports whether the library has no wanted diff.
func (l *Library) Empty() bool { return len(l.wanted) == 0 }

// FitsTutorial reports whether the tutorial's edit could be made in a file of the package
// with this content.
func (l *Library) FitsTutorial(path string, content []byte) (bool, error) {
	others, err := l.others.load()
	return slices.ContainsFunc(others[path], func(d *Diff) bool {
		_, err := d.Apply(content)
		return err == nil && d.FromTutorial()
	}), err
}

// Fits reports whether a file of a release with this content is in no drifted state.
func (l *Library) Fits(release, path string, content []byte) bool {
	selection, err := l.For(release)
	if err != nil {
		return false
	}
	at := slices.IndexFunc(selection.Targets, func(t Target) bool { return t.Path == path })
	if at < 0 {
		return false
	}
	r, err := selection.Targets[at].Classify(content)
	return err == nil && r.State != Drifted
}

// Load reads and checks every *.diff and *.patch file below dir, ordered by name.
func Load(fsys fs.FS, dir string) ([]*Diff, error) {
	names, err := list(fsys, dir)
	if err != nil {
		return nil, err
	}
	diffs := make([]*Diff, 0, len(names))
	size := 0
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if size += len(data); size > maxDiffs {
			return nil, &ParseError{name, 1, fmt.Sprintf("with this file, all diffs together exceed %d MB", maxDiffs>>20)}
		}
		diff, err := Parse(name, data)
		if err != nil {
			return nil, err
		}
		diffs = append(diffs, diff)
	}
	return diffs, nil
}

// otherDiffs are the diffs of the sets that were not chosen. They are parsed on first
// use: a file in a known state needs only their paths, which their names contain.
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
			paths = append(paths, pathOf(dir, name))
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
		if err != nil || entry.IsDir() || path.Ext(name) != ".diff" && path.Ext(name) != ".patch" {
			return err
		}
		names = append(names, name)
		return checkEntry(name, entry)
	})
	return names, err
}

// maxDiff limits the size of a diff, in bytes.
const maxDiff = 4 << 20

// maxDiffs limits the total size of the diffs in one directory, in bytes.
const maxDiffs = 64 << 20

// checkEntry refuses files that are not regular or too large.
func checkEntry(name string, entry fs.DirEntry) error {
	if !entry.Type().IsRegular() {
		return &ParseError{name, 1, "is not a regular file"}
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if info.Size() > maxDiff {
		return &ParseError{name, 1, fmt.Sprintf("is larger than %d MB", maxDiff>>20)}
	}
	return nil
}
