package e2e

import (
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// routers are the paths of next-auth in the app, by Next.js's router. Both can't be at
// /api/auth in one app.
var routers = map[string]string{"pages router": "", "app router": "/app"}

// TestNext signs in to an app of Next.js 14 with both routers, built before the patch,
// with it and after a revert. check --built must agree with the sign-ins.
func TestNext(t *testing.T) {
	needE2E(t)
	t.Parallel()
	identity := startIdentityProvider(t)
	next := newNextApp(t, "next-14")
	each := func(state string, built clitest.Code, try func(*testing.T, *app)) {
		t.Helper()
		next.build(t)
		next.judge(t, state, built)
		for _, router := range slices.Sorted(maps.Keys(routers)) {
			t.Run(state+"/"+router, func(t *testing.T) { try(t, next.start(t, identity, router)) })
		}
	}

	each("unpatched", clitest.Pending, func(t *testing.T, a *app) { a.failsUnseen(t, "ENOTFOUND") })
	proxypatch(t, next.dir)
	next.judge(t, "patched, but not built again", clitest.Pending)
	each("patched", clitest.OK, func(t *testing.T, a *app) {
		a.succeeds(t)
		a.admitsMembers(t)
		t.Run("browser", a.browse)
		a.failsWithoutProxy(t)
	})
	proxypatch(t, next.dir, "revert")
	next.judge(t, "reverted, but not built again", clitest.Pending) // the pages router loads what is installed
	each("reverted", clitest.Pending, func(t *testing.T, a *app) { a.failsUnseen(t, "ENOTFOUND") })
}

// nextApp is an app of Next.js, such as the one in testdata/next.
type nextApp struct {
	dir   string
	flags []string // of next build

	providers map[string]provider
	heading   string // of the page with a provider in the browser's bundle
}

// newNextApp installs the app with one of the npm projects next-*.
func newNextApp(t *testing.T, project string, flags ...string) *nextApp {
	t.Helper()
	dir := nodetest.Copy(t, project)
	must(t, nodetest.CopyTree("testdata/next", dir))
	options, err := os.ReadFile("testdata/options.js")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "options.js"), options, 0o666))
	return &nextApp{dir, flags, providers, "Azure Active Directory"}
}

// judge requires what check --built says of the app.
func (n *nextApp) judge(t *testing.T, state string, want clitest.Code) {
	t.Helper()
	if got := clitest.Run(t, n.dir, nil, "check", "--built"); got.Code != want {
		t.Errorf("%s: check --built exited with %d, not %d:\n%s%s", state, got.Code, want, got.Stdout, got.Stderr)
	}
}

func (n *nextApp) program() string { return filepath.Join(n.dir, "node_modules/next/dist/bin/next") }

// build runs next build.
func (n *nextApp) build(t *testing.T, env ...string) {
	t.Helper()
	if out, err := n.tryBuild(t, env...); err != nil {
		t.Fatalf("next build: %v\n%s", err, out)
	}
}

// tryBuild runs next build without a registry and telemetry, and returns its output.
func (n *nextApp) tryBuild(t *testing.T, env ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command(nodetest.Node(t), append([]string{n.program(), "build"}, n.flags...)...)
	cmd.Dir = n.dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"NEXT_TELEMETRY_DISABLED=1", "npm_config_registry=http://127.0.0.1:9",
	}, env...)
	return cmd.CombinedOutput()
}

// start serves the built app, with next-auth at the path of a router.
func (n *nextApp) start(t *testing.T, identity *url.URL, router string) *app {
	t.Helper()
	network := newNetwork(t, identity)
	return n.serve(t, network, network.Proxy(), router, false)
}

// serve is start with a running network and proxy. With standalone it runs the server
// that next build made (output: "standalone").
func (n *nextApp) serve(t *testing.T, network *nettest.Network, proxy, router string, standalone bool) *app {
	t.Helper()
	return n.launch(t, network, nodetest.Node(t), environment(network, proxy), router, standalone)
}

// launch is serve with a Node.js and its environment.
func (n *nextApp) launch(t *testing.T, network *nettest.Network, node string, env []string, router string, standalone bool) *app {
	t.Helper()
	port := nettest.FreePort(t)
	origin := "http://localhost:" + port
	env = append(env,
		"NEXT_TELEMETRY_DISABLED=1", "NEXTAUTH_URL="+origin+routers[router]+"/api/auth", "PORT="+port)
	args := []string{n.program(), "start", "-p", port}
	if standalone {
		args = []string{filepath.Join(n.dir, ".next/standalone/server.js")}
	}
	server := start(t, n.dir, env, node, args...)
	server.await(t, func() bool { return nettest.Listens("localhost:" + port) })
	return &app{network: network, server: server, origin: origin, url: origin + routers[router], providers: n.providers, heading: n.heading}
}

// admitsMembers requires that the middleware, which imports next-auth's options, admits
// only signed-in visitors.
func (a *app) admitsMembers(t *testing.T) {
	t.Helper()
	v := newVisitor(t, a.network)
	expect := func(when, path, heading string) {
		t.Helper()
		page, err := v.open(a.origin + "/members")
		if err != nil {
			t.Errorf("%s: %v", when, err)
		} else if got := page.Find("h1").Text(); page.Url.Path != path || got != heading {
			t.Errorf("%s: got %s with the heading %q\n%s", when, page.Url, got, a.server.output)
		}
	}
	expect("signed out", "/api/auth/signin", "") // next-auth's default for every path of its routes
	if _, err := v.signIn(a.url, "idp"); err != nil {
		t.Error(err)
	}
	expect("signed in", "/members", "Members only")
}
