package detect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
)

// held returns the copy of the package that holds the files of a next-auth: the one that
// Node.js finds by its name from a directory. It may be a known copy. The error is errNone
// if there is none.
func (s *scan) held(release, name, from string) (c *Install, known bool, err error) {
	at, info, err := resolvePackage(from, name)
	if err != nil {
		return nil, false, err
	}
	for _, other := range s.copies {
		switch {
		case !os.SameFile(other.info, info):
		case other.Holder.Name != name: // a next-auth is there in its place
			return nil, false, errNone
		default:
			return other, true, nil
		}
	}
	m, err := readManifest(at)
	if isAbsent(err) {
		err = &ManifestError{filepath.Join(at, "package.json"), errMissing}
	}
	if err != nil {
		return nil, false, err
	}
	dir, found, err := follow(at)
	if !found { // another process has removed it
		return nil, false, cmp.Or(err, errNone)
	}
	c = &Install{Path: s.ws.Display(dir), Dir: dir, Name: m.Name, Release: release, Holder: Holder{name, m.Version}, info: info}
	return c, false, s.describe(c)
}

// resolvePackage returns where Node.js finds a package by its name from a directory. The
// error is errNone if there is none.
func resolvePackage(from, name string) (path string, info fs.FileInfo, err error) {
	for modules := range modulesAbove(from) {
		path = filepath.Join(modules, filepath.FromSlash(name))
		info, err = system.stat(path)
		if found, err := there(err); err != nil {
			return "", nil, err
		} else if found && info.IsDir() {
			return path, info, nil
		}
	}
	return "", nil, errNone
}

// addLoader adds a next-auth that loads the copy. The newest gives it its release.
func (i *Install) addLoader(l loader) {
	i.loaders = append(i.loaders, l)
	v, err := semver.StrictNewVersion(l.release)
	release, err2 := semver.StrictNewVersion(i.Release)
	if err == nil && err2 == nil && v.GreaterThan(release) {
		i.Release = l.release
	}
}

// findStrays finds the packages of the workspace that name a package which holds files, and
// load another copy of it than their next-auth does. What they do with it themselves makes
// requests too.
func (s *scan) findStrays() error {
	for _, p := range s.ws.Packages {
		if p.Linked {
			continue
		}
		for _, c := range s.copies {
			name := c.Holder.Name
			if _, named := p.Dependencies[name]; name == "" || !named || !c.users[p.Dir] {
				continue
			}
			if err := s.addStray(p, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scan) addStray(p Package, beside *Install) error {
	stray, known, err := s.held(beside.Release, beside.Holder.Name, p.Dir)
	if known || errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return err
	}
	s.stray(stray, p)
	return nil
}

// stray adds a stray of a package, which may be known from another package.
func (s *scan) stray(stray *Install, p Package) {
	at := slices.IndexFunc(s.strays, func(other *Install) bool { return other.Dir == stray.Dir })
	if at < 0 {
		s.strays = append(s.strays, stray)
	} else {
		stray = s.strays[at]
	}
	stray.users[p.Dir] = true
	stray.Reached = append(stray.Reached, Reach{stray.Path, s.ws.Label(p)})
}

// ReleaseLine returns the release line of the copy. If it can't be patched, the error is a
// *line.UnsupportedError.
func (i *Install) ReleaseLine() (*line.Line, error) {
	reinstall := hint.Text("reinstall next-auth")
	if i.Name != i.Package() {
		return nil, i.Unsupported(fmt.Sprintf("its package.json has the name %q", i.Name), hint.Text("install "+i.Package()+" itself"))
	}
	of, err := line.Of(i.Release)
	if err != nil {
		return nil, err
	}
	if i.Package() != of.Package {
		return nil, i.Unsupported("it loads "+of.Package+", which is not installed", reinstall)
	}
	if _, err := semver.StrictNewVersion(i.Version()); err != nil {
		return nil, i.Unsupported("the package.json of "+of.Package+" has no valid version", reinstall)
	}
	return of, nil
}

// Unsupported returns the error for a copy that can't be patched.
func (i *Install) Unsupported(reason string, advice hint.Hint) error {
	return &line.UnsupportedError{What: i.Title(), Reason: reason, Hint: advice}
}

// IsBeside reports whether a package of the workspace gets both the stray and the copy.
func (i *Install) IsBeside(c *Install) bool {
	for dir := range i.users {
		if c.users[dir] {
			return true
		}
	}
	return false
}

// Brought is a package with files of next-auth that only a dependency of the project loads.
type Brought struct {
	Holder
	By   string // the name of that dependency
	Path string // as the user would type it
}

// Brought returns what dependencies beside next-auth load for themselves, such as adapters.
func (p *Project) Brought() ([]Brought, error) {
	known := map[string]bool{}
	for _, c := range slices.Concat(p.Copies, p.Others, p.Strays) {
		known[c.Dir] = true
	}
	var all []Brought
	for _, pkg := range p.Packages {
		for _, holder := range p.holdersOf(pkg) {
			for _, name := range slices.Sorted(maps.Keys(pkg.Dependencies)) {
				dir, err := p.bring(pkg, name, holder)
				if err != nil {
					return nil, err
				}
				at := p.graph.filesOf(dir)
				if dir == "" || known[at] {
					continue
				}
				known[at] = true
				m, err := p.graph.manifest(dir)
				if err != nil { // what it is can't be known
					continue
				}
				all = append(all, Brought{Holder{holder, m.Version}, name, p.Display(at)})
			}
		}
	}
	return all, nil
}

// holdersOf returns the names of the packages that hold the files of the next-auths of a
// package of the workspace, if these do not hold them themselves.
func (p *Project) holdersOf(pkg Package) []string {
	var names []string
	for _, c := range p.Copies {
		if name := c.Holder.Name; name != "" && c.users[pkg.Dir] && !pkg.Linked && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// bring returns the directory of the holder that a dependency of a package loads; empty if
// it does not depend on it.
func (p *Project) bring(pkg Package, name, holder string) (string, error) {
	dir, err := p.graph.resolve(pkg.Dir, name)
	if dir == "" || err != nil {
		return "", err
	}
	names, err := p.graph.names(dir)
	if err != nil || !slices.Contains(names, holder) {
		return "", err
	}
	return p.graph.resolve(dir, holder)
}
