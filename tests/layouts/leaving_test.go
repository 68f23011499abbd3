package layouts

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// TestLeaving takes the patch out of a project as docs/after-you-patched.md says.
func TestLeaving(t *testing.T) {
	gate.NeedAll(t, "layouts")
	m := packageManagers["npm 11"]
	s := newSandbox(t, m, nodetest.Registry(t, slices.Concat(nodetest.Tarballs(t, "layouts"), ownPackages(t), published(t))))
	dir := filepath.Join(s.dir, "project")
	makeProject(t, dir, m, layout{}, []member{{".", with(react18, "next-auth", newRelease)}})
	s.must(t, dir, "npm install")
	s.must(t, dir, "cp -r node_modules/next-auth ../released && cp package.json ../before.json")
	useDependency(t, s, dir)
	s.must(t, dir, "npm ci && proxypatch check")
	blocks := guide{document: "docs/after-you-patched.md", section: "Take the patch out"}.blocks(t)
	if len(blocks) != 1 {
		t.Fatalf("there are %d blocks", len(blocks))
	}
	s.must(t, dir, "set -e\n"+blocks[0].Code)
	s.must(t, dir, "diff -r node_modules/next-auth ../released")
	if left := s.must(t, dir, "npm uninstall https-proxy-agent && diff package.json ../before.json && npm ls --parseable"); strings.Contains(left, "proxypatch") {
		t.Errorf("something is left:\n%s", left)
	}
}
