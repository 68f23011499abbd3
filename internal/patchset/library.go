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

	"github.com/proxypatch/proxypatch/internal/line"
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
	AddHelper bool // whether the chosen set adds the helper
	set       string
	lines     map[*line.Line]func() (*lineDiffs, error) // each is read when it is first needed
}

// lineDiffs is what a library has for one release line.
type lineDiffs struct {
	helper Helper          // the embedded helper
	newest *semver.Version // the newest release that the default set lists, of the line's package
	wanted []listed
	others otherDiffs
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
	lib := &Library{AddHelper: set == Default, set: set, lines: map[*line.Line]func() (*lineDiffs, error){}}
	for _, l := range line.All {
		lib.lines[l] = sync.OnceValues(func() (*lineDiffs, error) { return openLine(fsys, l, set) })
	}
	_, err := lib.lines[line.All[0]]() // nearly every project needs it
	return lib, err
}

func openLine(fsys fs.FS, l *line.Line, set string) (*lineDiffs, error) {
	dirs, err := setDirs(fsys, l)
	if err != nil {
		return nil, err
	}
	defaults, err := listDiffs(fsys, dirs[Default])
	if err != nil {
		return nil, err
	}
	d := &lineDiffs{wanted: defaults}
	for _, diff := range defaults {
		if end := diff.releases.newest; d.newest == nil || end.GreaterThan(d.newest) {
			d.newest = end
		}
	}
	if set != Default {
		if d.wanted, err = listDiffs(fsys, dirs[set]); err != nil {
			return nil, err
		}
	}
	var other []string
	for name, in := range dirs {
		if name != set {
			other = append(other, in...)
		}
	}
	if d.others, err = listOthers(fsys, other); err != nil {
		return nil, err
	}
	d.helper, err = readHelper(fsys, l)
	return d, err
}

func readHelper(fsys fs.FS, l *line.Line) (Helper, error) {
	content, err := fs.ReadFile(fsys, l.Source())
	if err != nil {
		return Helper{}, err
	}
	helper, ok := ParseHelper(content)
	if !ok {
		return Helper{}, fmt.Errorf("%s: the embedded helper's marker does not match its content", l.Source())
	}
	return helper, nil
}

// Revision returns the revision of the embedded helper, which is the same in all forms.
func (l *Library) Revision() (int, error) {
	diffs, err := l.lines[line.All[0]]()
	if err != nil {
		return 0, err
	}
	return diffs.helper.Revision, nil
}

// Add adds the user's own diffs to the wanted ones of the lines whose package they are
// for. They are applied after the chosen set. A path that differs from another one only
// in case is a *ParseError. On a case-insensitive file system both are the same file, and
// one result would be lost.
func (l *Library) Add(diffs []*Diff) error {
	for _, diff := range diffs {
		diff.Own = true
		for _, of := range line.All {
			if of.Package != diff.Package {
				continue
			}
			diffs, err := l.lines[of]()
			if err != nil {
				return err
			}
			if err := diffs.add(diff); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *lineDiffs) add(own *Diff) error {
	for _, other := range d.wanted {
		if strings.EqualFold(own.Path, other.path) && own.Path != other.path {
			return &ParseError{own.Name, 1, fmt.Sprintf("%q and %q are the same file on some systems", own.Path, other.path)}
		}
	}
	load := func() (*Diff, error) { return own, nil }
	d.wanted = append(d.wanted, listed{own.Path, own.Releases, true, load})
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
func (l *Library) Empty() bool {
	return !slices.ContainsFunc(line.All, func(of *line.Line) bool {
		diffs, err := l.lines[of]()
		return err != nil || len(diffs.wanted) > 0
	})
}

// FitsTutorial reports whether the tutorial's edit could be made in a file of a line's
// package with this content.
func (l *Library) FitsTutorial(of *line.Line, path string, content []byte) (bool, error) {
	diffs, err := l.lines[of]()
	if err != nil {
		return false, err
	}
	others, err := diffs.others.load()
	return slices.ContainsFunc(others[path], func(d *Diff) bool {
		_, err := d.Apply(content)
		return err == nil && d.FromTutorial()
	}), err
}

// Fits reports whether a file with this content, of a release of a line's package, is in
// no drifted state.
func (l *Library) Fits(of *line.Line, release, path string, content []byte) bool {
	selection, err := l.For(of, release)
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

// setDirs returns the folders of a line's releases in each embedded set. Every folder
// under superseded/ is a set that was once the default.
func setDirs(fsys fs.FS, l *line.Line) (map[string][]string, error) {
	sets := map[string][]string{}
	for _, in := range []struct{ set, root string }{
		{Default, "."},
		{Tutorial, "tutorial"},
		{"superseded", "superseded/*"},
	} {
		dirs, err := fs.Glob(fsys, path.Join(in.root, l.Folder, "v*"))
		if err != nil {
			return nil, err
		}
		sets[in.set] = slices.DeleteFunc(dirs, func(dir string) bool { return !l.Holds(path.Base(dir)[len("v"):]) })
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
