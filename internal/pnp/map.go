package pnp

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Map says which package loads which.
type Map struct {
	Dir string // the real directory of the Loader
	// Packages lists all packages. Some are there several times, because each set of
	// peers is a package of its own. Not all of them are loaded by another one.
	Packages []*Package
	Roots    []*Package // the packages of the workspace

	packages   map[locator]*Package
	byLocation map[string]*Package // by portable paths
	fallback   bool                // packages may load what the project's root depends on
	pool       map[string]locator
}

// Package is a package as Plug'n'Play knows it.
type Package struct {
	Name      string // empty for the project's root, which also has another entry with its name
	Reference string // the release and where it is from, as yarn writes it
	Location  string // the directory by which Node.js knows it; it need not exist
	Dir       string // the directory where the files are, which may be in an archive

	dependencies map[string]locator
	excluded     bool // from fallbacks
}

// locator identifies a package.
type locator struct{ name, reference string }

// topLevel identifies the project's root.
var topLevel = locator{}

// Names returns the names by which a package loads others, in order, without fallbacks.
func (p *Package) Names() []string { return slices.Sorted(maps.Keys(p.dependencies)) }

// Depends reports whether a package has a dependency of its own by this name.
func (p *Package) Depends(name string) bool {
	_, own := p.dependencies[name]
	return own
}

// At returns the package that a path belongs to; nil if there is none. The path may be a
// Location or in one.
func (m *Map) At(dir string) *Package {
	for at := path.Clean(portable(dir)); ; at = path.Dir(at) {
		if p := m.byLocation[at]; p != nil || at == path.Dir(at) {
			return p
		}
	}
}

// Resolve returns the package that another one loads by a name; nil if there is none.
func (m *Map) Resolve(from *Package, name string) *Package {
	if to, own := from.dependencies[name]; own {
		return m.packages[to]
	}
	if from.Name == "" || from.excluded || !m.fallback {
		return nil
	}
	if top := m.packages[topLevel]; top != nil {
		if to, has := top.dependencies[name]; has {
			return m.packages[to]
		}
	}
	if to, has := m.pool[name]; has {
		return m.packages[to]
	}
	return nil
}

// Loaded returns the packages that the workspace's packages load, directly or through
// others, in a fixed order. They come before what they load.
func (m *Map) Loaded() []*Package {
	seen := map[*Package]bool{}
	all := slices.Clone(m.Roots)
	if top := m.packages[topLevel]; top != nil {
		all = append(all, top)
	}
	for _, p := range all {
		seen[p] = true
	}
	for i := 0; i < len(all); i++ {
		for _, name := range all[i].Names() {
			if to := m.Resolve(all[i], name); to != nil && !seen[to] {
				seen[to] = true
				all = append(all, to)
			}
		}
	}
	return all
}

// parse makes the Map of the data in the files of a directory.
func parse(dir string, data []byte) (*Map, error) {
	if n := bytes.Count(data, []byte(",")); n > maxCommas {
		return nil, fmt.Errorf("has %d commas in its data; the limit is %d", n, maxCommas)
	}
	s, err := parseState(data)
	if err != nil {
		return nil, err
	}
	m := &Map{Dir: dir, fallback: s.fallback, pool: s.pool, packages: map[locator]*Package{}, byLocation: map[string]*Package{}}
	for _, one := range s.registry {
		if err := m.add(one); err != nil {
			return nil, err
		}
	}
	m.link(s)
	return m, nil
}

// add adds a package.
func (m *Map) add(one information) error {
	if location := one.location; location == "" || len(location) > maxLocation || strings.ContainsRune(location, 0) {
		return fmt.Errorf("has no valid location for %.100s", one.id.name)
	}
	p := &Package{Name: one.id.name, Reference: one.id.reference, dependencies: one.dependencies}
	location := path.Join(portable(m.Dir), one.location)
	p.Location, p.Dir = native(location), native(realPath(location))
	m.Packages = append(m.Packages, p)
	m.packages[one.id] = p
	if !one.hidden {
		m.byLocation[location] = p
	}
	return nil
}

// link fills in what refers to packages.
func (m *Map) link(s *state) {
	for _, id := range s.roots {
		if p := m.packages[id]; p != nil {
			m.Roots = append(m.Roots, p)
		}
	}
	for _, id := range s.exclusions {
		if p := m.packages[id]; p != nil {
			p.excluded = true
		}
	}
}
