package detect

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Select returns the copies that the words name. Each word is a range of releases, such
// as "4.24.x", or the path of a copy, of a next-auth that loads it, or of a link to one of
// these. Only its path selects a stray. Without words Select returns all copies. A word
// that names no copy is an error.
func (p *Project) Select(words []string) ([]Install, error) {
	if len(words) == 0 {
		return p.Copies, nil
	}
	all := slices.Concat(p.Copies, p.Strays)
	chosen := make([]bool, len(all))
	for _, word := range words {
		if word == "" {
			return nil, errors.New("the value is empty")
		}
		named, err := namer(word)
		if err != nil {
			return nil, err
		}
		any := false
		for i := range all {
			if named(&all[i]) {
				chosen[i], any = true, true
			}
		}
		if !any {
			return nil, fmt.Errorf("no copy of next-auth matches %s", word)
		}
	}
	var selected []Install
	for i, c := range all {
		if chosen[i] {
			selected = append(selected, c)
		}
	}
	return selected, nil
}

// IsRange reports whether a word for Select is a range of releases, not a path.
func IsRange(word string) bool {
	_, err := semver.NewConstraint(word)
	return err == nil
}

// namer returns a function that reports whether a word names a copy.
func namer(word string) (func(*Install) bool, error) {
	if constraint, err := semver.NewConstraint(word); err == nil {
		constraint.IncludePrerelease = true
		includes := func(l loader) bool {
			v, err := semver.StrictNewVersion(l.release)
			return err == nil && constraint.Check(compared(v, word))
		}
		return func(c *Install) bool { return slices.ContainsFunc(c.loaders, includes) }, nil
	}
	dir, err := placeOf(word)
	if isAbsent(err) {
		return nil, fmt.Errorf("%q is neither a range of releases nor a directory", word)
	}
	if err != nil {
		return nil, err
	}
	return func(c *Install) bool {
		return c.isIn(dir) || slices.ContainsFunc(c.loaders, func(l loader) bool { return l.dir == dir })
	}, nil
}

// isIn reports whether a path is the copy's. That of an archive may have links.
func (i *Install) isIn(dir string) bool {
	if i.Dir == dir || i.PnP == nil {
		return i.Dir == dir
	}
	real, err := placeOf(i.Dir)
	return err == nil && real == dir
}

// compared returns the release that a range is compared with. If the range names no
// prerelease, that is the release that a prerelease leads to: 5.x includes 5.0.0-beta.32,
// and <5 does not.
func compared(v *semver.Version, word string) *semver.Version {
	if _, err := semver.StrictNewVersion(word); err == nil || prerelease().MatchString(word) {
		return v
	}
	return semver.New(v.Major(), v.Minor(), v.Patch(), "", "")
}

// prerelease matches a version of a prerelease in a range.
var prerelease = lazyregexp.Compile(`\d-[0-9A-Za-z]`)

// FromRoot returns a path from the workspace's root, with slashes. The last name may be a
// link, as in node_modules, and stays as the user typed it.
func (w *Workspace) FromRoot(path string) (string, error) {
	dir, err := placeOf(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(w.Root().Dir, filepath.Join(dir, filepath.Base(path)))
	return filepath.ToSlash(rel), err
}

// IsStable reports whether a path leads into the project, through no directory that the
// package manager names by the release or by a hash.
func (i *Install) IsStable(path string) bool {
	return filepath.IsLocal(filepath.FromSlash(path)) && !slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(name string) bool {
		return slices.Contains(stores, name) || i.Release != "" && strings.Contains(name, i.Release) || i.Holder.Release != "" && strings.Contains(name, i.Holder.Release)
	})
}

// Names lists the words that select each copy, for hints.
func (p *Project) Names() string {
	var names []string
	for _, c := range slices.Concat(p.Copies, p.Strays) {
		names = append(names, fmt.Sprintf("%s (%s)", filepath.ToSlash(c.Path), c.Release))
	}
	return strings.Join(slices.Compact(names), ", ")
}
