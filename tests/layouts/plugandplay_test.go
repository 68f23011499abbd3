package layouts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// pluggedLayouts are projects with yarn's Plug'n'Play.
var pluggedLayouts = []struct {
	shape string
	layout
}{
	{"app", layout{settings: "compressionLevel: mixed"}},
	{"app", layout{name: "unplugged", manifest: map[string]any{"dependenciesMeta": map[string]any{"next-auth": map[string]bool{"unplugged": true}}}}},
	{"workspace", layout{settings: "enableGlobalCache: false\npnpEnableInlining: false"}},
	{"lines", layout{settings: "enableGlobalCache: false\ncompressionLevel: mixed"}},
}

// TestPlugAndPlay patches the copies of Plug'n'Play with yarn's own patches. Before that, every command reads them, and
// none changes anything. After that, all is in order, and their calls use the proxy.
func TestPlugAndPlay(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	for _, row := range pluggedLayouts {
		name := strings.TrimSuffix(row.shape+", "+row.name, ", ")
		if !wanted(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lt := newLayoutTest(t, row.layout, packageManagers["yarn 4"], registry, shapes[row.shape])
			project := lt.install(t, "one")
			lt.requireUnfilled(t, project)
			refused := lt.requireReadOnly(t, project)
			lt.patchByYarn(t, project, refused.Dirs())
			lt.requirePatchedByYarn(t, project, refused)
		})
	}
}

// requireUnfilled requires that an install is suggested as long as yarn's cache is not filled.
func (lt *layoutTest) requireUnfilled(t *testing.T, project string) {
	t.Helper()
	cache := filepath.Join(lt.home, ".yarn", "berry", "cache")
	if strings.Contains(lt.layout.settings, "enableGlobalCache: false") {
		cache = filepath.Join(project, ".yarn", "cache")
	}
	if lt.layout.name == "unplugged" {
		cache = filepath.Join(project, ".yarn", "unplugged")
	}
	if err := os.RemoveAll(cache); err != nil {
		t.Fatal(err)
	}
	before := snapshotOf(t, project)
	for _, command := range []string{"apply", "check", "diff", "verify"} {
		r := lt.proxypatch(t, clitest.NotFound, project, command)
		if !strings.Contains(r.Problems[0].Message, "is not installed yet") || r.Problems[0].Run != "yarn install" {
			t.Errorf("%s: %+v", command, r.Problems[0])
		}
	}
	requireSame(t, "the project", before, snapshotOf(t, project))
	lt.must(t, project, "yarn install")
}

// requireReadOnly requires that apply and check refuse unpatched copies in the same words, and that verify finds that
// each call leaks. Nothing changes. It returns check's report.
func (lt *layoutTest) requireReadOnly(t *testing.T, project string) clitest.Report {
	t.Helper()
	before := snapshotOf(t, lt.dir)
	r := lt.proxypatch(t, clitest.Unsupported, project, "check")
	for _, command := range []string{"apply", "apply -n"} {
		if diff := cmp.Diff(r.Problems, lt.proxypatch(t, clitest.Unsupported, project, command).Problems); diff != "" {
			t.Errorf("%s is refused in other words than check (-check +apply):\n%s", command, diff)
		}
	}
	if len(r.Copies) < 2 {
		t.Fatalf("only %d copies were found", len(r.Copies))
	}
	if _, out := lt.sh(t, project, "proxypatch verify --node "+shellQuote(nodetest.Node(t))); !strings.Contains(out, "\n0 of ") || strings.Contains(out, "  failed ") {
		t.Errorf("verify of unpatched copies:\n%s", out)
	}
	lt.proxypatch(t, clitest.Unproven, project, "doctor")
	lt.proxypatch(t, clitest.Unsupported, project, "revert")
	requireSame(t, "the project and the cache", before, snapshotOf(t, lt.dir))
	return r
}

// patchByYarn makes yarn patch each copy, with what diff prints for it, and give it https-proxy-agent. An alias needs both
// under its own name.
func (lt *layoutTest) patchByYarn(t *testing.T, project string, dirs []string) {
	t.Helper()
	resolutions := map[string]string{}
	for _, dir := range dirs {
		name, version := lt.namePlugged(t, project, dir)
		file := ".yarn/patches/" + strings.ReplaceAll(name, "/", "-") + "-npm-" + version + ".patch"
		write(t, filepath.Join(project, filepath.FromSlash(file)), lt.must(t, project, "proxypatch diff 2>/dev/null --copy "+shellQuote(dir)))
		patched := fmt.Sprintf("patch:%s@npm%%3A%s#~/%s", name, version, file)
		resolutions[name+"@npm:"+version] = patched
		resolutions["auth4@npm:"+name+"@"+version] = patched
	}
	editManifest(t, project, func(manifest map[string]any) { manifest["resolutions"] = resolutions })
	extension := ": {dependencies: {https-proxy-agent: 7.0.6}}\n"
	write(t, filepath.Join(project, ".yarnrc.yml"), lt.layout.settings+"\npackageExtensions:\n  next-auth@*"+extension+"  auth4@*"+extension+"  \"@auth/core@*\""+extension)
	lt.must(t, project, "yarn install")
}

// namePlugged returns the name and the release of a package from its package.json, as yarn reads it.
func (lt *layoutTest) namePlugged(t *testing.T, project, dir string) (name, version string) {
	t.Helper()
	out := lt.must(t, project, "yarn node -p "+shellQuote(`const { name, version } = require(`+fmt.Sprintf("%q", filepath.Join(dir, "package.json"))+`); name + " " + version`))
	name, version, found := strings.Cut(strings.TrimSpace(out), " ")
	if !found {
		t.Fatalf("the package in %s is %q", dir, out)
	}
	return name, version
}

// requirePatchedByYarn requires that all commands find the copies patched, and that nothing changes.
func (lt *layoutTest) requirePatchedByYarn(t *testing.T, project string, refused clitest.Report) {
	t.Helper()
	before := snapshotOf(t, lt.dir)
	checked := lt.proxypatch(t, clitest.OK, project, "check")
	if diff := cmp.Diff(reachedFrom(refused), reachedFrom(checked)); diff != "" {
		t.Errorf("packages with next-auth (-before the patch +after it):\n%s", diff)
	}
	if out := lt.must(t, project, "proxypatch"); !strings.Contains(out, "nothing to do") {
		t.Errorf("apply says:\n%s", out)
	}
	if out := lt.must(t, project, "proxypatch diff 2>/dev/null"); out != "" {
		t.Errorf("diff prints:\n%s", out)
	}
	lt.must(t, project, "https_proxy=http://proxy.example.com:3128 proxypatch doctor")
	r := lt.proxypatch(t, clitest.OK, project, "verify --node "+shellQuote(nodetest.Node(t)))
	if len(r.Calls) < 13*len(checked.Copies) {
		t.Errorf("verify made only %d calls", len(r.Calls))
	}
	lt.proxypatch(t, clitest.Unsupported, project, "revert")
	requireSame(t, "the project and the cache", before, snapshotOf(t, lt.dir))
}

// reachedFrom counts the copies that each package of a report gets.
func reachedFrom(r clitest.Report) map[string]int {
	counts := map[string]int{}
	for _, c := range r.Copies {
		for _, way := range c.Reached {
			counts[way.From]++
		}
	}
	return counts
}
