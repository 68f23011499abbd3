package patchset

import (
	"fmt"
	"regexp"

	"github.com/Masterminds/semver/v3"
)

// Releases is the set of next-auth releases a diff is for, as its "Releases:"
// line says. The zero value means every release: a person's own diff need not
// say any.
type Releases struct {
	text       string
	constraint *semver.Constraints
	newest     *semver.Version
}

var upperBound = regexp.MustCompile(`<=?\s*v?([0-9][^\s,|]*)`)

// ParseReleases reads a semver constraint such as ">=4.1.0 <4.13.0".
func ParseReleases(text string) (Releases, error) {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return Releases{}, fmt.Errorf("%q is not a range of releases", text)
	}
	r := Releases{text: text, constraint: constraint}
	for _, m := range upperBound.FindAllStringSubmatch(text, -1) {
		v, err := semver.NewVersion(m[1])
		if err != nil {
			return Releases{}, fmt.Errorf("%q is not a range of releases", text)
		}
		if r.newest == nil || v.GreaterThan(r.newest) {
			r.newest = v
		}
	}
	return r, nil
}

// String returns the range as it was written.
func (r Releases) String() string { return r.text }

// Closed reports whether the range ends at some release. An open range would
// match releases nobody has looked at.
func (r Releases) Closed() bool { return r.newest != nil }

func (r Releases) include(v *semver.Version) bool {
	return r.constraint == nil || r.constraint.Check(v)
}

// before reports whether the whole range lies below v.
func (r Releases) before(v *semver.Version) bool {
	return r.newest != nil && !r.include(v) && !v.LessThan(r.newest)
}

// UnsupportedError says that a release of next-auth can't be patched, and what
// its users can do instead.
type UnsupportedError struct {
	Release string
	Reason  string
	Hint    string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("next-auth %s is not supported: %s", e.Release, e.Reason)
}

// parseRelease accepts what any set may patch: a stable 4.x other than 4.0.0.
func parseRelease(release string) (*semver.Version, error) {
	refuse := func(reason, hint string) (*semver.Version, error) {
		return nil, &UnsupportedError{Release: release, Reason: reason, Hint: hint}
	}
	v, err := semver.StrictNewVersion(release)
	switch {
	case err != nil:
		return refuse("its package.json names no valid version", "reinstall next-auth")
	case v.Major() < 4:
		return refuse("it is older than 4.x", "upgrade to next-auth 4")
	case v.Major() > 4:
		return refuse("5.x makes its requests with fetch and has no openid-client to patch",
			"set NODE_USE_ENV_PROXY=1 (Node.js 22.21, 24.5 or newer), or call undici's setGlobalDispatcher(new EnvHttpProxyAgent()) in instrumentation.ts for the nodejs runtime")
	case v.Prerelease() != "":
		return refuse("it is a prerelease", "install a stable release of next-auth 4")
	case v.String() == "4.0.0":
		return refuse("it is a build of 3.x published under a 4.x number", "upgrade to next-auth 4.0.1 or newer")
	}
	return v, nil
}
