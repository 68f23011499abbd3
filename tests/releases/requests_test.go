package releases

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

// TestEveryReleaseReachesTheProxy makes every call of every release three times:
// unpatched, which fails; patched, through the proxy; and patched with all hosts in
// NO_PROXY, directly. Only the last has a direct connection. The quick loop runs the
// first release, with the oldest openid-client too, and the last.
func TestEveryReleaseReachesTheProxy(t *testing.T) {
	t.Parallel()
	releases, packages := nodetest.Releases(t)
	network := prooftest.NewNetwork(t)
	phases := phasesOf(t, network, prooftest.NextAuth)
	trees := map[string]string{} // a directory for each project of dependencies
	oldest := map[string]bool{}
	for i, release := range releases {
		projects := []string{prooftest.CurrentClient}
		// Run the oldest openid-client once for each range of releases that accept it.
		if project := oldestClient(t, packages[i]); !oldest[project] {
			oldest[project] = true
			projects = append(projects, project)
		}
		if !gate.Wanted(t, "releases") && i > 0 && i+1 < len(packages) {
			continue
		}
		for _, project := range projects {
			if trees[project] == "" {
				trees[project] = nodetest.Linked(t, project)
			}
			t.Run(release.Version+" "+project, func(t *testing.T) {
				dir := filepath.Join(trees[project], "releases", release.Version)
				proveRelease(t, network, phases, packages[i], dir)
			})
		}
	}
}

func phasesOf(t *testing.T, network *prooftest.Network, l *line.Line) []prooftest.Phase {
	t.Helper()
	return []prooftest.Phase{
		{Name: "unpatched", Caller: network.Caller(t, l), Arrivals: func(line.Call) []string { return nil }},
		{Name: "patched", Caller: network.Caller(t, l), Arrivals: func(c line.Call) []string { return nettest.Arrivals(c.Request) }},
		{
			Name:     "patched, with NO_PROXY",
			Caller:   network.Caller(t, l, "NO_PROXY="+strings.Join(network.Hosts(), ","), network.Direct()),
			Arrivals: func(c line.Call) []string { return []string{"direct " + c.Request} },
		},
	}
}

// oldestClient is the npm project with the oldest openid-client that a release
// accepts.
func oldestClient(t *testing.T, pkg npmreleases.Package) string {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	if err := json.Unmarshal(pkg["package.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	version, found := strings.CutPrefix(manifest.Dependencies["openid-client"], "^")
	if !found {
		t.Fatalf("the package asks for openid-client %q", manifest.Dependencies["openid-client"])
	}
	return "deps-openid-client-" + version
}

// proveRelease runs all phases of a release in a project at dir.
func proveRelease(t *testing.T, network *prooftest.Network, phases []prooftest.Phase, pkg npmreleases.Package, dir string) {
	calls := prooftest.CallsOf(t, prooftest.NextAuth, pkg)
	prooftest.Install(t, prooftest.NextAuth, dir, pkg)
	phases[0].Prove(t, network, calls, prooftest.PackageDir(prooftest.NextAuth, dir))
	requireCalls(t, calls, prooftest.Patch(t, dir))
	for _, p := range phases[1:] {
		p.Prove(t, network, calls, prooftest.PackageDir(prooftest.NextAuth, dir))
	}
}

// requireCalls requires that exactly the patched files make calls, so that every
// patched file is tested.
func requireCalls(t *testing.T, calls []line.Call, patched []string) {
	t.Helper()
	for _, file := range patched {
		if !slices.ContainsFunc(calls, func(c line.Call) bool { return c.File == file }) {
			t.Errorf("%s is patched, but no call of it is tried", file)
		}
	}
	for _, c := range calls {
		if !slices.Contains(patched, c.File) {
			t.Errorf("%s: %s was not patched", c.Kind, c.File)
		}
	}
}

// patchedClients installs and patches the last release with each content of client.js,
// in the quick loop only the oldest. It returns their directories by version.
func patchedClients(t *testing.T) map[string]string {
	t.Helper()
	releases, packages := nodetest.Releases(t)
	tree := nodetest.Linked(t, prooftest.CurrentClient)
	dirs := map[string]string{}
	for i, pkg := range packages {
		if i+1 < len(packages) && bytes.Equal(pkg[prooftest.NextAuth.Calls.Always], packages[i+1][prooftest.NextAuth.Calls.Always]) || !gate.Wanted(t, "releases") && len(dirs) > 0 {
			continue
		}
		dir := filepath.Join(tree, "releases", releases[i].Version)
		prooftest.Install(t, prooftest.NextAuth, dir, pkg)
		prooftest.Patch(t, dir)
		dirs[releases[i].Version] = dir
	}
	if _, found := dirs[lateHTTPOptions]; !found || gate.Wanted(t, "releases") && len(dirs) < 5 {
		t.Errorf("client.js differs in %q", slices.Sorted(maps.Keys(dirs)))
	}
	return dirs
}

// lateHTTPOptions is the last release that passes httpOptions on to
// openid-client only after the first discovery.
const lateHTTPOptions = "4.0.6"

// TestOwnAgentWinsOverTheProxy gives a provider an httpOptions.agent that connects
// without the proxy.
func TestOwnAgentWinsOverTheProxy(t *testing.T) {
	t.Parallel()
	const kind = "sign-in with an own agent"
	network := prooftest.NewNetwork(t)
	for version, dir := range patchedClients(t) {
		want := []string{
			"direct GET idp.corp.test/.well-known/openid-configuration",
			"direct GET idp.corp.test/jwks",
			"direct GET idp.corp.test/userinfo",
			"direct POST idp.corp.test/token",
		}
		if version == lateHTTPOptions {
			want = slices.Concat(
				[]string{"CONNECT idp.corp.test:443", "GET idp.corp.test/.well-known/openid-configuration"}, want[1:])
		}
		network.Forget()
		got := network.Caller(t, prooftest.NextAuth, "OWN_AGENT_PORT="+network.OwnPort()).Call(t, prooftest.PackageDir(prooftest.NextAuth, dir), kind)[kind]
		if want := (prooftest.Result{Value: "user-1 Ada"}); got != want {
			t.Errorf("%s: got %+v, want %+v", version, got, want)
		}
		if diff := cmp.Diff(want, network.Seen()); diff != "" {
			t.Errorf("%s: arrivals (-want +got):\n%s", version, diff)
		}
	}
}

// TestOwnTimeoutHoldsBehindTheProxy shortens and extends the timeout of openid-client.
// openid-client keeps it for the whole process, so each call has its own process. All
// wait at the same time.
func TestOwnTimeoutHoldsBehindTheProxy(t *testing.T) {
	gate.Need(t, "releases") // it waits for an answer that comes too late
	t.Parallel()
	gaveUp := func(ms string) func(prooftest.Result) bool { // from the helper or from openid-client, which have the same limit
		return func(r prooftest.Result) bool {
			return strings.HasSuffix(r.Error, "timed out after "+ms+"ms") || strings.Contains(r.Error, "did not answer within "+ms+" ms")
		}
	}
	kinds := map[string]func(prooftest.Result) bool{
		"own timeout, silent proxy": gaveUp("50"),
		"no timeout, slow proxy":    gaveUp("3500"),
		"own timeout, slow proxy":   func(r prooftest.Result) bool { return r.Value == "Ada" },
	}
	network := prooftest.NewNetwork(t)
	dirs := patchedClients(t)
	callers := map[[2]string]*prooftest.Caller{}
	for version, dir := range dirs {
		for kind := range kinds {
			c := network.Caller(t, prooftest.NextAuth)
			c.Send(t, prooftest.PackageDir(prooftest.NextAuth, dir), kind)
			callers[[2]string{version, kind}] = c
		}
	}
	for of, c := range callers {
		version, kind := of[0], of[1]
		if got := c.Receive(t)[kind]; !kinds[kind](got) {
			t.Errorf("%s: %s: got %+v", version, kind, got)
		}
	}
}
