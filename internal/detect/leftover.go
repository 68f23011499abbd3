package detect

import (
	"path/filepath"
	"slices"
)

// Leftover reports whether a copy was left in a store by an install that put
// another in its place, and is loaded by nothing. pnpm and bun leave such copies.
// In doubt it is none: any link that code of the project could get to counts,
// under whatever name, also from what is hoisted inside of the store.
func (p *Project) Leftover(c *Install) (is bool, err error) {
	defer catch(&err)
	if !keepsLeftovers(c.Dir) || len(c.users) > 0 {
		return false, nil
	}
	if p.linked == nil {
		p.linked = p.findLinked()
	}
	return !p.linked[c.Dir], nil
}

// keepsLeftovers reports whether a package is in the store of a package manager
// that does not delete what it no longer needs.
func keepsLeftovers(dir string) bool {
	store := filepath.Dir(filepath.Dir(filepath.Dir(dir)))
	return slices.Contains([]string{".pnpm", ".bun"}, filepath.Base(store)) && filepath.Base(filepath.Dir(store)) == "node_modules"
}

// findLinked returns the real directories of all packages that something in the
// project may load: those in the node_modules of its directories, and, as Node.js
// looks for them, those in the node_modules around and inside of each.
func (p *Project) findLinked() map[string]bool {
	w := walk{root: p.Root().Dir, seen: map[string]bool{}, packages: map[string]bool{}}
	for _, dir := range p.chain {
		w.add(filepath.Join(dir, "node_modules"))
	}
	for i := range p.Packages {
		for _, dir := range upTo(p.Packages[i].Dir, p.Root().Dir) {
			w.add(filepath.Join(dir, "node_modules"))
		}
	}
	// What is no package of the workspace, or was one, may have been given links.
	unlisted, _ := p.Glob("{*,*/*}")
	for _, dir := range unlisted {
		w.add(filepath.Join(dir, "node_modules"))
	}
	for len(w.open) > 0 {
		dir := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		w.list(dir, true)
	}
	return w.packages
}

// walk goes through the node_modules that packages are loaded from.
type walk struct {
	root     string
	open     []string        // to be listed
	seen     map[string]bool // all that ever were to be
	packages map[string]bool // real directories
}

func (w *walk) add(dir string) {
	if !w.seen[dir] {
		w.seen[dir] = true
		w.open = append(w.open, dir)
	}
}

// list takes in the packages of a node_modules or of a scope in one.
func (w *walk) list(dir string, scopes bool) {
	entries, err := readDir(dir)
	there(err)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch name := entry.Name(); {
		case slices.Contains(stores, name):
			w.add(filepath.Join(path, "node_modules"))
		case name[0] == '.':
		case name[0] == '@' && scopes:
			w.list(path, false)
		case entry.IsDir() || mayBeLink(entry.Type()):
			w.take(path)
		}
	}
}

// take takes in one package, and where its own are looked for.
func (w *walk) take(path string) {
	real, err := realPath(path)
	if !there(err) || w.packages[real] {
		return
	}
	w.packages[real] = true
	for dir := real; dir == real || within(dir, w.root) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) != "node_modules" {
			w.add(filepath.Join(dir, "node_modules"))
		}
	}
}
