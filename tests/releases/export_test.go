package releases

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
	"github.com/proxypatch/proxypatch/patches"
)

// TestWrite compares the patch of every release, as a package manager applies it, with what
// apply writes. git applies it at the lines that it names, without a search.
func TestWrite(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		repotest.Unavailable(t, "patches are compared with git apply: %v", err)
	}
	library, err := patchset.Open(patches.FS, patchset.Default)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, l := range line.All {
		releases := npmreleases.Holding(npmreleases.Pins(), l)
		packages := nodetest.Packages(t, l.Package, releases)
		for i, pkg := range packages {
			// Many releases of next-auth 3 have the same patched file. The quick loop runs one for each content.
			if l == prooftest.NextAuth3 && i > 0 && !gate.Wanted(t, "releases") && bytes.Equal(pkg[l.Calls.Always], packages[i-1][l.Calls.Always]) {
				continue
			}
			tried++
			t.Run(l.Package+" "+releases[i].Version, func(t *testing.T) {
				t.Parallel()
				selection, err := library.For(l, releases[i].Version)
				if err != nil {
					t.Fatal(err)
				}
				under := "node_modules/" + l.Package
				dir := t.TempDir()
				top := filepath.Join(dir, filepath.FromSlash(under))
				want := wanted(t, l, selection, pkg)
				if err := npmreleases.Package(concernedBy(want, pkg)).Write(top); err != nil {
					t.Fatal(err)
				}
				for _, run := range []struct{ under, in string }{{"", top}, {under, dir}} {
					patch, err := selection.Write(l, run.under)
					if err != nil {
						t.Fatal(err)
					}
					gitApply(t, run.in, patch)
					requirePackage(t, top, want)
					gitApply(t, run.in, patch, "-R")
					requirePackage(t, top, concernedBy(want, pkg))
				}
			})
		}
	}
	casecount.AtLeast(t, "patches that git applies, by release", tried, 100)
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
