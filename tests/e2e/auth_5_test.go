package e2e

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// providersOf5 are the ones of testdata/auth-5/auth.js.
var providersOf5 = map[string]provider{
	"idp": {
		arrives: []string{
			"GET idp.corp.test/.well-known/openid-configuration", "GET idp.corp.test/me", "POST idp.corp.test/token",
		},
	},
	"microsoft-entra-id": {
		arrives: []string{
			"GET graph.microsoft.com/v1.0/me/photos/48x48/$value",
			"GET login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
			"GET login.microsoftonline.com/tenant/v2.0/.well-known/openid-configuration",
			"POST login.microsoftonline.com/token",
		},
		image: "data:image/jpeg;base64, cGhvdG8=",
	},
}

// directly is what next-auth 5 logs of a request that Node.js makes without a proxy.
const directly = "TypeError: fetch failed\n"

// auth5 is a way to build the app in testdata/auth-5.
type auth5 struct {
	project string // an npm project with a Next.js
	bundler string
	flags   []string // of next build
	proxy   bool     // whether Next.js calls middleware so, and runs it in Node.js
	quick   bool     // whether `make test` builds it
	measure bool     // whether other ways than the patch are tried as well
}

var auth5Apps = []auth5{
	{project: "next-14-auth-5", bundler: "webpack", quick: true, measure: true},
	{project: "next-15-auth-5", bundler: "webpack", measure: true},
	{project: "next-16-auth-5", bundler: "webpack", flags: []string{"--webpack"}, proxy: true},
	{project: "next-16-auth-5", bundler: "Turbopack", proxy: true, quick: true, measure: true},
}

// TestAuth5 builds apps with next-auth 5 before the patch, with it and after a revert, and
// signs in to them. check --built must agree with the sign-ins. With all, it compares other
// ways to use a proxy, and compares the part of docs/maintaining/e2e.md.
func TestAuth5(t *testing.T) {
	needE2E(t)
	t.Parallel()
	identity := startIdentityProvider(t)
	signedIn, measured := make([]string, len(auth5Apps)), make([]*measurement, len(auth5Apps))
	t.Run("Next.js", func(t *testing.T) {
		for i, test := range auth5Apps {
			t.Run(test.project+" "+test.bundler, func(t *testing.T) {
				t.Parallel()
				if !test.quick {
					gate.NeedAll(t, "e2e")
				}
				n := newAuth5App(t, test)
				m := &measurement{version(t, n.dir, "next"), map[trial]map[string]string{}}
				n.goesThrough(t, identity, test, m)
				signedIn[i] = fmt.Sprintf("- Next.js %s with %s: signed in\n", m.next, test.bundler)
				measured[i] = m
			})
		}
	})
	if gate.All(t, "e2e") && !t.Failed() && !slices.Contains(measured, nil) {
		measured = slices.DeleteFunc(measured, func(m *measurement) bool { return len(m.cells) == 0 })
		compareOf5(t, documentOf5(t, signedIn, measured))
	}
}

// goesThrough takes an app through all states.
func (n *nextApp) goesThrough(t *testing.T, identity *url.URL, test auth5, m *measurement) {
	t.Helper()
	compare := test.measure && gate.All(t, "e2e")
	if compare {
		n.addUndici(t)
	}
	unpatched := n.builds(t, "unpatched", clitest.Pending)
	n.start(t, identity, "").failsUnseen(t, directly)
	if compare {
		m.measure(t, n, identity, false)
	}

	proxypatch(t, n.dir)
	n.judgeAll(t, "patched, but not built again", clitest.Pending)
	patched := n.builds(t, "patched", clitest.OK)
	if diff := cmp.Diff(unpatched, patched); diff != "" {
		t.Errorf("other warnings (-unpatched +patched):\n%s", diff)
	}
	n.isClean(t, test.proxy)
	a := n.start(t, identity, "")
	a.succeeds(t)
	a.admitsMembers(t)
	if test.proxy {
		t.Run("browser", a.browse)
	}
	a.failsWithoutProxy(t)
	if compare {
		m.measure(t, n, identity, true)
	}

	proxypatch(t, n.dir, "revert")
	n.judgeAll(t, "reverted, but not built again", clitest.OK)
	if test.proxy || gate.All(t, "e2e") {
		n.builds(t, "reverted", clitest.Pending)
		n.start(t, identity, "").failsUnseen(t, directly)
	}
	if compare && !test.proxy {
		n.refusesUndici(t)
	}
}

// newAuth5App installs the app.
func newAuth5App(t *testing.T, test auth5) *nextApp {
	t.Helper()
	dir := nodetest.Copy(t, test.project)
	must(t, nodetest.CopyTree("testdata/auth-5", dir))
	if test.proxy {
		text, err := os.ReadFile(filepath.Join(dir, "middleware.js"))
		must(t, err)
		must(t, os.Remove(filepath.Join(dir, "middleware.js")))
		must(t, os.WriteFile(filepath.Join(dir, "proxy.js"), []byte(strings.Replace(string(text), "as middleware", "as proxy", 1)), 0o666))
	}
	return &nextApp{dir, test.flags, providersOf5, "Microsoft Entra ID"}
}

// builds builds the app with its standalone output, requires what check --built says of
// both, and returns the warnings.
func (n *nextApp) builds(t *testing.T, state string, want clitest.Code) []string {
	t.Helper()
	out, err := n.tryBuild(t, "OUTPUT=standalone")
	if err != nil {
		t.Fatalf("%s: next build: %v\n%s", state, err, out)
	}
	n.judgeAll(t, state, want)
	return warnings(string(out))
}

// judgeAll requires what check --built says of the app, and of its standalone output alone.
func (n *nextApp) judgeAll(t *testing.T, state string, want clitest.Code) {
	t.Helper()
	n.judge(t, state, want)
	standalone := nextApp{dir: filepath.Join(n.dir, ".next", "standalone")}
	standalone.judge(t, state+", standalone", want)
}

var (
	warning = regexp.MustCompile(`(?i)warn|⚠|critical|support|resolve|edge|https-proxy-agent|node_modules`)
	varying = regexp.MustCompile(`\S*\d\S*`) // times, sizes and hashes
)

// warnings returns the lines of a build's output that may belong to warnings. Of the paths
// to a module, webpack names any one.
func warnings(out string) []string {
	var found []string
	for line := range strings.Lines(out) {
		isPath := strings.HasPrefix(line, "./") && !strings.Contains(line, "/proxy.js")
		if warning.MatchString(line) && !isPath {
			found = append(found, strings.TrimSpace(varying.ReplaceAllString(line, "…")))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// nodeOnly is in the helper's code for Node.js, and in https-proxy-agent.
var nodeOnly = regexp.MustCompile("proxypatch helper revision \\d+[\"'`]|[\"'`]https-proxy-agent[\"'`]")

// isClean requires that the bundles for browsers and the Edge runtime have nothing that
// only Node.js can run, and that the server's have it. proxy says that Node.js runs proxy.js.
func (n *nextApp) isClean(t *testing.T, proxy bool) {
	t.Helper()
	dist := filepath.Join(n.dir, ".next")
	files := map[bool]int{}
	must(t, filepath.WalkDir(dist, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".js" {
			return err
		}
		name, _ := filepath.Rel(dist, path)
		name = filepath.ToSlash(name)
		text, err := os.ReadFile(path)
		must(t, err)
		switch found := nodeOnly.Find(text); {
		case isElsewhere(name) && !(proxy && name == "server/middleware.js"):
			files[false]++
			if found != nil {
				t.Errorf("%s has %s", name, found)
			}
		case found != nil && strings.HasPrefix(name, "server/"):
			files[true]++
		}
		return nil
	}))
	if files[false] == 0 || files[true] == 0 {
		t.Errorf("the build has %d files for browsers and the Edge runtime, and %d with the helper", files[false], files[true])
	}
}

// isElsewhere reports whether a file of a build is for browsers or the Edge runtime.
func isElsewhere(name string) bool {
	return strings.HasPrefix(name, "static/") || strings.HasPrefix(name, "server/edge") || name == "server/middleware.js"
}
