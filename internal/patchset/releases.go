package patchset

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Releases is the set of releases that a diff is for, of the package whose file it changes,
// as its "Releases:" line says. The zero value means every release, because a user's own
// diff needs no such line.
type Releases struct {
	text    string
	oldest  *semver.Version     // of a range like ">=4.1.0 <4.13.0"
	newest  *semver.Version     // the end of that range
	closed  bool                // whether the range includes newest
	general *semver.Constraints // any other range
}

// maxRange limits the length of a range, in bytes.
const maxRange = 200

// ParseReleases reads a semver constraint such as ">=4.1.0 <4.13.0".
func ParseReleases(text string) (Releases, error) {
	if r, ok := parseRange(text); ok {
		return r, nil
	}
	if len(text) > maxRange {
		return Releases{}, fmt.Errorf("a range of releases of %d bytes; the limit is %d", len(text), maxRange)
	}
	general, err := semver.NewConstraint(text)
	if err != nil {
		return Releases{}, fmt.Errorf("%q is not a range of releases", text)
	}
	return Releases{text: text, general: general}, nil
}

// parseRange reads the form that all embedded diffs have. It is much faster than a
// semver.Constraints, which matters because every start reads all ranges.
func parseRange(text string) (r Releases, ok bool) {
	from, to, _ := strings.Cut(text, " ")
	from, lower := strings.CutPrefix(from, ">=")
	to, upper := strings.CutPrefix(to, "<")
	to, closed := strings.CutPrefix(to, "=")
	oldest, err := semver.StrictNewVersion(from)
	newest, err2 := semver.StrictNewVersion(to)
	if !lower || !upper || err != nil || err2 != nil {
		return Releases{}, false
	}
	return Releases{text: text, oldest: oldest, newest: newest, closed: closed}, true
}

// String returns the range as it was written.
func (r Releases) String() string { return r.text }

// include reports whether a stable release is in the range.
func (r Releases) include(v *semver.Version) bool {
	switch {
	case r.general != nil:
		return r.general.Check(v)
	case r.oldest == nil:
		return true
	case r.closed && v.Equal(r.newest):
		return true
	}
	return !v.LessThan(r.oldest) && v.LessThan(r.newest)
}
