package patchset

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// Releases is the set of next-auth releases that a diff is for, as its "Releases:"
// line says. The zero value means every release, because a user's own diff needs no
// such line.
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

// UnsupportedError says that a release of next-auth can't be patched, and what to do
// instead.
type UnsupportedError struct {
	Release string
	Reason  string
	Hint    hint.Hint
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("next-auth %s is not supported: %s", e.Release, e.Reason)
}

// parseRelease accepts the releases that a set can patch: stable 4.x except 4.0.0.
func parseRelease(release string) (*semver.Version, error) {
	refuse := func(reason string, advice hint.Hint) (*semver.Version, error) {
		return nil, &UnsupportedError{Release: release, Reason: reason, Hint: advice}
	}
	v, err := semver.StrictNewVersion(release)
	switch {
	case err != nil:
		return refuse("its package.json has no valid version", hint.Text("reinstall next-auth"))
	case v.Major() < 4:
		return refuse("it is older than 4.x", hint.Text("upgrade to next-auth 4"))
	case v.Major() > 5:
		return refuse("it is not a 4.x release", hint.Text("upgrade proxypatch"))
	case v.Major() > 4:
		return refuse("5.x makes its requests with fetch and has no openid-client to patch",
			hint.Text("set NODE_USE_ENV_PROXY=1 in addition to https_proxy; Node.js 22.21, 24.5 or newer then uses the proxy by itself").
				Or(hint.Text("or call setGlobalDispatcher(new EnvHttpProxyAgent()) from undici 6 or 7 in instrumentation.ts if NEXT_RUNTIME is nodejs; customFetch is not enough")))
	case v.Prerelease() != "":
		return refuse("it is a prerelease", hint.Text("install a stable release of next-auth 4"))
	case v.String() == "4.0.0":
		return refuse("it is a build of 3.x published under a 4.x number", hint.Text("upgrade to next-auth 4.0.1 or newer"))
	}
	return v, nil
}
