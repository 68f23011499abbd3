package releases

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

const (
	allOf3      = 87 // releases of next-auth 3
	contentsOf3 = 11 // of the file that is patched, in turn
)

// release3 is a release of next-auth 3.
type release3 struct {
	version string
	pkg     npmreleases.Package
}

// releasesOf3 returns the releases of next-auth 3: all, or the last one for each content of
// the file that is patched. 4.0.0 has a content of another release, so it is there, too.
func releasesOf3(t *testing.T, all bool) []release3 {
	t.Helper()
	l := prooftest.NextAuth3
	var found []release3
	pinned := npmreleases.Holding(npmreleases.Pins(), l)
	for i, pkg := range nodetest.Packages(t, l.Package, pinned) {
		if last := len(found) - 1; all || last < 0 || !bytes.Equal(pkg[l.Calls.Always], found[last].pkg[l.Calls.Always]) {
			found = append(found, release3{pinned[i].Version, pkg})
		} else {
			found[last] = release3{pinned[i].Version, pkg}
		}
	}
	if !all && len(found) != contentsOf3 {
		t.Fatalf("%d contents", len(found))
	}
	return found
}

// small returns the files of a package that are patched or make requests.
func (r release3) small() npmreleases.Package {
	l := prooftest.NextAuth3
	return npmreleases.Package{"package.json": r.pkg["package.json"], l.Calls.Always: r.pkg[l.Calls.Always]}
}

// TestEveryReleaseOf3 applies, checks and reverts every release of next-auth 3. The quick
// loop runs one for each content.
func TestEveryReleaseOf3(t *testing.T) {
	t.Parallel()
	l := prooftest.NextAuth3
	all := releasesOf3(t, gate.Wanted(t, "releases"))
	if gate.Wanted(t, "releases") {
		casecount.AtLeast(t, "releases of next-auth 3 patched and reverted", len(all), allOf3)
	}
	releases := map[string]installed{}
	for _, r := range all {
		releases[r.version] = installed{line.NextAuth: r.small()}
	}
	changed := roundTrip(t, releases)
	for _, r := range all {
		t.Run(r.version, func(t *testing.T) {
			requireOneFile(t, r)
			if want := []string{l.Helper, l.Calls.Always}; !slices.Equal(changed[r.version], want) {
				t.Errorf("changed %q, want %q", changed[r.version], want)
			}
		})
	}
}

// requireOneFile requires that no other file of a release makes requests on the server.
func requireOneFile(t *testing.T, r release3) {
	t.Helper()
	for file, content := range r.pkg {
		if file == prooftest.NextAuth3.Calls.Always || !strings.HasPrefix(file, "dist/") || !strings.HasSuffix(file, ".js") || toItself3[file] {
			continue
		}
		for _, call := range []string{"fetch(", `require("http`, `require("net`, `require("tls`, `require("oauth")`} {
			if bytes.Contains(content, []byte(call)) {
				t.Errorf("%s has %q and would not be patched", file, call)
			}
		}
	}
}

// toItself3 are modules that make requests to their own app.
var toItself3 = map[string]bool{"dist/client/index.js": true, "dist/client.js": true, "dist/lib/logger.js": true}

// pairingsOf3 returns the oldest, a common and the newest; in the quick loop, only the
// newest agent. With releases:all, it returns every pair that works.
func pairingsOf3(t *testing.T) []pairing {
	t.Helper()
	const old = "old-node-16"
	switch {
	case gate.All(t, "releases"):
		all := pairings(t)
		for _, agent := range projects(t, "agent-*") {
			all = append(all, pairing{old, agent})
		}
		return all
	case gate.Wanted(t, "releases"):
		return []pairing{{old, "agent-5.0.1"}, {old, "agent-7.0.6"}, {"node-20", "agent-7.0.6"}, {"node-26", "agent-9.1.0"}}
	}
	return []pairing{{"", "agent-9.1.0"}}
}

// TestEveryContentOf3ReachesTheProxy makes every call of next-auth 3, in the phases of
// TestEveryReleaseReachesTheProxy, with each content of the file. The quick loop runs the
// newest one.
func TestEveryContentOf3ReachesTheProxy(t *testing.T) {
	t.Parallel()
	l := prooftest.NextAuth3
	network := prooftest.NewNetwork(t)
	all := releasesOf3(t, false)
	if !gate.Wanted(t, "releases") {
		all = all[len(all)-1:]
	}
	made := 0
	for _, p := range pairingsOf3(t) {
		t.Run(strings.TrimSpace(p.node+" "+p.agent), func(t *testing.T) {
			on := network
			if p.node != "" {
				on = network.On(nodetest.PinnedNode(t, p.node))
			}
			tree := withAgent(t, "next-auth-3", p.agent)
			phases := phasesOf(t, on, l)
			for _, r := range all {
				dir := filepath.Join(tree, "releases", r.version)
				prooftest.Install(t, l, dir, r.pkg)
				calls := prooftest.CallsOf(t, l, r.pkg)
				phases[0].Prove(t, on, calls, prooftest.PackageDir(l, dir))
				requireCalls(t, calls, prooftest.Patch(t, dir))
				for _, phase := range phases[1:] {
					phase.Prove(t, on, calls, prooftest.PackageDir(l, dir))
				}
				made++
			}
		})
	}
	if gate.Wanted(t, "releases") {
		casecount.AtLeast(t, "releases of next-auth 3 behind a proxy, with a Node.js and an agent", made, 4*contentsOf3)
	}
}
