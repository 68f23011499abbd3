package detect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Glob returns the files below the workspace's root that match a pattern, in their
// real directories. It skips node_modules, directories whose names begin with a dot,
// and links that lead out of the root.
func (w *Workspace) Glob(pattern string) ([]string, error) { return w.files(pattern, false) }

// Readable does what Glob does, but skips what the system refuses to show below the root.
// Beside the packages there may be directories of other users, such as a database's.
func (w *Workspace) Readable(pattern string) ([]string, error) { return w.files(pattern, true) }

func (w *Workspace) files(pattern string, readable bool) ([]string, error) {
	root := w.Root().Dir
	paths, err := expandFiles(root, pattern, lookup{&steps{maxSteps}, readable})
	if isCostly(err) {
		err = fmt.Errorf("the files %s in %s %w", pattern, root, err)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return !within(path, root) }), err
}

// membersOf returns the packages below root that the globs select: directories
// with a package.json, in the order of their paths. A glob that begins with "!"
// excludes what those before it selected. Members of members are found too, as
// yarn allows them. The error may be a *GlobError.
func membersOf(root string, globs []string, budget *steps) ([]Package, error) {
	selected := map[string]bool{}
	for _, glob := range globs {
		wanted := !strings.HasPrefix(glob, "!")
		dirs, err := expandDirs(root, strings.TrimPrefix(glob, "!"), lookup{budget: budget})
		if isCostly(err) {
			return nil, &GlobError{root, err}
		}
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			selected[dir] = wanted
		}
	}
	selected[root] = false
	dirs := slices.DeleteFunc(slices.Sorted(maps.Keys(selected)), func(dir string) bool { return !selected[dir] })
	manifests, err := readAll(dirs)
	if err != nil {
		return nil, err
	}
	var members []Package
	for i, m := range manifests {
		if m == nil {
			continue
		}
		members = append(members, newPackage(dirs[i], m))
		if len(m.Workspaces) > 0 {
			below, err := membersOf(dirs[i], m.Workspaces, budget)
			if err != nil {
				return nil, err
			}
			members = append(members, below...)
		}
	}
	slices.SortFunc(members, func(a, b Package) int { return strings.Compare(a.Dir, b.Dir) })
	return slices.CompactFunc(members, Package.Is), nil
}

// readAll reads the package.json of each directory; nil where there is none.
func readAll(dirs []string) ([]*projectManifest, error) {
	manifests := make([]*projectManifest, len(dirs))
	err := Parallel(len(dirs), func(i int) error {
		m, found, err := readProject(dirs[i])
		if found {
			manifests[i] = m
		}
		return err
	})
	return manifests, err
}

// GlobError says that finding the packages of a workspace takes too much effort.
type GlobError struct {
	Dir string // the directory whose package.json or pnpm-workspace.yaml lists them
	Err error
}

func (e *GlobError) Error() string { return fmt.Sprintf("%s: its workspaces %v", e.Dir, e.Err) }

// Unwrap returns the cause.
func (e *GlobError) Unwrap() error { return e.Err }

const (
	// maxSteps limits the names that a search for the packages of a workspace looks
	// at. 500 packages need a few thousand.
	maxSteps = 1_000_000
	// globSteps is the cost of a glob itself, without the names it is compared with.
	globSteps = 100
	// statSteps is the cost of looking at a file or directory.
	statSteps = 10
	// maxGlob limits the length of a glob, in bytes. maxParts limits its lists in
	// braces and its "**", because each multiplies the work.
	maxGlob  = 300
	maxParts = 4
)

var (
	errTooMany     = fmt.Errorf("take more than %d steps to find", maxSteps)
	errComplicated = errors.New("contain a glob that is too long or has too many braces or stars")
)

// steps counts how many more names the search may look at.
type steps struct{ left int }

// take uses n steps and reports whether there were enough.
func (s *steps) take(n int) bool {
	s.left -= n
	return s.left >= 0
}

// isCostly reports whether an error says that a glob takes too much effort.
func isCostly(err error) bool { return errors.Is(err, errTooMany) || errors.Is(err, errComplicated) }

// lookup says how to look for what matches a glob.
type lookup struct {
	budget   *steps
	readable bool // whether to skip what the system refuses to show
}

// permits reports whether to go on after an error, because it is of something to skip.
func (l lookup) permits(err error) bool { return l.readable && errors.Is(err, fs.ErrPermission) }

// expandDirs returns the real paths of the directories that match a glob, below
// root or beside it.
func expandDirs(root, glob string, how lookup) ([]string, error) {
	base, matches, err := match(root, glob, how)
	var paths []string
	for name, mode := range matches {
		if !mode.IsDir() && !mayBeLink(mode) {
			continue
		}
		path, found, err := followBelow(base, name)
		if err != nil {
			return nil, err
		}
		if found {
			paths = append(paths, path)
		}
	}
	return paths, err
}

// expandFiles returns the files that match a glob, below root or beside it, in their
// real directories. A file may be a link itself.
func expandFiles(root, glob string, how lookup) ([]string, error) {
	base, matches, err := match(root, glob, how)
	var paths []string
	for name := range matches {
		dir, file := filepath.Split(name)
		path, found, err := followBelow(base, dir)
		if how.permits(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if found {
			paths = append(paths, filepath.Join(path, file))
		}
	}
	return paths, err
}

// match returns a real directory and the names below it that match a glob, with their
// types. A glob that the package manager would refuse matches nothing. The error is
// from the system, or says that the glob takes too much effort.
func match(root, glob string, how lookup) (base string, matches map[string]fs.FileMode, err error) {
	if len(glob) > maxGlob || strings.Count(glob, "{") > maxParts || strings.Count(glob, "**") > maxParts {
		return "", nil, errComplicated
	}
	budget := how.budget
	if !budget.take(globSteps) {
		return "", nil, errTooMany
	}
	start, pattern := doublestar.SplitPattern(path.Clean(filepath.ToSlash(glob)))
	base, found, err := follow(filepath.Join(root, filepath.FromSlash(start)))
	if !found {
		return "", nil, err
	}
	matches = map[string]fs.FileMode{} // one name may match in many ways
	add := func(name string, entry fs.DirEntry) error {
		matches[filepath.FromSlash(name)] = entry.Type()
		if !budget.take(1) {
			return errTooMany
		}
		return nil
	}
	err = doublestar.GlobWalk(sources{base, how}, pattern, add, doublestar.WithFailOnIOErrors())
	switch {
	case budget.left < 0:
		return "", nil, errTooMany
	case errors.Is(err, doublestar.ErrBadPattern):
		return "", nil, nil
	}
	return base, matches, err
}

// followBelow is follow for a name below a real directory.
func followBelow(base, name string) (path string, found bool, err error) {
	path, err = system.below(base, name)
	found, err = there(err)
	return path, found, err
}

// sources is a directory without node_modules and hidden files, which hold most files
// but no packages of a workspace.
type sources struct {
	dir string
	lookup
}

// Open finds nothing; it makes sources an fs.FS. A glob needs only ReadDir and Stat.
func (s sources) Open(string) (fs.File, error) { return nil, fs.ErrNotExist }

// ReadDir lists a directory without node_modules and names that begin with a dot. No
// package manager's globs match these.
func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	entries, err := readDir(path)
	if name != "." && s.permits(err) {
		return nil, nil
	}
	s.budget.take(len(entries))
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == "node_modules" || e.Name()[0] == '.'
	}), err
}

// Stat describes a file, so that the literal parts of a glob need no listing.
func (s sources) Stat(name string) (fs.FileInfo, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	info, err := system.stat(path)
	if s.permits(err) {
		return nil, fs.ErrNotExist
	}
	if found, err := there(err); !found {
		return nil, cmp.Or(err, fs.ErrNotExist) // the only error that doublestar treats as absent
	}
	return info, nil
}

// path returns the system's path of a name.
func (s sources) path(name string) (string, error) {
	if !s.budget.take(statSteps) {
		return "", errTooMany
	}
	local, err := filepath.Localize(name)
	if err != nil {
		return "", fs.ErrNotExist
	}
	return filepath.Join(s.dir, local), nil
}
