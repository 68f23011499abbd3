// Package detect finds every copy of next-auth that is installed in a workspace. For
// each copy it reports the directory, the release, the packages that load it and the
// https-proxy-agent that it would load. It also finds the package manager. It only
// reads, and starts no process.
package detect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
)

// Install is one copy of next-auth or, in a release line whose files another package holds,
// one copy of that package. Several next-auths may load it.
type Install struct {
	Path    string // the directory with the files as the user would type it, for messages
	Dir     string // the real directory, absolute
	Name    string // the name in its package.json: that of Package, unless another package is in its place
	Release string // next-auth's version, as its package.json says; of several the newest
	Holder  Holder // the package that holds the files, if it is not next-auth itself
	Agent   Agent

	// Reached lists the packages of the workspace that depend on this copy directly.
	// It is empty if only packages from a registry depend on the copy.
	Reached []Reach
	// Shared says why the directory is not the project's alone, which forbids writing to
	// it; nil if it is.
	Shared *SharedError
	// PnP says how yarn's Plug'n'Play loads the copy; nil if it is in node_modules.
	PnP *PlugAndPlay
	// Native says that pnpm has patched this copy itself.
	Native bool

	users   map[string]bool // the directories of the packages that load it as next-auth or under an alias
	loaders []loader        // each next-auth that loads the files
	info    fs.FileInfo     // of the directory; nil if it was not found by Find
}

// Holder is a package that holds the files of next-auth.
type Holder struct {
	Name    string
	Release string // the version in its package.json, as written
}

// loader is a next-auth that loads the files of a copy.
type loader struct {
	dir     string // the real directory
	release string
}

// Title names the package and the release for messages.
func (i *Install) Title() string { return line.NextAuth + " " + i.FullRelease() }

// FullRelease names the release and, if next-auth does not hold the files itself, the
// package that does.
func (i *Install) FullRelease() string {
	if i.Holder.Name == "" {
		return i.Release
	}
	return fmt.Sprintf("%s (%s %s)", i.Release, i.Holder.Name, i.Holder.Release)
}

// Version returns the release of the package that holds the files.
func (i *Install) Version() string {
	if i.Holder.Name != "" {
		return i.Holder.Release
	}
	return i.Release
}

// Package returns the name of the package that holds the files.
func (i *Install) Package() string { return cmp.Or(i.Holder.Name, line.NextAuth) }

// Is reports whether a directory is still the one that was found, and was not
// replaced since.
func (i *Install) Is(dir fs.FileInfo) bool { return i.info == nil || os.SameFile(i.info, dir) }

// Reach is a path by which a package of the workspace loads a copy.
type Reach struct {
	Path string // as the user would type it
	From string // label of that package
}

// SharedError says why a copy does not belong to the project alone.
type SharedError struct {
	Reason  string
	Hint    hint.Hint // how to get a copy of one's own
	Patches bool      // the package manager itself can put a patched copy there
}

func (e *SharedError) Error() string { return e.Reason }

// Project is a workspace with the copies of next-auth in it, ordered by their real
// paths.
type Project struct {
	Workspace
	Copies []Install // the copies that the user asked for
	Others []Install // all other copies of the workspace
	Strays []Install // what packages of the workspace name beside the copy that their next-auth loads

	graph    *graph
	closures map[string]map[string]bool // by the package's directory
	linked   map[string]bool            // real directories of all packages that anything may load; nil until needed
}

// Loads reports whether a package of the workspace may load a copy, directly or
// through its dependencies.
func (p *Project) Loads(pkg Package, c *Install) (bool, error) {
	if c.users[pkg.Dir] {
		return true, nil
	}
	return p.reaches(pkg, c)
}

// reaches reports whether a copy is among a package's dependencies, theirs, and so on.
func (p *Project) reaches(pkg Package, c *Install) (bool, error) {
	closure, known := p.closures[pkg.Dir]
	if !known {
		var err error
		if closure, err = p.graph.closure(pkg); err != nil {
			return false, err
		}
		p.closures[pkg.Dir] = closure
	}
	return slices.ContainsFunc(c.loaders, func(l loader) bool { return closure[l.dir] }), nil
}

// DependsOn reports whether a package of the workspace, or the workspace's root, depends on
// next-auth, directly or through other packages that load the copy. A package that does
// not may still load a copy that an install put at the root for another one.
func (p *Project) DependsOn(pkg Package, c *Install) (bool, error) {
	if pkg.NamesNextAuth() || p.Root().NamesNextAuth() {
		return p.Loads(pkg, c)
	}
	return p.reaches(pkg, c)
}

var (
	// ErrNotFound says that a directory has no next-auth.
	ErrNotFound = errors.New("no next-auth")
	// ErrPlugAndPlay says that yarn uses Plug'n'Play, and that what it wrote for that can't
	// be read.
	ErrPlugAndPlay = errors.New("yarn uses Plug'n'Play instead of node_modules")
	// ErrNoDirectory says that the directory to search does not exist.
	ErrNoDirectory = errors.New("no such directory")
)

// Find returns the copies of next-auth for the directory. From the root of the
// workspace, or with all, these are all copies in the workspace. From another package
// they are the copies that it may load. The error wraps ErrNotFound if there is none.
func (w *Workspace) Find(all bool) (*Project, error) {
	project := w.newProject()
	s := newScan(&project.Workspace)
	if err := s.run(); err != nil {
		return nil, err
	}
	project.graph.plugged = s.plugged
	for _, c := range s.copies {
		asked := all || project.Home.Is(project.Root())
		if !asked {
			var err error
			if asked, err = project.Loads(project.Home, c); err != nil {
				return nil, err
			}
		}
		if asked {
			project.Copies = append(project.Copies, *c)
		} else {
			project.Others = append(project.Others, *c)
		}
	}
	for _, c := range s.strays {
		if all || project.Home.Is(project.Root()) || c.users[project.Home.Dir] {
			project.Strays = append(project.Strays, *c)
		}
	}
	slices.SortFunc(project.Copies, func(a, b Install) int { return strings.Compare(a.Dir, b.Dir) })
	if len(project.Copies) == 0 {
		return nil, fmt.Errorf("%w is installed for %s", ErrNotFound, w.Name())
	}
	return project, nil
}

func (w *Workspace) newProject() *Project {
	return &Project{Workspace: *w, graph: newGraph(), closures: map[string]map[string]bool{}}
}
