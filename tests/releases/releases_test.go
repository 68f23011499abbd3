// Package releases tests every supported release of next-auth: its files and its
// requests.
package releases

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/patches"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// TestEveryRelease applies, checks and reverts every supported release as published.
func TestEveryRelease(t *testing.T) {
	t.Parallel()
	releases, packages := nodetest.Releases(t)
	all := map[string]installed{}
	for i, release := range releases {
		all[release.Version] = installed{line.NextAuth: shrunk(packages[i])}
	}
	changed := roundTrip(t, all)
	for i, release := range releases {
		t.Run(release.Version, func(t *testing.T) { requireTargets(t, packages[i], changed[release.Version]) })
	}
}

// installed are the packages of a release, by name.
type installed map[string]npmreleases.Package

// roundTrip applies, checks and reverts releases, all in one project. It always uses
// --strict, so that every byte must be a known one. It returns the files that apply changes
// in each release.
func roundTrip(t *testing.T, releases map[string]installed) map[string][]string {
	t.Helper()
	project := newProject(t, nil)
	dirOf := func(release, name string) string {
		return filepath.Join(project, "node_modules", release, "node_modules", filepath.FromSlash(name))
	}
	for release, packages := range releases {
		for name, pkg := range packages {
			if err := pkg.Write(dirOf(release, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := func(args ...string) map[string][]clitest.File {
		files := map[string][]clitest.File{}
		for _, c := range clitest.JSON(t, clitest.OK, append([]string{"-C", project, "--strict"}, args...)...).Copies {
			files[strings.Split(filepath.ToSlash(c.Dir), "/node_modules/")[1]] = c.Files
		}
		if len(files) != len(releases) {
			t.Fatalf("%q has %d of %d releases", args, len(files), len(releases))
		}
		return files
	}
	requireState := func(state patchset.State, args ...string) {
		for release, files := range run(args...) {
			for _, f := range files {
				if f.State != string(state) {
					t.Errorf("%q: %s of %s is %s", args, f.Path, release, f.State)
				}
			}
		}
	}
	requireState(patchset.Pristine, "--dry-run")
	changed := map[string][]string{}
	for release, files := range run() {
		for _, f := range files {
			if f.Action == string(apply.Keep) {
				t.Errorf("%s of %s was not changed", f.Path, release)
			}
			changed[release] = append(changed[release], f.Path)
		}
	}
	requireState(patchset.Patched, "check")
	run("revert")
	for release, packages := range releases {
		for name, pkg := range packages {
			requirePackage(t, dirOf(release, name), pkg)
		}
	}
	return changed
}

// requireTargets requires that all files with requests are changed, and that the helper
// is added.
func requireTargets(t *testing.T, pkg npmreleases.Package, changed []string) {
	t.Helper()
	patched := map[string]bool{}
	for _, path := range changed {
		patched[path] = true
	}
	for _, path := range []string{
		line.All[0].Helper, "core/lib/oauth/client.js", "core/lib/oauth/client-legacy.js",
		"providers/azure-ad.js", "providers/foursquare.js", "providers/github.js", "providers/linkedin.js",
	} {
		if !patched[path] {
			t.Errorf("%s would not be patched", path)
		}
	}
	for path, content := range pkg {
		if !strings.HasSuffix(path, ".js") || patched[path] || toItself[path] {
			continue
		}
		for _, call := range []string{"fetch(", `require("http`, `require("net`, `require("tls`, `require("openid-client")`, `require("oauth")`} {
			if bytes.Contains(content, []byte(call)) && !namesOnly(path, call) {
				t.Errorf("%s has %q and would not be patched", path, call)
			}
		}
	}
}

// toItself are the modules that make requests to their own app, some from the browser.
// A proxy would break these.
var toItself = map[string]bool{"client/_utils.js": true, "react.js": true, "react/index.js": true, "lib/logger.js": true, "utils/logger.js": true}

// namesOnly reports whether a module loads openid-client without making requests: for
// its checks of state and PKCE, or to export it.
func namesOnly(path, call string) bool {
	return call == `require("openid-client")` && strings.HasPrefix(path, "core/lib/oauth/")
}

// newProject writes a project with one package of next-auth and a stand-in for
// https-proxy-agent.
func newProject(t *testing.T, pkg npmreleases.Package) string {
	t.Helper()
	project := t.TempDir()
	modules := filepath.Join(project, "node_modules")
	if err := nodetest.CopyTree("../../testdata/node_modules/https-proxy-agent", filepath.Join(modules, "https-proxy-agent")); err != nil {
		t.Fatal(err)
	}
	if err := pkg.Write(filepath.Join(modules, "next-auth")); err != nil {
		t.Fatal(err)
	}
	return project
}

// requirePackage requires that dir contains exactly the package's files.
func requirePackage(t *testing.T, dir string, pkg npmreleases.Package) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		found++
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(content, pkg[filepath.ToSlash(name)]) {
			t.Errorf("%s in %s is not as released", name, dir)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != len(pkg) {
		t.Errorf("%d files are in %s, not %d", found, dir, len(pkg))
	}
}

// TestHandPatched applies the tutorial's hunks to every release where they fit, as
// people did by hand. The quick loop runs one in ten releases.
func TestHandPatched(t *testing.T) {
	releases, packages := nodetest.Releases(t)
	tutorial, err := patchset.Load(patches.FS, "tutorial")
	if err != nil {
		t.Fatal(err)
	}
	fits := map[string][]string{}
	for i, release := range releases {
		hand := map[string]bool{}
		for _, d := range tutorial {
			if _, err := d.Apply(packages[i][d.Path]); err == nil {
				fits[d.Path] = append(fits[d.Path], release.Version)
				hand[d.Path] = true
			}
		}
		if len(hand) == 0 || i%10 != 0 && !gate.Wanted(t, "releases") {
			continue
		}
		project := newProject(t, shrunk(packages[i]))
		pkg := filepath.Join(project, "node_modules", "next-auth")
		byHand := func() {
			for _, d := range tutorial {
				if hand[d.Path] {
					content, err := d.Apply(packages[i][d.Path])
					if err != nil {
						t.Fatal(err)
					}
					put(t, pkg, d.Path, content)
				}
			}
		}
		byHand()
		for _, f := range clitest.JSON(t, clitest.Pending, "-C", project, "--strict", "check").Copies[0].Files {
			if hand[f.Path] != (f.State == string(patchset.Outdated)) {
				t.Errorf("%s: %s is %s", release.Version, f.Path, f.State)
			}
		}
		clitest.JSON(t, clitest.OK, "-C", project, "--strict")
		clitest.JSON(t, clitest.OK, "-C", project, "--strict", "check")
		byHand() // and back to the tutorial's state, for revert
		clitest.JSON(t, clitest.OK, "-C", project, "--strict", "revert")
		requirePackage(t, pkg, shrunk(packages[i]))
	}
	for path, want := range map[string][2]string{
		"core/lib/oauth/client.js": {"4.1.0", "4.24.7"},
		"providers/azure-ad.js":    {"4.2.0", "4.18.8"},
	} {
		if got := fits[path]; len(got) == 0 || got[0] != want[0] || got[len(got)-1] != want[1] {
			t.Errorf("the tutorial's hunks fit %s of %v; want %s to %s", path, got, want[0], want[1])
		}
	}
}

// TestSuperseded recognises, upgrades and reverts the files of older proxypatches in
// 4.2.1: each earlier helper, with the two call sites that the first version patched.
func TestSuperseded(t *testing.T) {
	testdata := os.DirFS("../../testdata")
	helpers, err := fs.Glob(testdata, "superseded/*/helper/proxy.js")
	if err != nil || len(helpers) == 0 {
		t.Fatalf("%v, %v", helpers, err)
	}
	releases, packages := nodetest.Releases(t)
	pkg := shrunk(packages[slices.IndexFunc(releases, func(r npmreleases.Release) bool { return r.Version == "4.2.1" })])
	for _, helper := range helpers {
		t.Run(helper, func(t *testing.T) {
			old, err := fs.ReadFile(testdata, helper)
			if err != nil {
				t.Fatal(err)
			}
			for _, goal := range [][]string{{}, {"revert"}} {
				project := newProject(t, pkg)
				dir := filepath.Join(project, "node_modules", "next-auth")
				clitest.JSON(t, clitest.OK, "-C", project)
				for path := range pkg {
					if path != "core/lib/oauth/client.js" && path != "providers/azure-ad.js" {
						put(t, dir, path, pkg[path])
					}
				}
				put(t, dir, line.All[0].Helper, old)
				for _, f := range clitest.JSON(t, clitest.Pending, "-C", project, "--strict", "check").Copies[0].Files {
					if f.Path == line.All[0].Helper && f.State != string(patchset.Outdated) {
						t.Errorf("the helper is %s", f.State)
					}
				}
				clitest.JSON(t, clitest.OK, append(goal, "-C", project, "--strict")...)
				if len(goal) == 0 {
					clitest.JSON(t, clitest.OK, "-C", project, "--strict", "check")
					clitest.JSON(t, clitest.OK, "-C", project, "--strict", "revert")
				}
				requirePackage(t, dir, pkg)
			}
		})
	}
}

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// revert reverts every set, even if --set names another one, or one without diffs for
// the release.
func TestRevertWhicheverSet(t *testing.T) {
	_, packages := nodetest.Releases(t)
	for _, pkg := range []npmreleases.Package{shrunk(packages[0]), shrunk(packages[len(packages)-1])} {
		project := newProject(t, pkg)
		clitest.JSON(t, clitest.OK, "-C", project)
		clitest.JSON(t, clitest.OK, "-C", project, "revert", "--set", "tutorial")
		requirePackage(t, filepath.Join(project, "node_modules", "next-auth"), pkg)
	}
}

// TestInventedRelease gives the newest release a number above all known ones.
func TestInventedRelease(t *testing.T) {
	_, packages := nodetest.Releases(t)
	pkg := shrunk(packages[len(packages)-1])
	const azure = "providers/azure-ad.js"
	manifest := bytes.Replace(pkg["package.json"], []byte(`"version": "4.24.15"`), []byte(`"version": "4.24.99"`), 1)
	if bytes.Equal(manifest, pkg["package.json"]) {
		t.Fatal("the version was not replaced")
	}
	pkg["package.json"] = manifest
	for name, test := range map[string]struct {
		edit      func(content []byte) []byte
		state     patchset.State
		code      clitest.Code
		strict    clitest.Code
		unchanged bool
	}{
		"known":        {func(content []byte) []byte { return content }, patchset.Pristine, clitest.OK, clitest.Unsupported, false},
		"known, older": {func([]byte) []byte { return packages[0][azure] }, patchset.Pristine, clitest.OK, clitest.Unsupported, false},
		"fits":         {func(content []byte) []byte { return append([]byte("// new\n"), content...) }, patchset.ModifiedFits, clitest.OK, clitest.Unsupported, false},
		"does not fit": {func(content []byte) []byte { return bytes.ReplaceAll(content, []byte("fetch("), []byte("get(")) }, patchset.Drifted, clitest.Unsupported, clitest.Unsupported, true},
		"is not there": {func([]byte) []byte { return nil }, patchset.Missing, clitest.Unsupported, clitest.Unsupported, true},
	} {
		t.Run(name, func(t *testing.T) {
			changed := maps.Clone(pkg)
			if changed[azure] = test.edit(slices.Clone(pkg[azure])); changed[azure] == nil {
				delete(changed, azure)
			}
			project := newProject(t, changed)
			dir := filepath.Join(project, "node_modules", "next-auth")
			clitest.JSON(t, test.strict, "-C", project, "--strict")
			requirePackage(t, dir, changed)
			r := clitest.JSON(t, test.code, "-C", project)
			for _, f := range r.Copies[0].Files {
				if f.Path == azure && f.State != string(test.state) {
					t.Errorf("%s was %s, want %s", azure, f.State, test.state)
				}
			}
			if !test.unchanged {
				clitest.JSON(t, clitest.OK, "-C", project, "check")
				clitest.JSON(t, clitest.OK, "-C", project, "revert")
			}
			requirePackage(t, dir, changed)
		})
	}
}

// shrunk drops the files that no diff changes, to write fewer files.
func shrunk(pkg npmreleases.Package) npmreleases.Package {
	small := maps.Clone(pkg)
	maps.DeleteFunc(small, func(name string, _ []byte) bool { return name != "package.json" && !concerned()[name] })
	return small
}

// concerned are the files with a diff for any release.
var concerned = sync.OnceValue(func() map[string]bool {
	files := map[string]bool{}
	diffs, err := fs.Glob(patches.FS, "*/providers/*.diff")
	more, errMore := fs.Glob(patches.FS, "*/core/lib/oauth/*.diff")
	if err != nil || errMore != nil || len(diffs) == 0 || len(more) == 0 {
		panic("the diffs are not where they were")
	}
	for _, diff := range append(diffs, more...) {
		_, file, _ := strings.Cut(diff, "/")
		files[strings.TrimSuffix(file, ".diff")] = true
	}
	return files
})
