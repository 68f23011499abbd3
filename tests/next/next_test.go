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
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// nextApp is one of the apps in testdata/apps.
type nextApp struct {
	release string // the npm project of its packages
	dir     string
	flags   []string // of next build
}

// newNextApp installs a fresh app.
func newNextApp(t *testing.T, name, release string, flags ...string) *nextApp {
	t.Helper()
	app := &nextApp{release, nodetest.Copy(t, release), flags}
	must(t, nodetest.CopyTree(filepath.Join("testdata", "apps", name), app.dir))
	for _, file := range []string{"next.config.js", "options.js"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		must(t, err)
		must(t, os.WriteFile(app.path(file), data, 0o666))
	}
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

// saveCache copies the build cache, as CI does after a build.
func (a *nextApp) saveCache(t *testing.T) (saved string) {
	t.Helper()
	saved = filepath.Join(t.TempDir(), "cache")
	must(t, nodetest.CopyTree(a.path(".next/cache"), saved))
	return saved
}

// restoreCache replaces the build cache by a saved one.
func (a *nextApp) restoreCache(t *testing.T, saved string) {
	t.Helper()
	must(t, os.RemoveAll(a.path(".next/cache")))
	must(t, os.MkdirAll(a.path(".next"), 0o777))
	must(t, nodetest.CopyTree(saved, a.path(".next/cache")))
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

// expect builds the app and requires what `check --built` says of it.
func (a *nextApp) expect(t *testing.T, when string, want clitest.Code) {
	t.Helper()
	a.build(t)
	a.judge(t, when, want, want)
}

// judge requires what `check --built` says of the app and of its standalone output alone,
// and that it writes nothing.
func (a *nextApp) judge(t *testing.T, when string, app, standalone clitest.Code) {
	t.Helper()
	before := clitest.List(t, a.path(".next/server"))
	for dir, want := range map[string]clitest.Code{".": app, ".next/standalone": standalone} {
		if got := clitest.Run(t, a.path(dir), nil, "check", "--built"); got.Code != want {
			t.Errorf("%s: check --built in %s exited with %d, not %d:\n%s%s", when, dir, got.Code, want, got.Stdout, got.Stderr)
		}
	}
	if diff := cmp.Diff(before, clitest.List(t, a.path(".next/server"))); diff != "" {
		t.Errorf("%s: the build was changed (-before +after):\n%s", when, diff)
	}
}

// change applies or reverts the patch, which must name the app if it was built.
func (a *nextApp) change(t *testing.T, command ...string) {
	t.Helper()
	got := clitest.Run(t, a.dir, nil, command...)
	const warning = "the app was built before: run next build again"
	if got.Code != clitest.OK || strings.Contains(got.Stderr, warning) != a.has(".next/BUILD_ID") {
		t.Errorf("%s exited with %d:\n%s%s", command, got.Code, got.Stdout, got.Stderr)
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
		"15":           {"next-15", nil, true},
		"16 webpack":   {"next-16", []string{"--webpack"}, true},
		"16 Turbopack": {"next-16", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newNextApp(t, "app-router", test.release, test.flags...)
			app.expect(t, "unpatched", clitest.Pending)
			if app.has(warmCache) != test.webpack {
				t.Errorf("webpack's cache is there: %v", !test.webpack)
			}
			app.image(t).failsToSignIn(t)
			unpatched := app.saveCache(t)

			app.change(t, "apply")
			app.judge(t, "patched, but not built again", clitest.Pending, clitest.Pending)
			app.expect(t, "patched", clitest.OK)
			app.image(t).signsIn(t)
			patched := app.saveCache(t)
			app.restoreCache(t, unpatched)
			app.judge(t, "patched, beside an unpatched cache", clitest.OK, clitest.OK)
			app.restoreCache(t, patched)

			app.change(t, "revert")
			app.judge(t, "reverted, but not built again", clitest.OK, clitest.OK)
			app.expect(t, "reverted", clitest.Pending)
			app.restoreCache(t, patched)
			app.judge(t, "reverted, beside a patched cache", clitest.Pending, clitest.Pending)
		})
	}
}

// TestPagesRouter builds apps in which next-auth stays outside of the bundle. A restart
// runs what is installed, but standalone output has its own copy.
func TestPagesRouter(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	for _, release := range []string{"next-14", "next-15", "next-16"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			app := newNextApp(t, "pages-router", release)
			app.expect(t, "unpatched", clitest.Pending)
			app.image(t).failsToSignIn(t)

			app.change(t, "apply")
			app.judge(t, "patched, but not built again", clitest.Pending, clitest.Pending)
			app.expect(t, "patched", clitest.OK)
			app.image(t).signsIn(t)

			app.change(t, "revert")
			app.judge(t, "reverted, but not built again", clitest.Pending, clitest.OK)
		})
	}
}

// TestNextCacheInCI builds Next.js 14 as CI does: it keeps the cache of a patched build
// for the next one, and everything else is fresh.
func TestNextCacheInCI(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	app := newNextApp(t, "app-router", "next-14")
	app.change(t, "apply")
	app.expect(t, "first build", clitest.OK)
	saved := app.saveCache(t)

	app.reinstall(t)
	app.restoreCache(t, saved)
	restored := app.files(t, ".next/cache")
	app.change(t, "apply")
	if diff := cmp.Diff(restored, app.files(t, ".next/cache")); diff != "" {
		t.Errorf("the restored cache was changed (-before +after):\n%s", diff)
	}
	app.expect(t, "build with the restored cache", clitest.OK)
	app.image(t).signsIn(t)

	app.change(t, "revert")
	if app.has(".next/cache/webpack") {
		t.Error("revert left webpack's cache")
	}
	app.expect(t, "reverted", clitest.Pending)
	app.image(t).failsToSignIn(t)

	// This is why stamps exist: webpack builds from its cache and ignores installed
	// changes.
	app.change(t, "apply", "--keep-cache")
	app.expect(t, "patched, but with the old cache", clitest.Pending)

	// The files are already patched, but the cache must be deleted.
	clitest.Must(t, "-C", app.dir, "apply")
	if app.has(".next/cache/webpack") {
		t.Error("an apply without anything to patch left webpack's old cache")
	}
	app.expect(t, "patched, with a renewed cache", clitest.OK)
}

// TestOwnClientIsNotNextAuth builds an app that uses openid-client by itself. Its build
// contains no call of next-auth, so an image of it has nothing to judge.
func TestOwnClientIsNotNextAuth(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	app := newNextApp(t, "openid-client", "next-16")
	app.build(t)
	image := app.image(t)
	got := image.run(t, "proxypatch", "check", "--built")
	if got.Code != clitest.NotFound || !strings.Contains(got.Stdout, "next-auth is not bundled") {
		t.Errorf("exited with %d:\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	image.unchanged(t)
}

// TestAuthCoreIsNotNextAuth builds an app that uses @auth/core without next-auth 5. No apply
// patches that, so neither the app nor an image of it has anything to judge.
func TestAuthCoreIsNotNextAuth(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	app := newNextApp(t, "auth-core", "next-15-auth-5")
	must(t, os.WriteFile(app.path("package.json"), []byte(`{"private": true, "dependencies": {"@auth/core": "0.41.3", "next": "15"}}`), 0o666))
	must(t, os.RemoveAll(app.path("node_modules/next-auth")))
	app.expect(t, "@auth/core alone", clitest.NotFound)
	image := app.image(t)
	if got := image.run(t, "proxypatch", "check", "--built", "--if-present"); got.Code != clitest.OK {
		t.Errorf("exited with %d:\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	image.unchanged(t)
	// Beside next-auth 5, it may be what that loads.
	must(t, nodetest.CopyTree(filepath.Join(nodetest.Project(t, app.release), "node_modules", "next-auth"), app.path("node_modules/next-auth")))
	app.judge(t, "next-auth is installed", clitest.Pending, clitest.Pending)
}
