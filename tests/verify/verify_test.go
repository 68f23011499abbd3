// Package verify runs proxypatch verify on real projects.
package verify

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
	"github.com/proxypatch/proxypatch/internal/verify"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// verified runs verify on a project, which must not change. It returns the kinds of
// calls by outcome, and the requests at the proxy. The environment has variables that
// would mislead Node.js.
func verified(t *testing.T, project string, args ...string) (kinds map[verify.Outcome][]string, r clitest.Report) {
	t.Helper()
	args = append([]string{"-C", project, "verify", "--json", "--node", nodetest.Node(t)}, args...)
	cmd := exec.CommandContext(t.Context(), "proxypatch", args...)
	temp := t.TempDir()
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "NODE_USE_ENV_PROXY=1", "NODE_OPTIONS=--no-such-option", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=*")
	cmd.Stderr = os.Stderr
	before := clitest.List(t, project)
	out, err := cmd.Output()
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if (err == nil) != (r.Exit.Code == clitest.OK) || cmd.ProcessState.ExitCode() != int(r.Exit.Code) {
		t.Errorf("exited with %v, but reports %+v", err, r.Exit)
	}
	if diff := cmp.Diff(before, clitest.List(t, project)); diff != "" {
		t.Errorf("the project was changed (-before +after):\n%s", diff)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	kinds = map[verify.Outcome][]string{}
	for _, c := range r.Calls {
		kinds[c.Result] = append(kinds[c.Result], c.Kind)
	}
	return kinds, r
}

// kindsOf returns the kinds of calls of files.
func kindsOf(calls []line.Call, files ...string) []string {
	var kinds []string
	for _, c := range calls {
		if slices.Contains(files, c.File) {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}

// arrivalsOf returns all requests of calls through the proxy.
func arrivalsOf(calls []line.Call) []string {
	seen := map[string]bool{}
	for _, c := range calls {
		for _, line := range nettest.Arrivals(c.Request) {
			seen[line] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// minCalls are the fewest calls that a copy of a line makes.
var minCalls = map[*line.Line]int{prooftest.NextAuth: 12, prooftest.AuthCore: 12, prooftest.NextAuth3: 5}

// proveBoth runs verify without and with the patch on a project that has one next-auth.
func proveBoth(t *testing.T, l *line.Line, project string, args ...string) {
	t.Helper()
	calls := prooftest.InstalledCalls(l, project)
	got, r := verified(t, project, args...)
	all := got[verify.Leaked]
	if len(all) < minCalls[l] || len(all) != len(r.Calls) || r.Exit.Code != clitest.Unproven || r.Copies[0].Arrived != nil {
		t.Errorf("unpatched: %v: got %v, %q arrived", r.Exit, got, r.Copies[0].Arrived)
	}
	if diff := cmp.Diff(kindsOf(calls, prooftest.Patch(t, project)...), all); diff != "" {
		t.Errorf("(-patched +tried):\n%s", diff)
	}
	got, r = verified(t, project, args...)
	if diff := cmp.Diff(map[verify.Outcome][]string{verify.Proxied: all}, got); diff != "" || r.Exit.Code != clitest.OK {
		t.Errorf("patched: %v (-want +got):\n%s", r.Exit, diff)
	}
	if diff := cmp.Diff(arrivalsOf(calls), r.Copies[0].Arrived); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
}

func TestVerifyWithEachAgent(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	for _, agent := range []string{"agent-5.0.1", "agent-7.0.6", "agent-9.1.0"} {
		t.Run(agent, func(t *testing.T) { proveBoth(t, prooftest.NextAuth, nodetest.Copy(t, agent)) })
	}
	for _, agent := range []string{"core-agent-5.0.1", "core-agent-7.0.6"} { // each Node.js has the third
		t.Run(agent, func(t *testing.T) { proveBoth(t, prooftest.AuthCore, nodetest.Copy(t, agent)) })
	}
}

// Some of these releases have built-in support for proxies, with which an unpatched
// copy would look patched.
func TestVerifyWithEachNode(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	t.Run("old-node-16", func(t *testing.T) {
		proveBoth(t, prooftest.NextAuth3, nodetest.Copy(t, "next-auth-3"), "--node", nodetest.PinnedNode(t, "old-node-16"))
	})
	for _, name := range []string{"node-18", "node-22", "node-24", "node-26"} {
		t.Run(name, func(t *testing.T) {
			proveBoth(t, prooftest.NextAuth3, nodetest.Copy(t, "next-auth-3"), "--node", nodetest.PinnedNode(t, name))
			proveBoth(t, prooftest.NextAuth, nodetest.Copy(t, "agent-9.1.0"), "--node", nodetest.PinnedNode(t, name))
			proveBoth(t, prooftest.AuthCore, nodetest.Copy(t, "core-agent-9.1.0"), "--node", nodetest.PinnedNode(t, name))
		})
	}
}

func TestVerifyReleases(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	releases, packages := nodetest.Releases(t)
	tree := nodetest.Copy(t, prooftest.CurrentClient)
	tried := 0
	for i, release := range releases {
		if slices.Contains([]string{"4.0.1", "4.2.1", "4.10.3", "4.24.15"}, release.Version) {
			dir := filepath.Join(tree, "releases", release.Version)
			prooftest.Install(t, prooftest.NextAuth, dir, packages[i])
			proveBoth(t, prooftest.NextAuth, dir)
			tried++
		}
	}
	if tried != 4 {
		t.Errorf("%d releases tried", tried)
	}
}

// The projects of the other tests have the other releases of @auth/core.
func TestVerifyReleasesOfAuthCore(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	l, pins := prooftest.AuthCore, npmreleases.Pins()
	nextAuth := map[string]npmreleases.Package{} // by the @auth/core that it depends on
	for _, pkg := range nodetest.Packages(t, line.NextAuth, npmreleases.Of(pins, l)) {
		var manifest struct{ Dependencies map[string]string }
		if err := json.Unmarshal(pkg["package.json"], &manifest); err != nil {
			t.Fatal(err)
		}
		nextAuth[manifest.Dependencies[l.Package]] = npmreleases.Package{"package.json": pkg["package.json"], l.Mark: pkg[l.Mark]}
	}
	releases := npmreleases.Holding(pins, l)
	packages := nodetest.Packages(t, l.Package, releases)
	newer := dependencies(t, "core-agent-7.0.6")
	trees := map[string]string{
		"0.37.2": dependencies(t, "core-agent-5.0.1"), // other releases of jose and preact
		"0.39.0": newer, "0.39.1": newer, "0.41.0": newer, "0.41.2": newer,
	}
	tried := 0
	for i, release := range releases {
		if tree := trees[release.Version]; tree != "" {
			dir := filepath.Join(tree, "releases", release.Version)
			prooftest.Install(t, l, dir, packages[i])
			if err := nextAuth[release.Version].Write(prooftest.PackageDir(prooftest.NextAuth, dir)); err != nil {
				t.Fatal(err)
			}
			proveBoth(t, l, dir)
			tried++
		}
	}
	if tried != len(trees) {
		t.Errorf("%d releases tried", tried)
	}
}

// dependencies returns a copy of a project without next-auth and @auth/core themselves.
func dependencies(t *testing.T, project string) string {
	t.Helper()
	tree := nodetest.Copy(t, project)
	for _, l := range []*line.Line{prooftest.NextAuth, prooftest.AuthCore} {
		if err := os.RemoveAll(prooftest.PackageDir(l, tree)); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

// A file that is restored by hand leaks, and no other does.
func TestVerifyNamesEachFile(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	for name, l := range map[string]*line.Line{"agent-7.0.6": prooftest.NextAuth, "core-agent-9.1.0": prooftest.AuthCore, "next-auth-3": prooftest.NextAuth3} {
		released, project := nodetest.Project(t, name), nodetest.Copy(t, name)
		calls := prooftest.InstalledCalls(l, project)
		for _, file := range prooftest.Patch(t, project) {
			path := filepath.Join(prooftest.PackageDir(l, project), filepath.FromSlash(file))
			patched, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			original, err := os.ReadFile(filepath.Join(prooftest.PackageDir(l, released), filepath.FromSlash(file)))
			if err != nil || bytes.Equal(original, patched) {
				t.Fatalf("%s: %v", file, err)
			}
			if err := os.WriteFile(path, original, 0o644); err != nil {
				t.Fatal(err)
			}
			got, r := verified(t, project)
			if diff := cmp.Diff(kindsOf(calls, file), got[verify.Leaked]); diff != "" || r.Exit.Code != clitest.Unproven || got[verify.Failed] != nil {
				t.Errorf("%s: %v, failed: %q, leaked (-want +got):\n%s", file, r.Exit, got[verify.Failed], diff)
			}
			if !strings.Contains(r.Problems[0].Hint, "proxypatch apply") {
				t.Errorf("%s: %+v", file, r.Problems)
			}
			if err := os.WriteFile(path, patched, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
