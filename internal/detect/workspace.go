package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v4"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Workspace is what a directory is part of: the packages that are developed
// together, and the package manager that installs for them. A project that is
// no workspace is one of a single package.
type Workspace struct {
	Dir      string    // the real directory that was asked for
	Home     *Package  // the package that Dir belongs to
	Packages []Package // all of them; the first is the root
	Manager  Manager
	Version  string // of the package manager, as far as the project says; may be empty

	given string   // as it was asked for
	chain []string // Dir and the directories above it that may belong to the project
}

// Package is one package of a Workspace.
type Package struct {
	Name         string            // may be empty
	Dir          string            // its real directory
	Dependencies map[string]string // name and range of all kinds but peers
	Next         bool              // it names next, as a dependency of any kind or in a script

	// Linked says that it is no package of the workspace: one that a package has
	// as a link to its sources (file:, link: or portal:), or one outside of the
	// root's directory that a glob names.
	Linked bool
}

// NamesNextAuth reports whether the package depends on next-auth itself, under
// whatever name.
func (p *Package) NamesNextAuth() bool {
	for name, wanted := range p.Dependencies {
		if name == "next-auth" || strings.HasPrefix(wanted, aliasPrefix) {
			return true
		}
	}
	return false
}

// aliasPrefix begins what another name than next-auth's is given as its version.
const aliasPrefix = "npm:next-auth@"

// Root returns the package at the top of the workspace.
func (w *Workspace) Root() *Package { return &w.Packages[0] }

// Apart reports whether a package, though of the workspace, is in a repository of
// its own, such as a git submodule: what is looked for from there ends at its
// top.
func (w *Workspace) Apart(p *Package) bool {
	for _, dir := range upTo(p.Dir, w.Root().Dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil && dir != w.Root().Dir {
			return true
		}
	}
	return false
}

// Label names a package for a person: by its name, else by its directory below
// the root.
func (w *Workspace) Label(p *Package) string {
	if p.Name != "" {
		return p.Name
	}
	if rel, err := filepath.Rel(w.Root().Dir, p.Dir); err == nil {
		return filepath.ToSlash(rel)
	}
	return p.Dir
}

// Display returns a path as a person would write it: relative to the directory
// that was asked for, in the words in which that was done.
func (w *Workspace) Display(path string) string {
	rel, err := filepath.Rel(w.Dir, path)
	if err != nil {
		return path
	}
	if above := ".." + string(filepath.Separator); strings.HasPrefix(rel, above) {
		// ".." behind a link does not lead where a reader would think.
		if abs, err := filepath.Abs(w.given); err != nil || abs != w.Dir {
			return path
		}
	}
	return filepath.Join(w.given, rel)
}

// Name returns the directory that was asked for as a person wrote it, or where
// that says nothing, by its path.
func (w *Workspace) Name() string {
	if filepath.Clean(w.given) == "." {
		return w.Dir
	}
	return w.given
}

// Open finds the workspace of a directory. Its root is the nearest directory
// upwards whose package.json or pnpm-workspace.yaml lists the package that the
// directory is in; without one, that package stands alone. The search ends at a
// repository's top, at the home directory and where another user's directories
// begin, because what lies above belongs to no project of this user.
func Open(given string) (w *Workspace, err error) {
	defer catch(&err)
	dir, err := filepath.Abs(given)
	if err != nil {
		return nil, err
	}
	if !isDir(dir) {
		return nil, fmt.Errorf("%w: %s", ErrNoDirectory, given)
	}
	if dir, err = realPath(dir); err != nil {
		return nil, err
	}
	w = &Workspace{Dir: dir, given: given, chain: upward(dir)}
	if w.Packages, err = w.findPackages(); err != nil {
		return nil, err
	}
	w.addLinked()
	w.Home = w.homeOf(dir)
	w.Manager, w.Version = findManager(w.chain)
	return w, nil
}

// findPackages returns the packages of the workspace that w.Dir is in. The error
// is a *GlobError.
func (w *Workspace) findPackages() ([]Package, error) {
	budget := &steps{maxSteps}
	var nearest *Package
	for _, at := range w.chain {
		m, ok := readProject(at)
		globs := append(slices.Clone(m.Workspaces), pnpmGlobs(at)...)
		if !ok && len(globs) == 0 && nearest == nil {
			continue
		}
		if nearest == nil {
			nearest = newPackage(at, m)
			if len(globs) > 0 {
				return withMembers(nearest, globs, budget)
			}
			continue
		}
		if len(globs) == 0 {
			continue
		}
		packages, err := withMembers(newPackage(at, m), globs, budget)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(packages, func(p Package) bool { return p.Dir == nearest.Dir }) {
			return packages, nil
		}
	}
	if nearest == nil {
		nearest = &Package{Dir: w.Dir}
	}
	return []Package{*nearest}, nil
}

// withMembers returns the root of a workspace and the packages that its globs
// select.
func withMembers(root *Package, globs []string, budget *steps) ([]Package, error) {
	members, err := membersOf(root.Dir, globs, budget)
	for i := range members { // whoever writes the globs owns what is below them, and no more
		members[i].Linked = !within(members[i].Dir, root.Dir)
	}
	return append([]Package{*root}, members...), err
}

// Glob returns the files that match a pattern below the workspace's root, in their
// real directories. It does not look into node_modules and directories whose names
// begin with a dot, nor through links that lead out of the root.
func (w *Workspace) Glob(pattern string) (paths []string, err error) {
	defer catch(&err)
	root := w.Root().Dir
	paths, err = expand(root, pattern, &steps{maxSteps}, true)
	if err != nil {
		err = fmt.Errorf("the files %s in %s %w", pattern, root, err)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return !within(path, root) }), err
}

// addLinked adds the packages that are dependencies by a link to their sources.
// Package managers link to some and copy others, so the links decide.
func (w *Workspace) addLinked() {
	known := map[string]bool{}
	for _, p := range w.Packages {
		known[p.Dir] = true
	}
	for i := 0; i < len(w.Packages); i++ { // what is added may link to more
		p := w.Packages[i]
		for name, wanted := range p.Dependencies {
			if !isPath(wanted) {
				continue
			}
			dir := linkedFrom(upTo(p.Dir, w.Root().Dir), name)
			if dir == "" || known[dir] || installed(dir) {
				continue
			}
			if m, ok := readProject(dir); ok {
				known[dir] = true
				linked := newPackage(dir, m)
				linked.Linked = true
				w.Packages = append(w.Packages, *linked)
			}
		}
	}
}

// isPath reports whether a dependency is wanted from a directory.
func isPath(wanted string) bool {
	for _, prefix := range []string{"file:", "link:", "portal:", "./", "../", "~/", "/"} {
		if strings.HasPrefix(wanted, prefix) {
			return true
		}
	}
	return false
}

// linkedFrom returns the real directory that a name in the nearest node_modules
// links to; empty if it is no link.
func linkedFrom(dirs []string, name string) string {
	for _, dir := range dirs {
		path := filepath.Join(dir, "node_modules", filepath.FromSlash(name))
		info, err := os.Lstat(path)
		if !there(err) {
			continue
		}
		if real, err := realPath(path); there(err) && mayBeLink(info.Mode()) {
			return real
		}
		return ""
	}
	return ""
}

// homeOf returns the innermost package around dir.
func (w *Workspace) homeOf(dir string) *Package {
	home := w.Root()
	for i := range w.Packages {
		if p := &w.Packages[i]; within(dir, p.Dir) && len(p.Dir) > len(home.Dir) {
			home = p
		}
	}
	return home
}

func newPackage(dir string, m *projectManifest) *Package {
	return &Package{Name: m.Name, Dir: dir, Dependencies: m.allDependencies(), Next: m.namesNext()}
}

// pnpmGlobs returns the packages that pnpm-workspace.yaml lists. The file may
// also hold settings alone.
func pnpmGlobs(dir string) []string {
	globs := readPnpmWorkspace(dir).Packages
	isNegation := func(glob string) int { // they count wherever they stand
		if strings.HasPrefix(glob, "!") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(globs, func(a, b string) int { return isNegation(a) - isNegation(b) })
	return globs
}

// pnpmPatches reports whether pnpm's settings in dir name a patch of next-auth.
func pnpmPatches(dir string) bool {
	m, _ := readProject(dir)
	for _, patches := range []map[string]any{readPnpmWorkspace(dir).PatchedDependencies, m.PNPM.PatchedDependencies} {
		for key := range patches {
			if name, _, _ := strings.Cut(key, "@"); name == "next-auth" {
				return true
			}
		}
	}
	return false
}

// pnpmSettings are those that matter here, of pnpm-workspace.yaml or of
// package.json's field pnpm.
type pnpmSettings struct {
	Packages            []string       `yaml:"packages" json:"-"`
	PatchedDependencies map[string]any `yaml:"patchedDependencies" json:"patchedDependencies"`
}

// maxSettings bounds the size of a pnpm-workspace.yaml that is read, in bytes.
const maxSettings = 256 << 10

// readPnpmWorkspace reads pnpm-workspace.yaml. What pnpm itself would refuse says
// nothing.
func readPnpmWorkspace(dir string) (settings pnpmSettings) {
	path := filepath.Join(dir, "pnpm-workspace.yaml")
	data, err := safefile.ReadFile(path, maxSettings)
	if irregular := (*safefile.Error)(nil); errors.As(err, &irregular) || !there(err) {
		return pnpmSettings{}
	}
	// To look for names that come twice takes the square of their number.
	if yaml.Load(data, &settings, yaml.WithV3Defaults(), yaml.WithUniqueKeys(false)) != nil {
		return pnpmSettings{}
	}
	return settings
}

// membersOf returns the packages below root that the globs select: directories
// with a package.json, in the order of their paths. A glob that begins with "!"
// takes out what those before it selected. Members of members are found too, as
// yarn allows them. The error is a *GlobError.
func membersOf(root string, globs []string, budget *steps) ([]Package, error) {
	selected := map[string]bool{}
	for _, glob := range globs {
		wanted := !strings.HasPrefix(glob, "!")
		dirs, err := expand(root, strings.TrimPrefix(glob, "!"), budget, false)
		if err != nil {
			return nil, &GlobError{root, err}
		}
		for _, dir := range dirs {
			selected[dir] = wanted
		}
	}
	selected[root] = false
	dirs := slices.DeleteFunc(slices.Sorted(maps.Keys(selected)), func(dir string) bool { return !selected[dir] })
	var members []Package
	for i, m := range readAll(dirs) {
		if m == nil {
			continue
		}
		members = append(members, *newPackage(dirs[i], m))
		if len(m.Workspaces) > 0 {
			below, err := membersOf(dirs[i], m.Workspaces, budget)
			if err != nil {
				return nil, err
			}
			members = append(members, below...)
		}
	}
	slices.SortFunc(members, func(a, b Package) int { return strings.Compare(a.Dir, b.Dir) })
	return slices.CompactFunc(members, func(a, b Package) bool { return a.Dir == b.Dir }), nil
}

// readAll reads the package.json of each directory; nil where there is none.
func readAll(dirs []string) []*projectManifest {
	manifests := make([]*projectManifest, len(dirs))
	parallel(len(dirs), func(i int) {
		if m, ok := readProject(dirs[i]); ok {
			manifests[i] = m
		}
	})
	return manifests
}

// GlobError says that the packages of a workspace can't be found with sensible
// effort.
type GlobError struct {
	Dir string // whose package.json or pnpm-workspace.yaml lists them
	Err error
}

func (e *GlobError) Error() string { return fmt.Sprintf("%s: its workspaces %v", e.Dir, e.Err) }

// Unwrap returns the cause.
func (e *GlobError) Unwrap() error { return e.Err }

const (
	// maxSteps bounds how many names are looked at to find the packages of a
	// workspace. One of 500 packages takes some thousands.
	maxSteps = 1_000_000
	// globSteps is what a glob costs beside the names that it is held against.
	globSteps = 100
	// statSteps is what it costs to ask the system for a file or directory.
	statSteps = 10
	// maxGlob bounds the length of a glob, in bytes, and maxParts how many lists
	// in braces and how many "**" it may have: each multiplies what is to do.
	maxGlob  = 300
	maxParts = 4
)

var (
	errTooMany     = fmt.Errorf("take more than %d steps to find", maxSteps)
	errComplicated = errors.New("hold a glob that is too long, or with too many braces or stars")
)

// steps is how many more names may be looked at.
type steps struct{ left int }

// take reports whether n more may be.
func (s *steps) take(n int) bool {
	s.left -= n
	return s.left >= 0
}

// expand returns the real paths of the directories that match a glob, below root
// or beside it, or if asked what matches in its real directory, be it a link. The
// error says that it would take too long.
func expand(root, glob string, budget *steps, files bool) ([]string, error) {
	if len(glob) > maxGlob || strings.Count(glob, "{") > maxParts || strings.Count(glob, "**") > maxParts {
		return nil, errComplicated
	}
	if !budget.take(globSteps) {
		return nil, errTooMany
	}
	base, pattern := doublestar.SplitPattern(path.Clean(filepath.ToSlash(glob)))
	base, err := realPath(filepath.Join(root, filepath.FromSlash(base)))
	if !there(err) || !isDir(base) {
		return nil, nil
	}
	matches := map[string]bool{} // one directory may match in many ways
	err = doublestar.GlobWalk(sources{os.DirFS(base), base, budget}, pattern, func(match string, entry fs.DirEntry) error {
		if !budget.take(1) {
			return errTooMany
		}
		if files || entry.IsDir() || mayBeLink(entry.Type()) {
			matches[match] = true
		}
		return nil
	})
	switch {
	case budget.left < 0:
		return nil, errTooMany
	case err != nil:
		return nil, nil // no glob; the package manager would refuse it
	}
	var paths []string
	for match := range matches {
		name := ""
		if match = filepath.FromSlash(match); files {
			match, name = filepath.Split(match)
		}
		if path, err := disk.below(base, match); there(err) {
			paths = append(paths, filepath.Join(path, name))
		}
	}
	return paths, nil
}

// sources is a file system without what is never a part of a workspace, but
// holds most of the files.
type sources struct {
	fs.FS
	dir    string // where that is, for errors
	budget *steps
}

// ReadDir lists a directory but for node_modules and what begins with a dot,
// which no package manager's globs match.
func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	if s.budget.left < 0 {
		return nil, errTooMany
	}
	if info, err := s.Stat(name); err != nil || !info.IsDir() { // to open a named pipe waits
		return nil, err
	}
	entries, err := fs.ReadDir(s.FS, name)
	there(s.located(err))
	s.budget.take(len(entries))
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == "node_modules" || e.Name()[0] == '.'
	}), err
}

// Stat describes a file; with it, a glob's literal parts need no listing.
func (s sources) Stat(name string) (fs.FileInfo, error) {
	if !s.budget.take(statSteps) {
		return nil, errTooMany
	}
	info, err := fs.Stat(s.FS, name)
	there(s.located(err))
	return info, err
}

// located completes the path in an error, which is relative to the directory.
func (s sources) located(err error) error {
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return &fs.PathError{Op: failed.Op, Path: filepath.Join(s.dir, filepath.FromSlash(failed.Path)), Err: failed.Err}
	}
	return err
}

// upward lists dir and the directories above it that may belong to the same
// project.
func upward(dir string) []string {
	home := homeDir()
	trusted := trustedOwners(dir)
	var dirs []string
	for {
		dirs = append(dirs, dir)
		parent := filepath.Dir(dir)
		if parent == dir || dir == home || exists(filepath.Join(dir, ".git")) || !trusted(parent) {
			return dirs
		}
		dir = parent
	}
}

// homeDir returns the real path of the home directory; empty if there is none.
func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	if real, err := realPath(home); err == nil {
		return real
	}
	return home
}

// within reports whether path is dir or lies below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
