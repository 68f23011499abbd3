package detect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/line"
)

// Workspace holds the packages around a directory that are developed together, and
// their package manager. A project without workspaces is a Workspace of one package.
type Workspace struct {
	Dir      string    // the real directory that Open got
	Home     Package   // the package that Dir belongs to
	Packages []Package // all of them; the first is the root
	Manager  Manager
	Version  string // of the package manager; empty if the project does not name it

	given string   // the directory as the user typed it
	chain []string // Dir and the directories above it that may belong to the project
}

// Package is one package of a Workspace, known by its directory.
type Package struct {
	Name         string            // may be empty
	Dir          string            // its real directory
	Dependencies map[string]string // names and ranges of all kinds except peers
	Development  map[string]bool   // the names of those that are only devDependencies
	Next         bool              // it names next, as a dependency of any kind or in a script
	Builds       bool              // it has a script named build

	// Linked says that the package belongs to another project. Either a package of the
	// workspace links to its sources (file:, link: or portal:), or it matches a glob but
	// is outside the root's directory.
	Linked bool

	patchDirs       []string          // the directories of patches in scripts that run patch-package
	hasPatchPackage bool              // it depends on patch-package
	scripts         map[string]string // by their names
}

// Is reports whether both are the same package.
func (p Package) Is(other Package) bool { return p.Dir == other.Dir }

// Scripts returns the package's scripts by their names.
func (p Package) Scripts() map[string]string { return p.scripts }

// NamesNextAuth reports whether the package itself depends on next-auth, under any
// name.
func (p Package) NamesNextAuth() bool {
	for name, wanted := range p.Dependencies {
		if name == line.NextAuth || strings.HasPrefix(wanted, aliasPrefix) {
			return true
		}
	}
	return false
}

// aliasPrefix begins the version of a dependency that is next-auth under another name.
const aliasPrefix = "npm:" + line.NextAuth + "@"

// Root returns the package at the top of the workspace.
func (w *Workspace) Root() Package { return w.Packages[0] }

// Has reports whether the root of the workspace has a file or directory of this name.
func (w *Workspace) Has(name string) (bool, error) {
	return exists(filepath.Join(w.Root().Dir, name))
}

// Apart reports whether a package of the workspace is in its own repository, such as a
// git submodule. A search from there ends at the top of that repository.
func (w *Workspace) Apart(p Package) (bool, error) {
	for _, dir := range upTo(p.Dir, w.Root().Dir) {
		if dir == w.Root().Dir {
			break
		}
		if top, err := exists(filepath.Join(dir, ".git")); top || err != nil {
			return top, err
		}
	}
	return false, nil
}

// Label returns a package's name for messages or, if it has none, its directory below
// the root.
func (w *Workspace) Label(p Package) string {
	if p.Name != "" {
		return p.Name
	}
	if rel, err := filepath.Rel(w.Root().Dir, p.Dir); err == nil {
		return filepath.ToSlash(rel)
	}
	return p.Dir
}

// Display returns a path as the user would type it: it begins with the directory that
// the user gave.
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

// Name returns the directory as the user typed it. For "." it returns the path.
func (w *Workspace) Name() string {
	if filepath.Clean(w.given) == "." {
		return w.Dir
	}
	return w.given
}

// Open finds the workspace of a directory. Its root is the nearest parent whose
// package.json or pnpm-workspace.yaml lists the package that the directory is in.
// Without one, that package is the whole workspace. The search ends at the top of a
// repository, at the home directory and at a directory owned by another user. Nothing
// above belongs to the project. If the directory itself can't be used, the error is a
// *DirectoryError.
func Open(given string) (*Workspace, error) {
	dir, err := realDir(given)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Dir: dir, given: given}
	if err := w.fill(); err != nil {
		return nil, err
	}
	return w, nil
}

// realDir returns the real path of the directory that the user gave. The error may be a
// *DirectoryError.
func realDir(given string) (string, error) {
	dir, err := filepath.Abs(given)
	if err != nil {
		return "", err
	}
	info, err := system.stat(dir)
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return "", &DirectoryError{given, syscall.ENAMETOOLONG}
	}
	found, err := there(err)
	if found && info.IsDir() {
		dir, found, err = follow(dir)
	}
	if err == nil && (!found || !info.IsDir()) {
		err = &DirectoryError{given, ErrNoDirectory}
	}
	return dir, err
}

// DirectoryError says why the directory that the user gave can't be used.
type DirectoryError struct {
	Dir string // as the user typed it
	Err error
}

func (e *DirectoryError) Error() string { return fmt.Sprintf("%v: %s", e.Err, e.Dir) }

// Unwrap returns the cause.
func (e *DirectoryError) Unwrap() error { return e.Err }

// fill finds the packages and the package manager of the workspace.
func (w *Workspace) fill() (err error) {
	if w.chain, err = upward(w.Dir); err != nil {
		return err
	}
	if w.Manager, w.Version, err = findManager(w.chain); err != nil {
		return err
	}
	if w.Packages, err = w.findPackages(); err != nil {
		return err
	}
	if err = w.addLinked(); err != nil {
		return err
	}
	w.Home = w.homeOf(w.Dir)
	return nil
}

// findPackages returns the packages of the workspace that w.Dir is in. The error
// may be a *GlobError.
func (w *Workspace) findPackages() ([]Package, error) {
	budget := &steps{maxSteps}
	var nearest *Package // that Dir is in, if it has a package.json
	for _, at := range w.chain {
		m, found, err := readProject(at)
		if err != nil {
			return nil, err
		}
		globs, err := w.settingsGlobs(at)
		if err != nil {
			return nil, err
		}
		globs = append(slices.Clone(m.Workspaces), globs...)
		if len(globs) == 0 {
			if found && nearest == nil {
				p := newPackage(at, m)
				nearest = &p
			}
			continue
		}
		packages, err := withMembers(newPackage(at, m), globs, budget)
		if err != nil {
			return nil, err
		}
		if nearest == nil || slices.ContainsFunc(packages, nearest.Is) {
			return packages, nil
		}
	}
	if nearest == nil {
		nearest = &Package{Dir: w.Dir}
	}
	return []Package{*nearest}, nil
}

// settingsGlobs returns the globs of packages in the files for settings of pnpm and Deno.
func (w *Workspace) settingsGlobs(dir string) ([]string, error) {
	if w.Manager == Deno {
		settings, err := readDeno(dir)
		return settings.Workspace, err
	}
	return pnpmGlobs(dir)
}

// withMembers returns the root of a workspace and the packages that its globs
// select.
func withMembers(root Package, globs []string, budget *steps) ([]Package, error) {
	members, err := membersOf(root.Dir, globs, budget)
	for i := range members { // packages outside the root may belong to another project
		members[i].Linked = !within(members[i].Dir, root.Dir)
	}
	return append([]Package{root}, members...), err
}

// addLinked adds the dependencies that are links to sources. Package managers link to
// some path dependencies and copy others, so the links decide.
func (w *Workspace) addLinked() error {
	known := map[string]bool{}
	for _, p := range w.Packages {
		known[p.Dir] = true
	}
	for i := 0; i < len(w.Packages); i++ { // added packages may link to more
		p := w.Packages[i]
		for name, wanted := range p.Dependencies {
			if !isPath(wanted) {
				continue
			}
			dir, err := linkedFrom(upTo(p.Dir, w.Root().Dir), name)
			if err != nil {
				return err
			}
			if dir == "" || known[dir] || installed(dir) {
				continue
			}
			m, found, err := readProject(dir)
			if err != nil {
				return err
			}
			if found {
				known[dir] = true
				linked := newPackage(dir, m)
				linked.Linked = true
				w.Packages = append(w.Packages, linked)
			}
		}
	}
	return nil
}

// isPath reports whether a dependency's range is a path.
func isPath(wanted string) bool {
	for _, prefix := range []string{"file:", "link:", "portal:", "./", "../", "~/", "/"} {
		if strings.HasPrefix(wanted, prefix) {
			return true
		}
	}
	return false
}

// linkedFrom returns the real directory that a name in the nearest node_modules links
// to; empty if it is not a link.
func linkedFrom(dirs []string, name string) (string, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, "node_modules", filepath.FromSlash(name))
		mode, err := modeOf(path)
		if err != nil {
			return "", err
		}
		if mode == 0 {
			continue
		}
		if !mayBeLink(mode) {
			return "", nil
		}
		real, _, err := follow(path)
		return real, err
	}
	return "", nil
}

// PackageOf returns the innermost package around a file, which is named from the root.
func (w *Workspace) PackageOf(file string) Package {
	return w.homeOf(filepath.Join(w.Root().Dir, filepath.FromSlash(file)))
}

// homeOf returns the innermost package around dir.
func (w *Workspace) homeOf(dir string) Package {
	home := w.Root()
	for _, p := range w.Packages {
		if within(dir, p.Dir) && len(p.Dir) > len(home.Dir) {
			home = p
		}
	}
	return home
}

func newPackage(dir string, m *projectManifest) Package {
	all := m.allDependencies()
	_, hasPatchPackage := all[PatchPackage]
	_, builds := m.Scripts["build"]
	return Package{
		Name: m.Name, Dir: dir, Dependencies: all, Development: m.onlyDevelopment(), Next: m.namesNext(),
		Builds: builds, patchDirs: PatchDirs(m.Scripts), hasPatchPackage: hasPatchPackage, scripts: m.Scripts,
	}
}

// upward lists dir and its parents that may belong to the same project.
func upward(dir string) ([]string, error) {
	home := homeDir()
	trusted, err := trustedOwners(dir)
	if err != nil {
		return nil, err
	}
	dirs := []string{dir}
	for {
		parent := filepath.Dir(dir)
		if parent == dir || dir == home {
			return dirs, nil
		}
		if top, err := exists(filepath.Join(dir, ".git")); top || err != nil {
			return dirs, err
		}
		if own, err := trusted.own(parent); !own || err != nil {
			return dirs, err
		}
		dir = parent
		dirs = append(dirs, dir)
	}
}

// homeDir returns the real path of the home directory; empty if there is none. If it
// can't be read, its name is enough, because it only ends the search.
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

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
