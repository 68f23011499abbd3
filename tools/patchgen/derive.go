package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// content is one content of one file, and the releases of the package that have it.
type content struct {
	source
	rule     rule
	releases []string // oldest first, without a gap
	next     string   // the first release with another content, empty if there is none
	bytes    []byte
}

// contents returns all contents of all files that the rules change, by file and release.
func (w work) contents() ([]*content, error) {
	if err := w.checkRules(); err != nil {
		return nil, err
	}
	var all []*content
	for _, r := range w.rules {
		of, err := w.contentsOf(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
		all = append(all, of...)
	}
	return all, nil
}

// contentsOf returns the contents of the file that a rule changes.
func (w work) contentsOf(r rule) ([]*content, error) {
	var all []*content
	var last *content
	seen := map[patchset.ID]string{}
	unseen := slices.Clone(w.Clean[r.path])
	for i, pkg := range w.packages {
		version := w.releases[i].Version
		data, found := pkg[r.path]
		id := patchset.BlobID(data)
		if found {
			clean, err := w.isClean(r, data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", version, err)
			}
			found = !clean
			unseen = slices.DeleteFunc(unseen, func(listed string) bool { return clean && listed == string(id) })
		}
		if !found {
			if last != nil {
				return nil, fmt.Errorf("%s no longer has this file, or no request in it; update the rules", version)
			}
			continue
		}
		if last != nil && id == patchset.BlobID(last.bytes) {
			last.releases = append(last.releases, version)
			continue
		}
		if first := seen[id]; first != "" {
			return nil, fmt.Errorf("%s has the content of %s again, so no range can separate them", version, first)
		}
		seen[id] = version
		if last != nil {
			last.next = version
		}
		last = &content{source: w.source, rule: r, releases: []string{version}, bytes: data}
		all = append(all, last)
	}
	if len(unseen) > 0 {
		return nil, fmt.Errorf("no release has the clean content %s", unseen[0])
	}
	if last == nil {
		return nil, errors.New("no release has this file")
	}
	return all, nil
}

// checkRules returns an error for a file that makes requests and has no rule.
func (w work) checkRules() error {
	if w.calls == nil {
		return nil
	}
	for i, pkg := range w.packages {
		for _, name := range slices.Sorted(maps.Keys(pkg)) {
			covered := slices.ContainsFunc(w.rules, func(r rule) bool { return r.path == name })
			if !covered && w.calls(name, pkg[name]) {
				return fmt.Errorf("%s: %s has no rule for this file, which makes requests", name, w.releases[i].Version)
			}
		}
	}
	return nil
}

// isClean reports whether a content makes no request. The line must list exactly these.
func (w work) isClean(r rule, content []byte) (bool, error) {
	id := patchset.BlobID(content)
	listed := slices.Contains(w.Clean[r.path], string(id))
	if r.requests == nil {
		return listed, nil
	}
	requests, err := r.requests(content)
	switch {
	case err != nil:
		return false, err
	case requests && listed:
		return false, fmt.Errorf("%s makes requests, but is listed as clean", id)
	case !requests && !listed:
		return false, fmt.Errorf("%s makes no request, and is not listed as clean", id)
	}
	return listed, nil
}

func (c *content) first() string { return c.releases[0] }
func (c *content) last() string  { return c.releases[len(c.releases)-1] }

// name returns the name of the content's diff, from the top of the repository.
func (c *content) name() string {
	version := c.first()
	if i := slices.IndexFunc(c.madeAgainst, func(v string) bool { return slices.Contains(c.releases, v) }); i >= 0 {
		version = c.madeAgainst[i]
	}
	return c.dir(version) + "/" + c.rule.path + ".diff"
}

// ranges returns a range that is closed at both ends. It ends before the next content, or
// with the newest known release.
func (c *content) ranges() string {
	if c.next != "" {
		return ">=" + c.Number(c.first()) + " <" + c.Number(c.next)
	}
	return ">=" + c.Number(c.first()) + " <=" + c.Number(c.last())
}

// diff returns the whole text of the content's diff, and the patched content.
func (c *content) diff() (text, patched []byte, err error) {
	patched, err = c.rule.apply(c.bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s to %s: %w", c.first(), c.last(), err)
	}
	text = fmt.Appendf(nil, "Releases: %s\n%s\n\n%s", c.ranges(), c.rule.reason, patchset.Format(c.rule.path, c.bytes, patched, 0o644))
	return text, patched, nil
}
