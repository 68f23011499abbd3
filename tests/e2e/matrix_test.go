package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// variants are the ways to build the app: an npm project with a Next.js, and
// what tells it which bundler to take. Turbopack builds since Next.js 15.
var variants = []struct {
	project, bundler string
	flags            []string
}{
	{"next-13", "webpack", nil},
	{"next-14", "webpack", nil},
	{"next-15", "webpack", nil},
	{"next-15", "Turbopack", []string{"--turbopack"}},
	{"next-16", "webpack", []string{"--webpack"}},
	{"next-16", "Turbopack", nil},
}

// agents are npm projects with releases of https-proxy-agent.
var agents = []string{"agent-5.0.1", "agent-7.0.6", "agent-9.1.0"}

// refused are the messages with which a Next.js can't build an https-proxy-agent,
// patched next-auth or not.
var refused = map[string]string{
	// Release 9 tries to load a package that people may have. Next.js 13 insists on it.
	"next-13 agent-9.1.0": "Can't resolve 'kerberos'",
}

// ways are the columns of the table: how the app is served, who visits it, and
// by which proxy.
var ways = append([]string{"next start", "Chromium", "standalone"}, slices.Sorted(maps.Keys(proxies))...)

// TestMatrix tries every combination and writes the table docs/maintaining/e2e.md.
func TestMatrix(t *testing.T) {
	gate.NeedAll(t, "e2e")
	for _, p := range proxies {
		if _, err := exec.LookPath(p.program); err != nil {
			t.Fatalf("%v: Debian's package %s has it", err, p.program)
		}
	}
	identity := startIdentityProvider(t)
	results := make([]*table, len(variants))
	t.Run("Next.js", func(t *testing.T) {
		for i, v := range variants {
			t.Run(v.project+" "+v.bundler, func(t *testing.T) {
				t.Parallel()
				app := newNextApp(t, v.project, v.flags...)
				result := &table{next: version(t, app.dir, "next"), bundler: v.bundler}
				app.matrix(t, identity, v.project, result)
				results[i] = result // it went to the end
			})
		}
	})
	if !slices.Contains(results, nil) { // a part of the matrix makes no table
		must(t, os.WriteFile(resultsFile, append(document(t, results), partOf5(t)...), 0o666))
	}
}

// matrix takes an app through all states and combinations.
func (n *nextApp) matrix(t *testing.T, identity *url.URL, project string, results *table) {
	fails := func(state string) {
		n.build(t)
		for _, router := range slices.Sorted(maps.Keys(routers)) {
			ok := t.Run(state+"/"+router, func(t *testing.T) { n.start(t, identity, router).failsUnseen(t, "ENOTFOUND") })
			results.add(state, router, "next start", "fails, unseen", ok)
		}
	}
	fails("unpatched")
	for _, agent := range agents {
		n.install(t, agent)
		proxypatch(t, n.dir)
		if message := refused[project+" "+agent]; message != "" {
			n.refuses(t, message, results)
			continue
		}
		n.build(t, "OUTPUT=standalone")
		t.Run(agent, func(t *testing.T) { n.signInByAllWays(t, identity, results) })
	}
	proxypatch(t, n.dir, "revert")
	fails("reverted")
}

// refuses makes sure that next build fails with a message.
func (n *nextApp) refuses(t *testing.T, message string, results *table) {
	t.Helper()
	out, err := n.tryBuild(t)
	if err == nil || !strings.Contains(string(out), message) {
		t.Errorf("next build did not fail with %q: %v\n%s", message, err, out)
	}
	for _, router := range slices.Sorted(maps.Keys(routers)) {
		results.add(n.patched(t), router, "next start", "can't be built: "+message, err != nil)
	}
}

// patched is what the table calls the patched app.
func (n *nextApp) patched(t *testing.T) string {
	t.Helper()
	return "https-proxy-agent " + version(t, n.dir, "https-proxy-agent")
}

// signInByAllWays signs in to the patched app as it was built.
func (n *nextApp) signInByAllWays(t *testing.T, identity *url.URL, results *table) {
	for _, router := range slices.Sorted(maps.Keys(routers)) {
		for _, way := range ways {
			cell := "signed in"
			ok := t.Run(router+"/"+way, func(t *testing.T) {
				defer func() {
					if t.Skipped() {
						cell = "not tried: no Chromium"
					}
				}()
				n.signInBy(t, way, identity, router)
			})
			results.add(n.patched(t), router, way, cell, ok)
		}
	}
}

// signInBy signs in by one of the ways.
func (n *nextApp) signInBy(t *testing.T, way string, identity *url.URL, router string) {
	t.Helper()
	network := newNetwork(t, identity)
	switch p, found := proxies[way]; {
	case found:
		address, log := p.start(t, network)
		n.serve(t, network, address, router, false).signsIn(t)
		passed(t, log)
	case way == "Chromium":
		n.serve(t, network, network.Proxy(), router, false).browse(t)
	default:
		app := n.serve(t, network, network.Proxy(), router, way == "standalone")
		app.signsIn(t)
		app.failsWithoutProxy(t)
	}
}

// signsIn signs in by every provider, and to what only members see.
func (a *app) signsIn(t *testing.T) {
	t.Helper()
	a.succeeds(t)
	a.admitsMembers(t)
	if strings.Contains(a.server.output.String(), "secret@") {
		t.Errorf("the server's log shows the proxy's password:\n%s", a.server.output)
	}
}

// install replaces the app's https-proxy-agent by that of an npm project, and
// wipes what was built with the other one.
func (n *nextApp) install(t *testing.T, agent string) {
	t.Helper()
	from := filepath.Join(nodetest.Project(t, agent), "node_modules")
	must(t, os.RemoveAll(filepath.Join(n.dir, ".next")))
	for _, name := range []string{"https-proxy-agent", "agent-base", "proxy-agent-negotiate"} {
		to := filepath.Join(n.dir, "node_modules", name)
		must(t, os.RemoveAll(to))
		if _, err := os.Stat(filepath.Join(from, name)); err == nil {
			must(t, nodetest.CopyTree(filepath.Join(from, name), to))
		}
	}
}

// version is that of a package installed in a directory.
func version(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "node_modules", name, "package.json"))
	must(t, err)
	var manifest struct{ Version string }
	must(t, json.Unmarshal(data, &manifest))
	return manifest.Version
}

// table is what came of one variant.
type table struct {
	next, bundler string
	rows          []*row
}

type row struct {
	state, router string
	cells         map[string]string // by ways
}

func (r *table) add(state, router, way, cell string, ok bool) {
	if !ok {
		cell = "**not as it should be**"
	}
	if last := len(r.rows) - 1; last < 0 || r.rows[last].state != state || r.rows[last].router != router {
		r.rows = append(r.rows, &row{state, router, map[string]string{}})
	}
	r.rows[len(r.rows)-1].cells[way] = cell
}

const heading = `# Sign-ins that were tested

` + "`make e2e`" + ` wrote this page. Each cell has the result of three sign-ins with next-auth %s
on Node.js %s. Each goes from the app's sign-in page, through the provider's pages, to the
session:

- OpenID Connect with discovery, token, JWKS and userinfo
- azure-ad with its photo
- twitter with OAuth 1.0A

"Signed in" means that all requests went through the proxy. It also means that the Edge
runtime's middleware, which imports the same options, accepted the session. "Fails,
unseen" means that the sign-in ended on next-auth's error page and that no request reached
the proxy.

In the columns "next start" and "standalone" (` + "`output: \"standalone\"`" + `), requests go through
the tests' own CONNECT proxy. At the end the test stops the proxy, and each sign-in must
fail with an error that names it. In the column "Chromium", a headless Chromium signs in
by OpenID Connect. It also opens a page that has a provider in the browser's bundle.
Debian's squid and tinyproxy forward to the same proxy, and tinyproxy asks for user and
password.

`

// document is the table for people.
func document(t *testing.T, results []*table) []byte {
	t.Helper()
	node, err := exec.Command(nodetest.Node(t), "--version").Output()
	must(t, err)
	var b strings.Builder
	auth := version(t, nodetest.Project(t, variants[0].project), "next-auth")
	fmt.Fprintf(&b, heading, auth, strings.TrimSpace(strings.TrimPrefix(string(node), "v")))
	fmt.Fprintf(&b, "| Next.js | bundler | next-auth | router | %s |\n", strings.Join(ways, " | "))
	b.WriteString("|" + strings.Repeat("---|", 4+len(ways)) + "\n")
	for _, r := range results {
		for _, row := range r.rows {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |", r.next, r.bundler, row.state, strings.TrimSuffix(row.router, " router"))
			for _, way := range ways {
				b.WriteString(strings.TrimRight(" "+row.cells[way], " ") + " |")
			}
			b.WriteString("\n")
		}
	}
	return []byte(b.String())
}
