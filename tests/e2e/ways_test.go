package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// ways are how the fetch of next-auth 5 can go through a proxy: the columns of a table.
var ways5 = []struct {
	name    string
	patched bool
	env     string
}{
	{"proxypatch", true, "WAY=patch"},
	{"`NODE_USE_ENV_PROXY=1`", false, "NODE_USE_ENV_PROXY=1"},
	{"`EnvHttpProxyAgent`", false, "WAY=undici"},
}

// trial is a row: how a server is started, and how it knows the proxy.
type trial struct {
	node, setting string
}

const (
	both     = "`https_proxy`"
	httpOnly = "`http_proxy` alone"
	inFile   = "`https_proxy` only in `.env.local`"
	refusing = "`https_proxy`, answers 407"
)

// trials returns the rows of a Next.js. Next.js 16 does not run on Node.js 18.
func trials(next string) []trial {
	var rows []trial
	for _, node := range []string{"node-18", "node-20", "node-22", "node-24", "node-26"} {
		if node != "node-18" || !strings.HasPrefix(next, "16.") {
			rows = append(rows, trial{node, both})
		}
	}
	return append(rows, trial{"node-24", httpOnly}, trial{"node-24", inFile}, trial{"node-24", refusing})
}

// measurement has the cells of one Next.js.
type measurement struct {
	next  string
	cells map[trial]map[string]string // by ways
}

// measure tries the ways of the app as it was built, on several releases of Node.js.
func (m *measurement) measure(t *testing.T, n *nextApp, identity *url.URL, patched bool) {
	t.Helper()
	for _, row := range trials(m.next) {
		for _, way := range ways5 {
			if way.patched != patched {
				continue
			}
			t.Run(fmt.Sprint(way.name, " ", row.node, " ", row.setting), func(t *testing.T) {
				if m.cells[row] == nil {
					m.cells[row] = map[string]string{}
				}
				m.cells[row][way.name] = n.try(t, identity, row, way.env)
			})
		}
	}
}

// try starts the app, and returns how a sign-in with Entra ends.
func (n *nextApp) try(t *testing.T, identity *url.URL, row trial, env string) string {
	t.Helper()
	network := newNetwork(t, identity)
	proxy, asked := network.Proxy(), func() bool { return len(network.Seen()) > 0 }
	if row.setting == refusing {
		proxy, asked = refuse(t)
	}
	environment := append(onlyProxy(network), env)
	switch row.setting {
	case httpOnly:
		environment = append(environment, "http_proxy="+proxy)
	case inFile:
		file := filepath.Join(n.dir, ".env.local")
		must(t, os.WriteFile(file, []byte("https_proxy="+proxy+"\n"), 0o666))
		defer os.Remove(file)
	default:
		environment = append(environment, "https_proxy="+proxy)
	}
	a := n.launch(t, network, nodetest.PinnedNode(t, row.node), environment, "", false)
	defer a.server.stop()
	got, err := newVisitor(t, network).signIn(a.url, "microsoft-entra-id")
	must(t, err)
	if got.User.Name == "Ada" && got.User.Image != "" && got.Error == "" {
		return "signed in"
	}
	log := a.server.output.String()
	switch {
	case !asked():
		return "fails: goes out directly"
	case strings.Contains(log, "proxy "+strings.TrimPrefix(proxy, "http://")+" answered CONNECT login.microsoftonline.com:443 with 407"):
		return "fails: names the proxy and 407"
	case strings.Contains(log, "407"):
		return "fails: says 407"
	case strings.Contains(log, directly):
		return "fails: says only `fetch failed`"
	}
	t.Errorf("the sign-in failed otherwise:\n%s", log)
	return "fails"
}

// refuse starts a proxy that needs a login. asked reports whether it had a request.
func refuse(t *testing.T) (proxy string, asked func() bool) {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() bool { return requests.Load() > 0 }
}

// addUndici adds undici, and an instrumentation.js that can use it.
func (n *nextApp) addUndici(t *testing.T) {
	t.Helper()
	must(t, nodetest.CopyTree("testdata/ways", n.dir))
	must(t, nodetest.CopyTree(filepath.Join(nodetest.Project(t, "undici-6"), "node_modules", "undici"), filepath.Join(n.dir, "node_modules", "undici")))
}

// refusesUndici requires that webpack can't build an app whose middleware imports undici,
// as it does where auth.js makes a customFetch.
func (n *nextApp) refusesUndici(t *testing.T) {
	t.Helper()
	file := filepath.Join(n.dir, "auth.js")
	text, err := os.ReadFile(file)
	must(t, err)
	const own = "import { EnvHttpProxyAgent } from \"undici\"\nexport const dispatcher = new EnvHttpProxyAgent()\n"
	must(t, os.WriteFile(file, append([]byte(own), text...), 0o666))
	if out, err := n.tryBuild(t); err == nil || !strings.Contains(string(out), "UnhandledSchemeError") {
		t.Errorf("next build did not fail because of Node.js's modules: %v\n%s", err, out)
	}
	must(t, os.WriteFile(file, text, 0o666))
}

// headingOf5 begins the part of docs/maintaining/e2e.md that TestAuth5 writes.
const headingOf5 = "## next-auth 5\n"

const introOf5 = headingOf5 + `
` + "`make e2e`" + ` compares this part with its results, with next-auth %s. Someone signs in with
an OpenID Connect provider and with Entra, to an app with the app router. Its middleware or
proxy.js exports ` + "`auth`" + `. Unpatched and reverted, no request reached the proxy. Patched:

%s
The table compares a patched app with other ways: ` + "`NODE_USE_ENV_PROXY=1`" + `, and undici %s in
` + "`instrumentation.js`" + `. Node.js 26 ignores this undici, and not undici 7. Each cell is a
sign-in with Entra and its photo:

| Next.js | Node.js | the proxy is in | %s |
|---|---|---|---|---|---|
`

// resultsFile is what make e2e writes.
const resultsFile = "../../docs/maintaining/e2e.md"

// compareOf5 requires that the document has the part of next-auth 5. UPDATE=1 writes it.
func compareOf5(t *testing.T, part string) {
	t.Helper()
	data, err := os.ReadFile(resultsFile)
	must(t, err)
	before, now, _ := strings.Cut(string(data), "\n"+headingOf5)
	if os.Getenv("UPDATE") != "" {
		must(t, os.WriteFile(resultsFile, []byte(before+"\n"+part), 0o666))
		return
	}
	if diff := gocmp.Diff(headingOf5+now, part); diff != "" {
		t.Errorf("docs/maintaining/e2e.md; UPDATE=1 writes it again (-docs +got):\n%s", diff)
	}
}

// partOf5 returns the part of next-auth 5, for who writes the rest.
func partOf5(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(resultsFile)
	must(t, err)
	if _, part, found := strings.Cut(string(data), headingOf5); found {
		return "\n" + headingOf5 + part
	}
	return ""
}

// documentOf5 is the part for people.
func documentOf5(t *testing.T, signedIn []string, measured []*measurement) string {
	t.Helper()
	var names []string
	for _, way := range ways5 {
		names = append(names, way.name)
	}
	var b strings.Builder
	project := nodetest.Project(t, auth5Apps[0].project)
	fmt.Fprintf(&b, introOf5, version(t, project, "next-auth"), strings.Join(signedIn, ""),
		version(t, nodetest.Project(t, "undici-6"), "undici"), strings.Join(names, " | "))
	slices.SortFunc(measured, func(a, b *measurement) int { return cmp.Compare(a.next, b.next) })
	for _, m := range measured {
		for _, row := range trials(m.next) {
			fmt.Fprintf(&b, "| %s | %s | %s |", m.next, releaseOf(t, row.node), row.setting)
			for _, way := range ways5 {
				fmt.Fprintf(&b, " %s |", m.cells[row][way.name])
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// releaseOf returns the release of a pinned Node.js.
func releaseOf(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command(nodetest.PinnedNode(t, name), "--version").Output()
	must(t, err)
	return strings.TrimSpace(strings.TrimPrefix(string(out), "v"))
}
