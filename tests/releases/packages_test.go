package releases

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

// held is a release of next-auth whose files another package holds.
type held struct {
	line     *line.Line
	release  string
	nextAuth npmreleases.Package
	holder   npmreleases.Package // only its modules
	version  string              // of holder
}

// allHeld returns all of them, oldest first.
func allHeld(t *testing.T) []held {
	t.Helper()
	var all []held
	for _, l := range line.All {
		if l.Package == line.NextAuth {
			continue
		}
		holders := map[string]npmreleases.Package{}
		pinned := npmreleases.Holding(npmreleases.Pins(), l)
		for i, pkg := range nodetest.Packages(t, l.Package, pinned) {
			maps.DeleteFunc(pkg, func(name string, _ []byte) bool {
				return name != "package.json" && (!strings.HasSuffix(name, ".js") || strings.HasPrefix(name, "src/"))
			})
			holders[pinned[i].Version] = pkg
		}
		releases := npmreleases.Of(npmreleases.Pins(), l)
		for i, pkg := range nodetest.Packages(t, line.NextAuth, releases) {
			version := dependencies(t, pkg)[l.Package]
			if holders[version] == nil {
				t.Fatalf("next-auth %s depends on %s %s, which is not pinned", releases[i].Version, l.Package, version)
			}
			small := npmreleases.Package{"package.json": pkg["package.json"], l.Mark: pkg[l.Mark]}
			all = append(all, held{l, releases[i].Version, small, holders[version], version})
		}
	}
	return all
}

func dependencies(t *testing.T, pkg npmreleases.Package) map[string]string {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	if err := json.Unmarshal(pkg["package.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest.Dependencies
}

// install writes both packages to where Node.js finds them from dir.
func (h held) install(t *testing.T, dir string) {
	t.Helper()
	if err := h.nextAuth.Write(filepath.Join(dir, "node_modules", line.NextAuth)); err != nil {
		t.Fatal(err)
	}
	if err := h.holder.Write(prooftest.PackageDir(h.line, dir)); err != nil {
		t.Fatal(err)
	}
}

// TestEveryHeldRelease applies, checks and reverts every release whose files another
// package holds. Exactly the files that make calls are patched.
func TestEveryHeldRelease(t *testing.T) {
	t.Parallel()
	releases, all := allHeld(t), map[string]installed{}
	for _, h := range releases {
		all[h.release] = installed{line.NextAuth: h.nextAuth, h.line.Package: h.holder}
	}
	changed := roundTrip(t, all)
	for _, h := range releases {
		t.Run(h.release, func(t *testing.T) {
			patched := slices.DeleteFunc(changed[h.release], func(path string) bool { return path == h.line.Helper })
			requireCalls(t, prooftest.CallsOf(t, h.line, h.holder), patched)
		})
	}
}

// pairing is a Node.js and an https-proxy-agent.
type pairing struct{ node, agent string }

// pairings returns the oldest, a common and the newest; in the quick loop, only the
// newest agent, and with releases:all, every pair.
func pairings(t *testing.T) []pairing {
	t.Helper()
	const newest = "agent-9.1.0"
	switch {
	case gate.All(t, "releases"):
		var all []pairing
		for _, node := range projects(t, "node-*") {
			for _, agent := range projects(t, "agent-*") {
				all = append(all, pairing{node, agent})
			}
		}
		casecount.AtLeast(t, "pairs of Node.js and https-proxy-agent", len(all), 45)
		return all
	case gate.Wanted(t, "releases"):
		return []pairing{{"node-18", "agent-5.0.1"}, {"node-20", "agent-7.0.6"}, {"node-26", newest}}
	}
	return []pairing{{"", newest}}
}

// projects returns the names of the pinned npm projects that match a pattern.
func projects(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("../../testdata/npm", pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	for i, dir := range found {
		found[i] = filepath.Base(dir)
	}
	return found
}

// TestEveryHeldReleaseReachesTheProxy makes every call of every package that holds
// next-auth's files, in the phases of TestEveryReleaseReachesTheProxy. The quick loop runs
// the newest release.
func TestEveryHeldReleaseReachesTheProxy(t *testing.T) {
	t.Parallel()
	network := prooftest.NewNetwork(t)
	all := slices.CompactFunc(allHeld(t), func(a, b held) bool { return a.line == b.line && a.version == b.version })
	if !gate.Wanted(t, "releases") {
		all = all[len(all)-1:]
	}
	for _, p := range pairings(t) {
		t.Run(strings.TrimSpace(p.node+" "+p.agent), func(t *testing.T) {
			on := network
			if p.node != "" {
				on = network.On(nodetest.PinnedNode(t, p.node))
			}
			trees := map[string]string{}
			phases := map[*line.Line][]prooftest.Phase{}
			for _, h := range all {
				project := h.dependencies(t)
				if trees[project] == "" {
					trees[project] = withAgent(t, project, p.agent)
				}
				if phases[h.line] == nil {
					phases[h.line] = phasesOf(t, on, h.line)
				}
				t.Run(h.line.Package+" "+h.version, func(t *testing.T) {
					h.prove(t, on, phases[h.line], filepath.Join(trees[project], "releases", h.version))
				})
			}
		})
	}
}

// prove runs all phases of a release in a project at dir.
func (h held) prove(t *testing.T, network *prooftest.Network, phases []prooftest.Phase, dir string) {
	h.install(t, dir)
	calls := prooftest.CallsOf(t, h.line, h.holder)
	phases[0].Prove(t, network, calls, prooftest.PackageDir(h.line, dir))
	requireCalls(t, calls, prooftest.Patch(t, dir))
	for _, p := range phases[1:] {
		p.Prove(t, network, calls, prooftest.PackageDir(h.line, dir))
	}
}

// dependencies is the npm project that has what the release's package needs.
func (h held) dependencies(t *testing.T) string {
	t.Helper()
	for _, project := range projects(t, "core-agent-*") {
		dir := filepath.Join(nodetest.Project(t, project), "node_modules")
		fits := true
		for name, constraint := range dependencies(t, h.holder) {
			fits = fits && satisfied(filepath.Join(dir, name), constraint)
		}
		if fits {
			return project
		}
	}
	t.Fatalf("no project has the dependencies of %s %s", h.line.Package, h.version)
	return ""
}

// satisfied reports whether the package in a directory is in a range of releases.
func satisfied(dir, constraint string) bool {
	var manifest struct{ Version string }
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil || json.Unmarshal(data, &manifest) != nil {
		return false
	}
	wanted, err := semver.NewConstraint(constraint)
	version, errVersion := semver.NewVersion(manifest.Version)
	return err == nil && errVersion == nil && wanted.Check(version)
}

// withAgent returns a directory with the packages of a project, but with the
// https-proxy-agent of another project, and without next-auth.
func withAgent(t *testing.T, project, agent string) string {
	t.Helper()
	const https = "https-proxy-agent"
	dir := nodetest.Linked(t, project)
	modules := filepath.Join(dir, "node_modules")
	for _, name := range []string{line.NextAuth, "@auth", https} {
		if err := os.RemoveAll(filepath.Join(modules, name)); err != nil {
			t.Fatal(err)
		}
	}
	nodetest.Link(t, filepath.Join(nodetest.Project(t, agent), "node_modules", https), filepath.Join(modules, https))
	return dir
}

// TestOwnCustomFetchWins gives a provider a customFetch of its own, which every patched
// package keeps. Without one, it gets the helper's. The quick loop tries the newest package.
func TestOwnCustomFetchWins(t *testing.T) {
	t.Parallel()
	node := nodetest.Node(t)
	tree := withAgent(t, "core-agent-7.0.6", "agent-9.1.0")
	all := allHeld(t)
	if !gate.Wanted(t, "releases") {
		all = all[len(all)-1:]
	}
	var dirs []string
	for _, h := range all {
		dir := filepath.Join(tree, "releases", h.release)
		h.install(t, dir)
		prooftest.Patch(t, dir)
		dirs = append(dirs, prooftest.PackageDir(h.line, dir))
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{"--input-type=module", "-e", `
		import assert from "node:assert";
		import { pathToFileURL } from "node:url";
		for (const dir of process.argv.slice(1)) {
			const load = file => import(pathToFileURL(dir + "/" + file));
			const { customFetch } = await load("lib/symbols.js");
			const { proxyFetch } = await load("lib/proxy.js");
			const { default: parse } = await load("lib/utils/providers.js");
			const mine = () => {};
			const chosen = provider => {
				const params = { url: new URL("http://localhost/auth"), config: { providers: [provider] } };
				return parse(params).providers[0][customFetch];
			};
			const plain = { id: "plain", type: "oidc", issuer: "https://idp.corp.test" };
			assert.strictEqual(chosen({ ...plain, options: { [customFetch]: mine } }), mine, dir);
			assert.strictEqual(chosen({ ...plain, [customFetch]: mine }), mine, dir);
			assert.strictEqual(chosen(plain), proxyFetch, dir);
			assert.strictEqual(chosen({ ...plain, type: "email" }), undefined, dir);
		}`, "--"}, dirs...)...)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
