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
	blocks := guide{document: "docs/after-you-patched.md", section: "Take the patch out"}.blocks(t)
	if len(blocks) != 2 {
		t.Fatalf("there are %d blocks", len(blocks))
	}
	for i, begin := range []func(*testing.T, *sandbox, string){useHooks, useFiles} {
		begin(t, s, dir)
		s.must(t, dir, "npm ci && proxypatch check")
		s.must(t, dir, "set -e\n"+blocks[i].Code)
		s.must(t, dir, "diff -r node_modules/next-auth ../released")
		left := s.must(t, dir, "mkdir -p vendor && npm uninstall https-proxy-agent && diff package.json ../before.json && npm ls --parseable && ls vendor")
		if strings.Contains(left, "proxypatch") {
			t.Errorf("block %d left something:\n%s", i, left)
		}
	}
}

// useFiles is useHooks in a team whose proxypatch is files in the project, as the README says.
func useFiles(t *testing.T, s *sandbox, dir string) {
	for _, tarball := range packages(t) {
		write(t, filepath.Join(dir, "vendor", tarball.Name), string(tarball.Data))
	}
	s.must(t, dir, "npm install --save-optional ./vendor/proxypatch-*64-*.tgz && npm install ./vendor/proxypatch-[0-9]*.tgz")
	useHooks(t, s, dir)
}
