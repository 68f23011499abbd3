package line

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// UnsupportedError says that a release of next-auth can't be patched, and what to do
// instead.
type UnsupportedError struct {
	What   string // such as "next-auth 4.0.0"
	Reason string
	Hint   hint.Hint
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is not supported: %s", e.What, e.Reason)
}

// Unsupported names the releases that no line has, for people.
const Unsupported = "3.x, 4.0.0 (a build of 3.x), prereleases of 4.x and older betas of 5 are not"

// refusal says why no line has a release, and what to do.
func refusal(v *semver.Version) (reason string, advice hint.Hint) {
	for _, l := range All {
		if l.Prereleases && l.major() == v.Major() {
			return "it is older than " + l.First,
				hint.Text("upgrade to next-auth " + l.Last + " or newer").
					Or(hint.Text("or set NODE_USE_ENV_PROXY=1 in addition to https_proxy; Node.js 22.21, 24.5 or newer then uses the proxy by itself"))
		}
	}
	switch newest := All[len(All)-1]; {
	case v.Major() > newest.major():
		return "it is newer than " + newest.Range, hint.Text("upgrade proxypatch")
	case v.Major() < 4:
		return "it is older than 4.x", hint.Text("upgrade to next-auth 4")
	case v.Prerelease() != "":
		return "it is a prerelease", hint.Text("install a stable release of next-auth 4")
	}
	return "it is a build of 3.x published under a 4.x number", hint.Text("upgrade to next-auth 4.0.1 or newer")
}
