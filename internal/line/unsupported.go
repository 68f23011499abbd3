package line

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// UnsupportedError says that a release of next-auth can't be patched, and what to do
// instead.
type UnsupportedError struct {
	What   string // such as "next-auth 2.2.0"
	Reason string
	Hint   hint.Hint
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is not supported: %s", e.What, e.Reason)
}

// Unsupported names the releases that no line has, for people.
const Unsupported = "2.x and older, prereleases of 3.x and 4.x, and older betas of 5 are not"

// refusal says why no line has a release, and what to do.
func refusal(v *semver.Version) (reason string, advice hint.Hint) {
	for _, l := range All {
		if l.Prereleases && l.major() == v.Major() {
			return "it is older than " + l.First,
				hint.Text("upgrade to next-auth " + l.Last + " or newer").
					Or(hint.Text("or set NODE_USE_ENV_PROXY=1 in addition to https_proxy; Node.js 22.21, 24.5 or newer then uses the proxy by itself"))
		}
	}
	byMajor := slices.SortedFunc(slices.Values(All), func(a, b *Line) int { return cmp.Compare(a.major(), b.major()) })
	switch oldest, newest := byMajor[0], byMajor[len(byMajor)-1]; {
	case v.Major() > newest.major():
		return "it is newer than " + newest.Range, hint.Text("upgrade proxypatch")
	case v.Major() < oldest.major():
		return "it is older than " + oldest.Range, hint.Text("upgrade to " + oldest.Name + " or newer")
	}
	return "it is a prerelease", hint.Text(fmt.Sprintf("install a stable release of next-auth %d", v.Major()))
}
