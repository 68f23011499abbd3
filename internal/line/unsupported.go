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
const Unsupported = "4.0.0 (a build of 3.x), prereleases, 3.x and 5.x are not"

// refusal says why no line has a release, and what to do.
func refusal(v *semver.Version) (reason string, advice hint.Hint) {
	switch {
	case v.Major() < 4:
		return "it is older than 4.x", hint.Text("upgrade to next-auth 4")
	case v.Major() > 5:
		return "it is not a 4.x release", hint.Text("upgrade proxypatch")
	case v.Major() > 4:
		return "5.x makes its requests with fetch and has no openid-client to patch",
			hint.Text("set NODE_USE_ENV_PROXY=1 in addition to https_proxy; Node.js 22.21, 24.5 or newer then uses the proxy by itself").
				Or(hint.Text("or call setGlobalDispatcher(new EnvHttpProxyAgent()) from undici 6 or 7 in instrumentation.ts if NEXT_RUNTIME is nodejs; customFetch is not enough"))
	case v.Prerelease() != "":
		return "it is a prerelease", hint.Text("install a stable release of next-auth 4")
	}
	return "it is a build of 3.x published under a 4.x number", hint.Text("upgrade to next-auth 4.0.1 or newer")
}
