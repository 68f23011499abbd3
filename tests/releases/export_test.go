package releases

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
	"github.com/proxypatch/proxypatch/patches"
)

// TestWrite compares the patch of every release, as a package manager applies it, with what
// apply writes. git applies it at the lines that it names, without a search. The patches of a
// line are one for git. In the package itself, the quick loop applies only the oldest.
func TestWrite(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		repotest.Unavailable(t, "patches are compared with git apply: %v", err)
	}
	library, err := patchset.Open(patches.FS, patchset.Default)
	if err != nil {
		t.Fatal(err)
	}
	tried, least := 0, 34
	if gate.Wanted(t, "releases") {
		least = 176
	}
	for _, l := range line.All {
		releases := npmreleases.Holding(npmreleases.Pins(), l)
		packages := nodetest.Packages(t, l.Package, releases)
		var all []written
		for i, pkg := range packages {
			selection, err := library.For(l, releases[i].Version)
			if err != nil {
				t.Fatal(err)
			}
			want := wanted(t, l, selection, pkg)
			w := written{l, selection, concernedBy(want, pkg), want, releases[i].Version + "/node_modules/" + l.Package}
			// Many releases have the same files. The quick loop runs the first.
			if i > 0 && !gate.Wanted(t, "releases") && reflect.DeepEqual(w.was, all[len(all)-1].was) {
				continue
			}
			if all = append(all, w); len(all) == 1 || gate.Wanted(t, "releases") {
				w.under = ""
				requireApplied(t, t.TempDir(), w)
			}
		}
		requireApplied(t, t.TempDir(), all...)
		tried += len(all)
	}
	casecount.AtLeast(t, "patches that git applies, by release", tried, least)
}

// written is the patch of a release.
type written struct {
	line      *line.Line
	selection *patchset.Selection
	was, want npmreleases.Package
	under     string // the directory of the package, with slashes
}

// requireApplied applies and reverses patches in a directory.
func requireApplied(t *testing.T, dir string, all ...written) {
	t.Helper()
	var text []byte
	for _, w := range all {
		if err := w.was.Write(filepath.Join(dir, filepath.FromSlash(w.under))); err != nil {
			t.Fatal(err)
		}
		patch, err := w.selection.Write(w.line, w.under)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, patch...)
	}
	gitApply(t, dir, text)
	for _, w := range all {
		requirePackage(t, filepath.Join(dir, filepath.FromSlash(w.under)), w.want)
	}
	gitApply(t, dir, text, "-R")
	for _, w := range all {
		requirePackage(t, filepath.Join(dir, filepath.FromSlash(w.under)), w.was)
	}
}

// wanted returns the files that the patch of a package changes, as apply writes them.
func wanted(t *testing.T, l *line.Line, selection *patchset.Selection, pkg npmreleases.Package) npmreleases.Package {
	t.Helper()
	want := npmreleases.Package{l.Helper: selection.Helper.Content}
	for _, target := range selection.Targets {
		if !target.Wanted() {
			continue
		}
		r, err := target.Classify(pkg[target.Path])
		if err != nil || r.Wanted == nil {
			t.Fatalf("%s: %v", target.Path, err)
		}
		want[target.Path] = r.Wanted
	}
	return want
}

// concernedBy returns the files that a patch changes, as released.
func concernedBy(patched, pkg npmreleases.Package) npmreleases.Package {
	files := npmreleases.Package{}
	for name := range patched {
		if content, found := pkg[name]; found {
			files[name] = content
		}
	}
	return files
}

// gitApply applies a patch in a directory. It fails if a hunk is not exactly where the patch
// says, because bun does not search for it.
func gitApply(t *testing.T, dir string, patch []byte, flags ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"apply", "--verbose"}, flags...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "LC_ALL=C")
	cmd.Stdin = bytes.NewReader(patch)
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("offset")) {
		t.Fatalf("git apply: %v\n%s", err, out)
	}
}
