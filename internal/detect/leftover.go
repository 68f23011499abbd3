package detect

import (
	"path/filepath"
	"slices"
)

// Leftover reports whether a copy in a store is left from an earlier install, so that
// nothing loads it. pnpm and bun leave such copies. In doubt, Leftover says no. It counts
// every link that the project's code could follow, under any name, including links of
// packages that are hoisted inside the store.
func (p *Project) Leftover(c *Install) (bool, error) {
	if len(c.users) > 0 || slices.ContainsFunc(c.loaders, func(l loader) bool { return !keepsLeftovers(l.dir) }) {
		return false, nil
	}
	if p.linked == nil {
		linked, err := p.findLinked()
		if err != nil {
			return false, err
		}
		p.linked = linked
	}
	return !slices.ContainsFunc(c.loaders, func(l loader) bool { return p.linked[l.dir] }), nil
}

// keepsLeftovers reports whether a package is in the store of a package manager that
// does not delete unused packages.
func keepsLeftovers(dir string) bool {
	store := filepath.Dir(filepath.Dir(filepath.Dir(dir)))
	return slices.Contains([]string{".pnpm", ".bun"}, filepath.Base(store)) && filepath.Base(filepath.Dir(store)) == "node_modules"
}

// findLinked returns the real directories of all packages that the project may load.
// It begins with the node_modules of the project's directories and continues with the
// node_modules around and inside each package there.
func (p *Project) findLinked() (map[string]bool, error) {
	w := walk{root: p.Root().Dir, seen: map[string]bool{}, packages: map[string]bool{}}
	for _, dir := range p.chain {
		w.add(filepath.Join(dir, "node_modules"))
	}
	for _, pkg := range p.Packages {
		for _, dir := range upTo(pkg.Dir, p.Root().Dir) {
			w.add(filepath.Join(dir, "node_modules"))
		}
	}
	// Directories that are not packages of the workspace may have links too.
	unlisted, err := p.Glob("{*,*/*}")
	if err != nil {
		return nil, err
	}
	for _, dir := range unlisted {
		w.add(filepath.Join(dir, "node_modules"))
	}
	for len(w.open) > 0 {
		dir := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if err := w.list(dir, true); err != nil {
			return nil, err
		}
	}
	return w.packages, nil
}

// walk goes through the node_modules that packages are loaded from.
type walk struct {
	root     string
	open     []string        // directories to list
	seen     map[string]bool // all directories that were ever open
	packages map[string]bool // real directories
}

func (w *walk) add(dir string) {
	if !w.seen[dir] {
		w.seen[dir] = true
		w.open = append(w.open, dir)
	}
}

// list adds the packages of a node_modules directory or of a scope in one.
func (w *walk) list(dir string, scopes bool) error {
	entries, err := readDir(dir)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch name := entry.Name(); {
		case slices.Contains(stores, name):
			w.add(filepath.Join(path, "node_modules"))
		case name[0] == '.': // .bin, .cache and the like
		case name[0] == '@' && scopes:
			err = w.list(path, false)
		case entry.IsDir() || mayBeLink(entry.Type()):
			err = w.enter(path)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// enter adds one package, and the directories in which Node.js looks for its own.
func (w *walk) enter(path string) error {
	real, found, err := follow(path)
	if !found || w.packages[real] {
		return err
	}
	w.packages[real] = true
	for dir := real; dir == real || within(dir, w.root) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) != "node_modules" {
			w.add(filepath.Join(dir, "node_modules"))
		}
	}
	return nil
}
