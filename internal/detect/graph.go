package detect

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// graph is which package loads which, as Node.js resolves it from where they
// stand. It is followed from one package at a time, since to know all of it the
// manifest of every installed package has to be read.
type graph struct {
	needs map[string][]string // the directories that a package's dependencies are in
	real  map[string]string   // of the paths that were looked at; empty if there is nothing
}

func newGraph() *graph { return &graph{map[string][]string{}, map[string]string{}} }

// closure returns the real directories of everything that a package of the
// workspace may load: its dependencies, theirs, and so on.
func (g *graph) closure(p *Package) map[string]bool {
	found := map[string]bool{}
	open := g.resolveAll(p.Dir, slices.Collect(maps.Keys(p.Dependencies)))
	for len(open) > 0 {
		dir := open[len(open)-1]
		open = open[:len(open)-1]
		if !found[dir] {
			found[dir] = true
			open = append(open, g.needsOf(dir)...)
		}
	}
	return found
}

// needsOf returns where the dependencies of the package in a real directory are.
// What it needs for its own development is there only if it is not installed,
// but linked.
func (g *graph) needsOf(dir string) []string {
	needs, known := g.needs[dir]
	if known {
		return needs
	}
	if m, ok := readProject(dir); ok {
		all := []map[string]string{m.Dependencies, m.OptionalDependencies, m.PeerDependencies}
		if !installed(dir) {
			all = append(all, m.DevDependencies)
		}
		var names []string
		for _, some := range all {
			names = slices.AppendSeq(names, maps.Keys(some))
		}
		needs = g.resolveAll(dir, names)
	}
	g.needs[dir] = needs
	return needs
}

func (g *graph) resolveAll(from string, names []string) []string {
	var dirs []string
	for _, name := range names {
		if dir := g.resolve(from, name); dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// resolve returns the real directory that a name leads to from a directory, as
// Node.js looks for it; empty if there is none.
func (g *graph) resolve(from, name string) string {
	for dir := from; ; dir = filepath.Dir(dir) {
		if filepath.Base(dir) != "node_modules" {
			if real := g.realDir(filepath.Join(dir, "node_modules", filepath.FromSlash(name))); real != "" {
				return real
			}
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func (g *graph) realDir(path string) string {
	real, known := g.real[path]
	if !known {
		if isDir(path) {
			var err error
			real, err = realPath(path)
			there(err) // else it is gone meanwhile
		}
		g.real[path] = real
	}
	return real
}

// installed reports whether a package was put where it is by a package manager.
func installed(dir string) bool {
	return slices.Contains(strings.Split(filepath.ToSlash(dir), "/"), "node_modules")
}
