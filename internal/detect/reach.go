package detect

import (
	"path/filepath"
	"strings"
)

// reach finds the copies that code in a package of the workspace gets, as
// Node.js looks for them: in the node_modules of the package's directory and of
// those above, up to the workspace's root. For the package that was asked for
// it looks above the root as well, as Node.js would.
func (s *scan) reach(p *Package) error {
	dirs := upTo(p.Dir, s.ws.Root().Dir)
	if p == s.ws.Home {
		dirs = s.ws.chain
	}
	names := []string{"next-auth"}
	for name, wanted := range p.Dependencies {
		if strings.HasPrefix(wanted, "npm:next-auth@") {
			names = append(names, name)
		}
	}
	for _, name := range names {
		c, path, err := s.resolve(name, dirs)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		_, declared := p.Dependencies[name]
		c.use(p, declared)
		if declared {
			c.Reached = append(c.Reached, Reach{s.ws.Display(path), s.ws.Label(p)})
		}
	}
	return nil
}

// resolve returns the copy that Node.js would load by a name, and where it
// finds it.
func (s *scan) resolve(name string, dirs []string) (*Install, string, error) {
	for _, dir := range dirs {
		if s.empty[dir] {
			continue
		}
		path := filepath.Join(dir, "node_modules", filepath.FromSlash(name))
		c, err := s.add(path)
		if c != nil || err != nil {
			return c, path, err
		}
	}
	return nil, "", nil
}

// use records that p loads the copy. What a package does not declare it may
// load all the same, but does not bring to those that depend on it.
func (i *Install) use(p *Package, declared bool) {
	if i.users == nil {
		i.users = map[*Package]bool{}
	}
	i.users[p] = i.users[p] || declared
}

// spread completes who uses which copy: who depends on a package with a copy of
// its own, and who depends on another package of the workspace that uses one.
func (s *scan) spread() {
	packages := s.ws.Packages
	for c, owner := range s.nested {
		for i := range packages {
			if _, depends := packages[i].Dependencies[owner]; depends {
				c.use(&packages[i], true)
			}
		}
	}
	byName := map[string]*Package{}
	for i := range packages {
		byName[packages[i].Name] = &packages[i]
	}
	for i := range packages {
		for needed := range closure(&packages[i], byName) {
			for _, c := range s.copies {
				if c.users[needed] {
					c.use(&packages[i], false)
				}
			}
		}
	}
}

// closure returns the packages of the workspace that p depends on, directly or
// through others of them.
func closure(p *Package, byName map[string]*Package) map[*Package]bool {
	found := map[*Package]bool{}
	open := []*Package{p}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		for name := range at.Dependencies {
			if next := byName[name]; next != nil && next != p && !found[next] {
				found[next] = true
				open = append(open, next)
			}
		}
	}
	return found
}

// upTo lists dir and the directories above it up to top, or dir alone if it
// does not lie below top.
func upTo(dir, top string) []string {
	dirs := []string{dir}
	if !within(dir, top) {
		return dirs
	}
	for dir != top {
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}
