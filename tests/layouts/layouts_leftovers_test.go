package layouts

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// beta is a release that can't be patched.
const beta = "5.0.0-beta.30"

// TestLayoutLeftovers changes the release or the patch of next-auth. Package managers with a store leave the old copy
// in it. proxypatch must ignore an old copy that it can't patch.
func TestLayoutLeftovers(t *testing.T) {
	wanted := chosen(t)
	registry := nodetest.Registry(t, slices.Concat(nodetest.Tarballs(t, "layouts"), ownPackages(t), [][]byte{
		nodetest.Pack(t, `{"name": "next-auth", "version": "`+beta+`"}`, nil),
	}))
	for _, l := range []layout{
		{managers: pnpms},
		{managers: []string{"bun"}, settings: "[install]\nlinker = \"isolated\""},
	} {
		for _, manager := range l.managers {
			if !wanted(manager + ", unsupported release") {
				continue
			}
			t.Run(manager+", unsupported release", func(t *testing.T) {
				t.Parallel()
				lt := newLayoutTest(t, l, packageManagers[manager], registry, []member{
					{".", with(react18, "next-auth", beta, "https-proxy-agent", "7.0.6")},
				})
				project := lt.install(t, "one")
				lt.proxypatch(t, clitest.Unsupported, project, "apply")
				lt.must(t, project, lt.manager.command+" add next-auth@"+newRelease)
				lt.requireLeftover(t, project, beta)
			})
		}
	}
	for _, tool := range nativeTools {
		for _, manager := range tool.layout.managers {
			name := manager + ", " + tool.name
			if tool.conflict != clitest.Unsupported || !wanted(name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				lt := newLayoutTest(t, tool.layout, packageManagers[manager], registry, []member{
					{".", with(react18, "next-auth", newRelease, "https-proxy-agent", "7.0.6")},
				})
				lt.extra = map[string]string{nativeFile: tool.patch(t, "const provider = options.provider;", "const { provider } = options;")}
				project := lt.install(t, "one")
				lt.proxypatch(t, clitest.Unsupported, project, "apply")
				lt.must(t, project, "pnpm patch-remove next-auth@"+newRelease)
				lt.requireLeftover(t, project, newRelease)
			})
		}
	}
}

// requireLeftover requires that a leftover of a release blocks nothing, and that the hint removes it.
func (lt *layoutTest) requireLeftover(t *testing.T, project, release string) {
	t.Helper()
	store := filepath.Join(project, "node_modules")
	before := snapshotOf(t, store)
	for _, command := range [][]string{{"apply", "--dry-run"}, {"apply"}, {"check"}, {"revert"}} {
		r := lt.proxypatch(t, clitest.OK, project, command...)
		warned := slices.ContainsFunc(r.Problems, func(p clitest.Problem) bool {
			return p.Severity == "warning" && strings.Contains(p.Message, release+" is a leftover of an earlier install")
		})
		if !warned || len(r.Problems) != 1 || len(r.Copies) != 1 {
			t.Errorf("%q: %d copies, %+v", command, len(r.Copies), r.Problems)
		}
	}
	requireSame(t, "node_modules", before, snapshotOf(t, store))
	hint := lt.proxypatch(t, clitest.OK, project, "apply").Problems[0].Hint
	way, found := strings.CutPrefix(hint, "remove it: ")
	if !found {
		t.Fatalf("the hint is %q", hint)
	}
	t.Log(way)
	lt.must(t, project, way)
	if r := lt.proxypatch(t, clitest.OK, project, "apply"); len(r.Problems) > 0 {
		t.Errorf("after %q: %+v", hint, r.Problems)
	}
}
