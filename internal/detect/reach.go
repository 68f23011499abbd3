package detect

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/line"
)

// reach finds the copies that a package of the workspace loads. It searches as Node.js
// does: in the node_modules of the package's directory and of its parents, up to the
// workspace's root. For the package at hand it also searches above the root.
func (s *scan) reach(p Package) error {
	dirs := upTo(p.Dir, s.ws.Root().Dir)
	if p.Is(s.ws.Home) {
		dirs = s.ws.chain
	}
	names := []string{line.NextAuth}
	for name, wanted := range p.Dependencies {
		if strings.HasPrefix(wanted, aliasPrefix) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		c, path, err := s.resolve(name, dirs)
		if errors.Is(err, errNone) {
			continue
		}
		if err != nil {
			return err
		}
		c.users[p.Dir] = true
		if _, declared := p.Dependencies[name]; declared {
			c.Reached = append(c.Reached, Reach{s.ws.Display(path), s.ws.Label(p)})
		}
	}
	return nil
}

// resolve returns the copy that Node.js would load by a name, and its path. The error
// is errNone if there is no copy.
func (s *scan) resolve(name string, dirs []string) (*Install, string, error) {
	for _, dir := range dirs {
		if s.empty[dir] {
			continue
		}
		path := filepath.Join(dir, "node_modules", filepath.FromSlash(name))
		c, err := s.add(path)
		if !errors.Is(err, errNone) {
			return c, path, err
		}
	}
	return nil, "", errNone
}

// upTo lists dir and its parents up to top, or only dir if it is not below top.
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
