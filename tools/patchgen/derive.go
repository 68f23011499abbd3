package main

import (
	"fmt"
	"slices"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// content is one content of one file, and the releases that have it.
type content struct {
	rule     rule
	releases []string // oldest first, without a gap
	next     string   // the first release with another content, empty if there is none
	bytes    []byte
}

// madeAgainst are releases that together have every content. If 4.2.1 has a content, its
// diff is in the folder of 4.2.1, otherwise in the folder of the lowest of these that has
// it. If none has it, the diff is in the folder of the content's first release.
var madeAgainst = []string{
	"4.2.1", "4.0.6", "4.1.2", "4.10.0", "4.12.3", "4.16.4", "4.18.7", "4.18.8", "4.18.9", "4.23.2", "4.24.7", "4.24.13", "4.24.15",
}

// contents returns all contents of all files that the rules change, by file and release.
// releases and packages belong together and are ordered by age.
func contents(releases []npmreleases.Release, packages []npmreleases.Package) ([]*content, error) {
	var all []*content
	for _, r := range rules {
		var last *content
		seen := map[patchset.ID]string{}
		for i, pkg := range packages {
			version := releases[i].Version
			data, found := pkg[r.path]
			if !found {
				if last != nil {
					return nil, fmt.Errorf("%s: %s no longer has this file; update the rules", r.path, version)
				}
				continue
			}
			id := patchset.BlobID(data)
			if last != nil && id == patchset.BlobID(last.bytes) {
				last.releases = append(last.releases, version)
				continue
			}
			if first := seen[id]; first != "" {
				return nil, fmt.Errorf("%s: %s has the content of %s again, so no range can separate them", r.path, version, first)
			}
			seen[id] = version
			if last != nil {
				last.next = version
			}
			last = &content{rule: r, releases: []string{version}, bytes: data}
			all = append(all, last)
		}
		if last == nil {
			return nil, fmt.Errorf("%s: no release has this file", r.path)
		}
	}
	return all, nil
}

func (c *content) first() string { return c.releases[0] }
func (c *content) last() string  { return c.releases[len(c.releases)-1] }

// dir returns the folder of patches/ that has the content's diff.
func (c *content) dir() string {
	for _, version := range madeAgainst {
		if slices.Contains(c.releases, version) {
			return "v" + version
		}
	}
	return "v" + c.first()
}

// name returns the diff's name below patches/.
func (c *content) name() string { return c.dir() + "/" + c.rule.path + ".diff" }

// ranges returns a range that is closed at both ends. It ends before the next content, or
// with the newest known release.
func (c *content) ranges() string {
	if c.next != "" {
		return ">=" + c.first() + " <" + c.next
	}
	return ">=" + c.first() + " <=" + c.last()
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
