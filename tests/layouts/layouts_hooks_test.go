package layouts

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// TestLayoutHooks runs init's hooks with each package manager: a build must fail on unpatched files, and an install
// must patch them.
func TestLayoutHooks(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	for _, manager := range slices.Sorted(maps.Keys(packageManagers)) {
		if !wanted(manager) {
			continue
		}
		t.Run(manager, func(t *testing.T) {
			t.Parallel()
			l := layout{}
			if manager == "yarn 4" {
				l.settings = "nodeLinker: node-modules"
			}
			lt := newLayoutTest(t, l, packageManagers[manager], registry, shapes["app"])
			project := lt.install(t, "one")
			lt.must(t, project, "proxypatch init")
			code, out := lt.sh(t, project, lt.manager.command+" run build")
			patches := manager == "deno" // the build does, because no install can
			if patches != strings.Contains(out, built) || !patches && code != int(clitest.Pending) {
				t.Errorf("the build of an unpatched tree exited with %d:\n%s", code, out)
			}

			if err := os.RemoveAll(filepath.Join(project, "node_modules")); err != nil {
				t.Fatal(err)
			}
			lt.must(t, project, lt.manager.command+" install")
			if !patches {
				lt.proxypatch(t, clitest.OK, project, "check")
			}
			if out := lt.must(t, project, lt.manager.command+" run build"); !strings.Contains(out, built) {
				t.Errorf("the build says:\n%s", out)
			}
			lt.proxypatch(t, clitest.OK, project, "check")
		})
	}
}
