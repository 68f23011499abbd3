package layouts

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

// stray returns the directory of the member that names another @auth/core than the one that its next-auth loads.
func (lt *layoutTest) stray() string {
	for _, m := range lt.members {
		if m.dependencies[prooftest.AuthCore.Package] != "" {
			return m.dir
		}
	}
	return ""
}

// selectLines requires that --copy patches the copies of one release line, and that revert restores the project.
func (lt *layoutTest) selectLines(t *testing.T, project string, copies []string) {
	before := withoutStamps(snapshotOf(t, project))
	for _, l := range []*line.Line{prooftest.NextAuth, prooftest.AuthCore} {
		want := slices.DeleteFunc(slices.Clone(copies), func(dir string) bool { return lineOf(t, dir) != l })
		r := lt.proxypatch(t, clitest.OK, project, "apply", "--copy", l.Range)
		if diff := cmp.Diff(want, r.Dirs()); diff != "" || len(want) == 0 {
			t.Errorf("--copy %s (-there +selected):\n%s", l.Range, diff)
		}
		lt.proxypatch(t, clitest.OK, project, "check", "--copy", l.Range)
		lt.proxypatch(t, clitest.Pending, project, "check")
		lt.proxypatch(t, clitest.OK, project, "revert")
		requireSame(t, "the project after revert", before, withoutStamps(snapshotOf(t, project)))
	}
}

// patchStray requires a warning of the @auth/core that a member names beside its next-auth, and follows its hint.
func (lt *layoutTest) patchStray(t *testing.T, project string) {
	before := withoutStamps(snapshotOf(t, project))
	var hints []string
	for _, p := range lt.proxypatch(t, clitest.OK, project, "apply").Problems {
		if strings.Contains(p.Message, prooftest.AuthCore.Package+" "+strayRelease+" is not the one that next-auth loads") {
			hints = append(hints, p.Run)
		}
	}
	if len(hints) != 1 {
		t.Fatalf("%d warnings of the other %s: %q", len(hints), prooftest.AuthCore.Package, hints)
	}
	dir, err := filepath.EvalSymlinks(prooftest.PackageDir(prooftest.AuthCore, filepath.Join(project, lt.stray())))
	if err != nil {
		dir = filepath.Join(project, "node_modules", filepath.FromSlash(prooftest.AuthCore.Package)) // hoisted
	}
	lt.must(t, project, hints[0])
	network := prooftest.NewNetwork(t)
	phaseOf(t, network, "patched", throughProxy)([]string{dir})
	for _, p := range lt.proxypatch(t, clitest.OK, project, "check").Problems {
		t.Errorf("check still warns: %s", p.Message)
	}
	lt.proxypatch(t, clitest.OK, project, "revert")
	lt.must(t, project, strings.Replace(hints[0], " apply ", " revert ", 1))
	requireSame(t, "the project after revert", before, withoutStamps(snapshotOf(t, project)))
}
