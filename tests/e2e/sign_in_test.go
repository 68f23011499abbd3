package e2e

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// provider has the requests of a sign-in, and the image of who signs in.
type provider struct {
	arrives []string
	image   string
}

// providers are the ones of testdata/options.js.
var providers = map[string]provider{
	"idp": {
		arrives: []string{
			"GET idp.corp.test/.well-known/openid-configuration",
			"GET idp.corp.test/jwks", "GET idp.corp.test/me", "POST idp.corp.test/token",
		},
	},
	"azure-ad": {
		arrives: []string{
			"GET graph.microsoft.com/v1.0/me/photos/48x48/$value",
			"GET idp.corp.test/.well-known/openid-configuration", "GET idp.corp.test/jwks", "POST idp.corp.test/token",
		},
		image: "data:image/jpeg;base64, cGhvdG8=",
	},
	"twitter": {
		arrives: []string{
			"GET api.twitter.com/1.1/account/verify_credentials.json",
			"POST api.twitter.com/oauth/access_token", "POST api.twitter.com/oauth/request_token",
		},
		image: "https://api.twitter.com/ada.jpg",
	},
}

// releases are some supported releases with different diffs. The npm project sign-in
// has a copy of each under the name next-auth-<release>.
var releases = []string{"4.0.1", "4.2.1", "4.10.3", "4.15.2", "4.24.15"}

// TestSignIn signs in with some releases, in every state of the files and of the proxy.
func TestSignIn(t *testing.T) {
	needE2E(t)
	identity := startIdentityProvider(t)
	project := nodetest.Copy(t, "sign-in")
	each := func(state string, try func(*testing.T, *app)) {
		t.Run(state, func(t *testing.T) {
			for _, release := range releases {
				t.Run(release, func(t *testing.T) {
					t.Parallel()
					try(t, startServer(t, identity, filepath.Join(project, "node_modules", "next-auth-"+release)))
				})
			}
		})
	}

	each("unpatched", func(t *testing.T, a *app) { a.failsUnseen(t, "ENOTFOUND") })
	proxypatch(t, project)
	each("patched", func(t *testing.T, a *app) { a.succeeds(t) })
	each("proxy stopped", func(t *testing.T, a *app) { a.failsWithoutProxy(t) })
	proxypatch(t, project, "revert")
	each("reverted", func(t *testing.T, a *app) { a.failsUnseen(t, "ENOTFOUND") })
}

// app is a running app with next-auth.
type app struct {
	network *nettest.Network
	server  *process
	origin  string
	url     string // the part before /api/auth

	providers map[string]provider
	heading   string // of the page with a provider in the browser's bundle

	visits bool // whether a visitor reaches the provider before the app makes a request
}

// startServer starts a server with the next-auth in a directory.
func startServer(t *testing.T, identity *url.URL, dir string) *app {
	t.Helper()
	network := newNetwork(t, identity)
	server := start(t, dir, environment(network, network.Proxy()), nodetest.Node(t), absolute(t, "testdata/server.js"), dir)
	origin := "http://localhost:" + server.port(t)
	return &app{network: network, server: server, origin: origin, url: origin, providers: providers}
}

// succeeds requires a sign-in with every provider, through the proxy.
func (a *app) succeeds(t *testing.T) {
	t.Helper()
	for _, provider := range slices.Sorted(maps.Keys(a.providers)) {
		a.network.Forget()
		want := session{}
		want.User.Name, want.User.Email, want.User.Image = "Ada", "ada@corp.test", a.providers[provider].image
		got, err := newVisitor(t, a.network).signIn(a.url, provider)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s\n%s", provider, err, diff, a.server.output)
		}
		if diff := cmp.Diff(a.providers[provider].arrives, arrived(a.network)); diff != "" {
			t.Errorf("%s: arrivals (-want +got):\n%s", provider, diff)
		}
		a.keepLog(t, provider)
	}
}

// failsWithoutProxy stops the proxy. The error must name it.
func (a *app) failsWithoutProxy(t *testing.T) {
	t.Helper()
	a.network.StopProxy()
	a.network.Forget()
	a.failsUnseen(t, "proxy "+strings.TrimPrefix(a.network.Proxy(), "http://"))
}

// keepLog writes the network's log as an artefact.
func (a *app) keepLog(t *testing.T, name string) {
	t.Helper()
	must(t, os.WriteFile(artefact(t, name+".log"), []byte(strings.Join(a.network.Log(), "\n")+"\n"), 0o666))
}

// failsUnseen requires that a sign-in with every provider fails with an error in the
// server's log, and that no request arrives.
func (a *app) failsUnseen(t *testing.T, logged string) {
	t.Helper()
	for _, provider := range slices.Sorted(maps.Keys(a.providers)) {
		before := len(a.server.output.String())
		got, err := newVisitor(t, a.network).signIn(a.url, provider)
		if err != nil || got.Error == "" || got.User.Name != "" {
			t.Errorf("%s: got %+v, %v", provider, got, err)
		}
		if log := a.server.output.String()[before:]; !strings.Contains(log, logged) {
			t.Errorf("%s: the server did not log %q:\n%s", provider, logged, log)
		}
	}
	seen := a.network.Seen()
	if a.visits {
		seen = slices.DeleteFunc(seen, func(line string) bool { return strings.HasPrefix(line, "direct ") })
	}
	if len(seen) > 0 {
		t.Errorf("%q arrived", seen)
	}
}
