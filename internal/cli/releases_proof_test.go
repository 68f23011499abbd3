package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/released"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// currentClient is the npm project with what next-auth depends on, as people
// who install it today get it.
const currentClient = "deps-openid-client-5.7.1"

// callsOf returns the calls that a release makes, by the files that it has.
func callsOf(t *testing.T, pkg released.Package) []verify.Call {
	t.Helper()
	for _, file := range []string{
		verify.ClientFile, verify.LegacyFile, "providers/azure-ad.js", "providers/github.js", "providers/linkedin.js", "providers/foursquare.js",
	} {
		if pkg[file] == nil {
			t.Errorf("the package has no %s", file)
		}
	}
	return slices.DeleteFunc(slices.Clone(verify.Calls), func(c verify.Call) bool { return pkg[c.File] == nil })
}

// TestEveryReleaseReachesTheProxy makes every call of every release three
// times: unpatched, which fails; patched, by way of the proxy; and patched with
// all hosts in NO_PROXY, by the direct way, which only then exists. The quick
// loop takes the first release that accepts each range of openid-client, and the last.
func TestEveryReleaseReachesTheProxy(t *testing.T) {
	t.Parallel()
	releases, packages := nodetest.Releases(t)
	network := newNetwork(t)
	phases := []phase{
		{"unpatched", network.caller(t), func(verify.Call) []string { return nil }},
		{"patched", network.caller(t), func(c verify.Call) []string { return nettest.Arrivals(c.Request) }},
		{
			"patched, with NO_PROXY",
			network.caller(t, "NO_PROXY="+strings.Join(network.Hosts(), ","), network.direct()),
			func(c verify.Call) []string { return []string{"direct " + c.Request} },
		},
	}
	trees := map[string]string{} // a copy of each project of dependencies
	oldest := map[string]bool{}
	for i, release := range releases {
		projects := []string{currentClient}
		// The oldest openid-client once for each range of releases that accept it.
		if project := oldestClient(t, packages[i]); !oldest[project] {
			oldest[project] = true
			projects = append(projects, project)
		}
		if !allReleases() && i+1 < len(packages) && len(projects) == 1 {
			continue
		}
		for _, project := range projects {
			if trees[project] == "" {
				trees[project] = nodetest.Copy(t, project)
			}
			t.Run(release.Version+" "+project, func(t *testing.T) {
				dir := filepath.Join(trees[project], "releases", release.Version)
				proveRelease(t, network, phases, packages[i], dir)
			})
		}
	}
}

// allReleases is false in the quick loop.
func allReleases() bool { return os.Getenv("PROXYPATCH_ALL_RELEASES") != "" }

// oldestClient is the npm project with the oldest openid-client that a release
// accepts.
func oldestClient(t *testing.T, pkg released.Package) string {
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

// proveRelease takes a release through all phases in a project at dir.
func proveRelease(t *testing.T, network *network, phases []phase, pkg released.Package, dir string) {
	calls := callsOf(t, pkg)
	install(t, dir, pkg)
	phases[0].prove(t, network, calls, packageDir(dir))
	requireCalls(t, calls, patch(t, dir))
	for _, p := range phases[1:] {
		p.prove(t, network, calls, packageDir(dir))
	}
}

// install writes what is needed of the package where Node.js finds it from dir:
// writing all of it takes longer than all calls.
func install(t *testing.T, dir string, pkg released.Package) {
	t.Helper()
	needed := maps.Clone(pkg)
	maps.DeleteFunc(needed, func(file string, _ []byte) bool {
		server := strings.HasPrefix(file, "core/lib/oauth/") || strings.HasPrefix(file, "providers/")
		return file != "package.json" && !(server && strings.HasSuffix(file, ".js"))
	})
	if err := needed.Write(packageDir(dir)); err != nil {
		t.Fatal(err)
	}
}

func packageDir(dir string) string { return filepath.Join(dir, "node_modules", "next-auth") }

// patch patches the package below dir and returns the files that it patched.
func patch(t *testing.T, dir string) []string {
	t.Helper()
	var patched []string
	for _, f := range runJSON(t, exitOK, "-C", dir, "--strict").Copies[0].Files {
		if f.Path != patchset.HelperPath {
			patched = append(patched, f.Path)
		}
	}
	return patched
}

// requireCalls makes sure that there is a call of each patched file, and of no
// other: what is patched is proved, and what is proved is patched.
func requireCalls(t *testing.T, calls []verify.Call, patched []string) {
	t.Helper()
	for _, file := range patched {
		if !slices.ContainsFunc(calls, func(c verify.Call) bool { return c.File == file }) {
			t.Errorf("%s is patched, but no call of it is tried", file)
		}
	}
	for _, c := range calls {
		if !slices.Contains(patched, c.File) {
			t.Errorf("%s: %s was not patched", c.Kind, c.File)
		}
	}
}

// phase is a state of a release and of its environment.
type phase struct {
	name   string
	caller *caller
	// arrivals is all that the network sees of a call. Where it is nothing, the
	// call has to fail because its host has no address.
	arrivals func(verify.Call) []string
}

// prove makes the calls of the release in dir, and holds what comes of them
// and what the network sees against what should be.
func (p phase) prove(t *testing.T, network *network, calls []verify.Call, dir string) {
	t.Helper()
	network.Forget()
	var kinds []string
	for _, c := range calls {
		kinds = append(kinds, c.Kind)
	}
	results := p.caller.call(t, dir, kinds...)
	unexpected := network.Seen()
	for _, c := range calls {
		arrivals := p.arrivals(c)
		p.judge(t, c, results[c.Kind], missing(arrivals, network.Seen()))
		unexpected = missing(unexpected, arrivals)
	}
	if len(unexpected) > 0 {
		t.Errorf("%s: %q arrived", p.name, unexpected)
	}
}

// judge reports what is wrong with a call of which some arrivals were lost.
func (p phase) judge(t *testing.T, c verify.Call, got result, lost []string) {
	t.Helper()
	want, fails := result{Value: c.Value}, p.arrivals(c) == nil
	if fails && got.Code != "ENOTFOUND" {
		t.Errorf("%s: %s: got %+v, want ENOTFOUND", p.name, c.Kind, got)
	}
	if !fails && got != want {
		t.Errorf("%s: %s: got %+v, want %+v", p.name, c.Kind, got, want)
	}
	if len(lost) > 0 {
		t.Errorf("%s: %s: %q did not arrive", p.name, c.Kind, lost)
	}
}

// missing returns those of want that are not in got.
func missing(want, got []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
}

// patchedClients installs and patches the last release with each content of
// client.js, in the quick loop only the oldest of these, and returns where they are,
// by their versions.
func patchedClients(t *testing.T) map[string]string {
	t.Helper()
	releases, packages := nodetest.Releases(t)
	tree := nodetest.Copy(t, currentClient)
	dirs := map[string]string{}
	for i, pkg := range packages {
		if i+1 < len(packages) && bytes.Equal(pkg[verify.ClientFile], packages[i+1][verify.ClientFile]) || !allReleases() && len(dirs) > 0 {
			continue
		}
		dir := filepath.Join(tree, "releases", releases[i].Version)
		install(t, dir, pkg)
		patch(t, dir)
		dirs[releases[i].Version] = dir
	}
	if _, found := dirs[lateHTTPOptions]; !found || allReleases() && len(dirs) < 5 {
		t.Errorf("client.js differs in %q", slices.Sorted(maps.Keys(dirs)))
	}
	return dirs
}

// lateHTTPOptions is the last release that passes httpOptions on to
// openid-client only after the first discovery.
const lateHTTPOptions = "4.0.6"

// TestOwnAgentWinsOverTheProxy gives a provider an httpOptions.agent that knows
// a way without the proxy.
func TestOwnAgentWinsOverTheProxy(t *testing.T) {
	t.Parallel()
	const kind = "sign-in with an own agent"
	network := newNetwork(t)
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
		got := network.caller(t, "OWN_AGENT_PORT="+network.port()).call(t, packageDir(dir), kind)[kind]
		if want := (result{Value: "user-1 Ada"}); got != want {
			t.Errorf("%s: got %+v, want %+v", version, got, want)
		}
		if diff := cmp.Diff(want, network.Seen()); diff != "" {
			t.Errorf("%s: arrivals (-want +got):\n%s", version, diff)
		}
	}
}

// TestOwnTimeoutHoldsBehindTheProxy shortens and lengthens the time for which
// openid-client waits. It keeps such options for the whole process, so each
// call has a process; all wait at the same time.
func TestOwnTimeoutHoldsBehindTheProxy(t *testing.T) {
	if !allReleases() {
		t.Skip("set PROXYPATCH_ALL_RELEASES=1 to wait for what comes too late")
	}
	t.Parallel()
	gaveUp := func(ms string) func(result) bool { // the helper, or openid-client: their limit is the same
		return func(r result) bool {
			return strings.HasSuffix(r.Error, "timed out after "+ms+"ms") || strings.Contains(r.Error, "did not answer within "+ms+" ms")
		}
	}
	kinds := map[string]func(result) bool{
		"own timeout, silent proxy": gaveUp("50"),
		"no timeout, slow proxy":    gaveUp("3500"),
		"own timeout, slow proxy":   func(r result) bool { return r.Value == "Ada" },
	}
	network := newNetwork(t)
	dirs := patchedClients(t)
	callers := map[[2]string]*caller{}
	for version, dir := range dirs {
		for kind := range kinds {
			c := network.caller(t)
			c.send(t, packageDir(dir), kind)
			callers[[2]string{version, kind}] = c
		}
	}
	for of, c := range callers {
		version, kind := of[0], of[1]
		if got := c.receive(t)[kind]; !kinds[kind](got) {
			t.Errorf("%s: %s: got %+v", version, kind, got)
		}
	}
}

// caller is a running testdata/proof/calls.js.
type caller struct {
	network  *network
	process  *os.Process
	requests *json.Encoder
	results  *json.Decoder
	awaited  int // results
}

// result is what came of a call: a value or an error.
type result struct{ Value, Error, Code string }

// hangs is after what time a call is given up for lost.
const hangs = 30 * time.Second

func (n *network) caller(t *testing.T, env ...string) *caller {
	t.Helper()
	cmd := n.command(t, "calls.js", env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // killed at the end of the test, if it has not ended before
	return &caller{n, cmd.Process, json.NewEncoder(stdin), json.NewDecoder(stdout), 0}
}

// call makes some kinds of calls of the next-auth in dir.
func (c *caller) call(t *testing.T, dir string, kinds ...string) map[string]result {
	t.Helper()
	c.send(t, dir, kinds...)
	return c.receive(t)
}

func (c *caller) send(t *testing.T, dir string, kinds ...string) {
	t.Helper()
	if err := c.requests.Encode(c.network.Request(dir, kinds)); err != nil {
		t.Fatal(err)
	}
	c.awaited = len(kinds)
}

func (c *caller) receive(t *testing.T) map[string]result {
	t.Helper()
	defer time.AfterFunc(hangs, func() { _ = c.process.Kill() }).Stop()
	results := map[string]result{}
	for len(results) < c.awaited {
		var answer verify.Answer
		if err := c.results.Decode(&answer); err != nil {
			t.Fatalf("Node.js ended after %d of %d calls: %v", len(results), c.awaited, err)
		}
		results[answer.Kind] = result{answer.Value, answer.Error, answer.Code}
	}
	return results
}
