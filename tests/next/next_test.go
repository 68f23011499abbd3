// Package next builds apps with Next.js and Turborepo, before and after the patch.
package next

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// nextApp is an app with next-auth in its app router.
type nextApp struct {
	release string // the npm project of its packages
	dir     string
	flags   []string // of next build
}

// newNextApp installs a fresh app.
func newNextApp(t *testing.T, release string, flags ...string) *nextApp {
	t.Helper()
	app := &nextApp{release, nodetest.Copy(t, release), flags}
	must(t, nodetest.CopyTree("testdata/app", filepath.Join(app.dir, "app")))
	config, err := os.ReadFile("testdata/" + release + ".config.js")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(app.dir, "next.config.js"), config, 0o666))
	return app
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reinstall replaces node_modules and deletes the build, as a fresh checkout in CI
// does.
func (a *nextApp) reinstall(t *testing.T) {
	t.Helper()
	must(t, os.RemoveAll(a.path(".next")))
	must(t, os.RemoveAll(a.path("node_modules")))
	must(t, nodetest.CopyTree(filepath.Join(nodetest.Project(t, a.release), "node_modules"), a.path("node_modules")))
}

func (a *nextApp) path(name string) string { return filepath.Join(a.dir, filepath.FromSlash(name)) }

// proxypatch runs the program in the app.
func (a *nextApp) proxypatch(t *testing.T, args ...string) {
	t.Helper()
	clitest.Must(t, append([]string{"-C", a.dir}, args...)...)
}

// build runs next build without a registry and telemetry.
func (a *nextApp) build(t *testing.T) {
	t.Helper()
	cmd := exec.Command(nodetest.Node(t), append([]string{a.path("node_modules/next/dist/bin/next"), "build"}, a.flags...)...)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(),
		"HOME="+t.TempDir(),
		"NEXT_TELEMETRY_DISABLED=1",
		"NEXT_SERVER_ACTIONS_ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"npm_config_registry=http://127.0.0.1:9",
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("next build: %v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("Critical dependency")) || bytes.Contains(out, []byte("https-proxy-agent")) {
		t.Errorf("next build warns of the helper:\n%s", out)
	}
}

// marker is the text that shows that a build contains the helper. It is in its code, not in a comment.
var marker = regexp.MustCompile("[\"'`]proxypatch helper revision [0-9]+[\"'`]")

// built reports whether the server's bundle contains the patched next-auth. Only patched
// calls load the helper.
func (a *nextApp) built(t *testing.T) (patched bool) {
	t.Helper()
	auth := false
	must(t, filepath.WalkDir(a.path(".next/server"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".js" {
			return err
		}
		data, err := os.ReadFile(path)
		auth = auth || bytes.Contains(data, []byte("graph.microsoft.com"))
		patched = patched || marker.Match(data)
		return err
	}))
	if !auth {
		t.Fatal("next-auth is not in the bundle")
	}
	return patched
}

// expect builds the app and looks for the patch in it.
func (a *nextApp) expect(t *testing.T, when string, patched bool) {
	t.Helper()
	a.build(t)
	if got := a.built(t); got != patched {
		t.Errorf("%s: patched: %v, want %v", when, got, patched)
	}
}

// files returns the files below a directory of the app with hashes of their content.
func (a *nextApp) files(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(a.path(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(a.path(dir), path)
		files[filepath.ToSlash(name)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	}))
	return files
}

func (a *nextApp) has(name string) bool {
	_, err := os.Stat(a.path(name))
	return err == nil
}

const warmCache = ".next/cache/webpack/server-production/index.pack"

// TestNextBuildsWhatIsInstalled builds before the patch, with it and after a revert,
// each time with the cache of the last build.
func TestNextBuildsWhatIsInstalled(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	for name, test := range map[string]struct {
		release string
		flags   []string
		webpack bool
	}{
		"16 webpack":   {"next-16", []string{"--webpack"}, true},
		"16 Turbopack": {"next-16", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newNextApp(t, test.release, test.flags...)
			app.expect(t, "unpatched", false)
			if app.has(warmCache) != test.webpack {
				t.Errorf("webpack's cache is there: %v", !test.webpack)
			}
			app.proxypatch(t, "apply")
			app.expect(t, "patched", true)
			app.proxypatch(t, "revert")
			app.expect(t, "reverted", false)
		})
	}
}

// TestNext15HoldsTheMarker builds with the release whose webpack no other test here runs.
func TestNext15HoldsTheMarker(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	app := newNextApp(t, "next-15")
	app.proxypatch(t, "apply")
	app.expect(t, "patched", true)
}

// TestNextCacheInCI builds Next.js 14 as CI does: it keeps the cache of a patched build
// for the next one, and everything else is fresh.
func TestNextCacheInCI(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	app := newNextApp(t, "next-14")
	app.proxypatch(t, "apply")
	app.expect(t, "first build", true)
	saved := filepath.Join(t.TempDir(), "cache")
	must(t, nodetest.CopyTree(app.path(".next/cache"), saved))

	app.reinstall(t)
	must(t, os.MkdirAll(app.path(".next"), 0o777))
	must(t, nodetest.CopyTree(saved, app.path(".next/cache")))
	restored := app.files(t, ".next/cache")
	app.proxypatch(t, "apply")
	if diff := cmp.Diff(restored, app.files(t, ".next/cache")); diff != "" {
		t.Errorf("the restored cache was changed (-before +after):\n%s", diff)
	}
	app.expect(t, "build with the restored cache", true)

	app.proxypatch(t, "revert")
	if app.has(".next/cache/webpack") {
		t.Error("revert left webpack's cache")
	}
	app.expect(t, "reverted", false)

	// This is why stamps exist: webpack builds from its cache and ignores installed
	// changes.
	app.proxypatch(t, "apply", "--keep-cache")
	app.expect(t, "patched, but with the old cache", false)

	// The files are already patched, but the cache must be deleted.
	app.proxypatch(t, "apply")
	if app.has(".next/cache/webpack") {
		t.Error("an apply without anything to patch left webpack's old cache")
	}
	app.expect(t, "patched, with a renewed cache", true)
}
