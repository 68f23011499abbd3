package foreign

import (
	"bytes"
	"slices"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

// Origin says who made a patch, by what it does to each file.
type Origin int

const (
	// Stranger means that no part of the patch is from proxypatch.
	Stranger Origin = iota
	// Mixed means that somebody put parts from proxypatch and others into one patch.
	Mixed
	// Outdated means that proxypatch made all parts: an older one, or for another set or
	// release.
	Outdated
	// Newer means that a newer proxypatch made the helper.
	Newer
	// Current means that the patch does exactly what the chosen set does.
	Current
)

// String returns the name in --json.
func (o Origin) String() string {
	return [...]string{"stranger", "mixed", "outdated", "newer", "current"}[o]
}

// Ours reports whether proxypatch made all parts.
func (o Origin) Ours() bool { return o == Outdated || o == Current }

// Origin says who made the patch of a release of a line's package.
func (p *Patch) Origin(library *patchset.Library, of *line.Line, release string) (Origin, error) {
	selection, err := library.For(of, release)
	if err != nil {
		return Stranger, err
	}
	ours, err := p.countOurs(library, of)
	switch {
	case err != nil:
		return Stranger, err
	case slices.ContainsFunc(p.parts, func(part part) bool { return part.revision(of) > selection.Helper.Revision }):
		return Newer, nil
	case ours == 0:
		return Stranger, nil
	case ours < len(p.parts):
		return Mixed, nil
	case p.isWhole(selection, of):
		return Current, nil
	}
	return Outdated, nil
}

// countOurs counts the parts that proxypatch made for a line's package.
func (p *Patch) countOurs(library *patchset.Library, of *line.Line) (int, error) {
	ours := 0
	for _, part := range p.parts {
		own, err := part.isOurs(library, of)
		if err != nil {
			return 0, err
		}
		if own {
			ours++
		}
	}
	return ours, nil
}

// isOurs reports whether some proxypatch made the part: a helper with its stamp, or one of
// the diffs.
func (p part) isOurs(library *patchset.Library, of *line.Line) (bool, error) {
	if p.diff != nil {
		return library.Has(of, p.diff)
	}
	return p.revision(of) > 0, nil
}

// revision returns the revision of the helper that the part adds; 0 if it adds none.
func (p part) revision(of *line.Line) int {
	helper, stamped := patchset.ParseHelper(p.added)
	if !stamped || p.path != of.Helper {
		return 0
	}
	return helper.Revision
}

// hasHelper reports whether the patch adds a helper of some proxypatch.
func (p *Patch) hasHelper(of *line.Line) bool {
	return slices.ContainsFunc(p.parts, func(part part) bool { return part.revision(of) > 0 })
}

// isWhole reports whether the patch has all parts that a release needs, and no other.
func (p *Patch) isWhole(selection *patchset.Selection, of *line.Line) bool {
	wanted := 0
	for _, target := range selection.Targets {
		for _, diff := range target.Diffs(nil) {
			wanted++
			if !slices.ContainsFunc(p.parts, func(part part) bool { return part.diff != nil && part.diff.Same(diff) }) {
				return false
			}
		}
	}
	if selection.AddsHelper() {
		wanted++
		if !slices.ContainsFunc(p.parts, func(part part) bool {
			return part.path == of.Helper && bytes.Equal(part.added, selection.Helper.Content)
		}) {
			return false
		}
	}
	return wanted == len(p.parts)
}
