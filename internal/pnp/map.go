package pnp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/exactjson"
)

// Map says which package loads which.
type Map struct {
	Dir string // the real directory of the Loader
	// Packages lists all packages. Some are there several times, because each set of
	// peers is a package of its own. Not all of them are loaded by another one.
	Packages []*Package
	Roots    []*Package // the packages of the workspace

	packages   map[locator]*Package
	byLocation map[string]*Package
	fallback   bool // packages may load what the project's root depends on
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
func (m *Map) At(path string) *Package {
	rel, err := filepath.Rel(m.Dir, path)
	if err != nil {
		return nil
	}
	at := filepath.ToSlash(rel) + "/"
	if !strings.HasPrefix(at, "../") && at != "./" {
		at = "./" + at
	}
	for at != "" {
		if p := m.byLocation[at]; p != nil {
			return p
		}
		at = at[:strings.LastIndexByte(at[:len(at)-1], '/')+1]
	}
	return nil
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
	var s state
	if err := exactjson.Unmarshal(data, &s); errors.As(err, new(*json.UnmarshalTypeError)) || errors.Is(err, errPair) {
		return nil, fmt.Errorf("has data that yarn does not write: %w", err)
	} else if err != nil {
		return nil, notJSON(err)
	}
	m := &Map{
		Dir: dir, fallback: s.Fallback, pool: dependencies(s.Pool),
		packages: map[locator]*Package{}, byLocation: map[string]*Package{},
	}
	for _, named := range s.Registry {
		for _, entry := range named.B {
			if err := m.add(named.A, entry); err != nil {
				return nil, err
			}
		}
	}
	m.link(&s)
	return m, nil
}

// add adds a package.
func (m *Map) add(name *string, entry reference) error {
	if (name == nil) != (entry.A == nil) {
		return errors.New("has a package without a name or without a reference")
	}
	var id locator
	if name != nil {
		id = locator{*name, *entry.A}
	}
	location := entry.B.Location
	if location == "" || len(location) > maxLocation || strings.ContainsRune(location, 0) {
		return fmt.Errorf("has no valid location for %s", id.name)
	}
	if len(m.Packages) == maxPackages {
		return fmt.Errorf("has more than %d packages", maxPackages)
	}
	p := &Package{Name: id.name, Reference: id.reference, dependencies: dependencies(entry.B.Dependencies)}
	p.Location = filepath.Join(m.Dir, filepath.FromSlash(location))
	p.Dir = realPath(p.Location)
	m.Packages = append(m.Packages, p)
	m.packages[id] = p
	if !entry.B.Hidden {
		m.byLocation[location] = p
	}
	return nil
}

// link fills in what refers to packages.
func (m *Map) link(s *state) {
	for _, r := range s.Roots {
		if p := m.packages[locator{r.Name, r.Reference}]; p != nil {
			m.Roots = append(m.Roots, p)
		}
	}
	for _, exclusion := range s.Exclusions {
		for _, reference := range exclusion.B {
			if p := m.packages[locator{exclusion.A, reference}]; p != nil {
				p.excluded = true
			}
		}
	}
}

// dependencies returns the packages by the names that lead to them. A peer that is not
// there is like none.
func dependencies(all []dependency) map[string]locator {
	found := make(map[string]locator, len(all))
	for _, d := range all {
		switch name := d.B.name; {
		case d.B.none:
			delete(found, d.A)
		case name == "":
			found[d.A] = locator{d.A, d.B.reference}
		default:
			found[d.A] = locator{name, d.B.reference}
		}
	}
	return found
}
