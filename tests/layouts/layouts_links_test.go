package layouts

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// TestLayoutLinks patches projects behind symbolic links: to the project's directory, and to one or all packages of a
// workspace.
func TestLayoutLinks(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	for _, l := range []layout{
		{managers: []string{"npm 11", "yarn 1", "pnpm 10", "bun"}},
		{managers: []string{"yarn 4"}, settings: "nodeLinker: node-modules"},
	} {
		for _, manager := range l.managers {
			for moved, move := range map[string][2]string{
				"project":  {"one", "elsewhere"},
				"packages": {"one/packages", "one/code"},
				"package":  {"one/packages/web", "one/web"},
			} {
				name := manager + ", " + moved
				if !wanted(name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					lt := newLayoutTest(t, l, packageManagers[manager], registry, shapes["workspace"])
					project := filepath.Join(lt.dir, "one")
					makeProject(t, project, lt.manager, l, lt.members)
					moveAndLink(t, filepath.Join(lt.dir, move[0]), filepath.Join(lt.dir, move[1]))
					lt.must(t, project, lt.manager.command+" install")
					dir, err := filepath.EvalSymlinks(project)
					if err != nil {
						t.Fatal(err)
					}
					copies, before := copiesBelow(t, dir), snapshotOf(t, lt.dir)
					if len(copies) < 3 {
						t.Errorf("the layout has only %q", copies)
					}
					r := lt.proxypatch(t, clitest.OK, project, "apply")
					if diff := cmp.Diff(copies, r.Dirs()); diff != "" {
						t.Errorf("found (-there +found):\n%s", diff)
					}
					lt.requireReached(t, project, r)
					lt.proxypatch(t, clitest.OK, project, "check")
					lt.proxypatch(t, clitest.OK, project, "revert")
					requireSame(t, "the sandbox", before, withoutStamps(snapshotOf(t, lt.dir)))
				})
			}
		}
	}
}

// moveAndLink moves a directory and leaves a link to it.
func moveAndLink(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}
