package cli

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// needNext keeps tests out of the quick loop that run Next.js or turbo.
func needNext(t *testing.T) {
	t.Helper()
	if os.Getenv("PROXYPATCH_NEXT") == "" {
		t.Skip("set PROXYPATCH_NEXT=1 to build apps with Next.js, which takes minutes")
	}
}

// nextApp is an app with next-auth in its app router.
type nextApp struct {
	release string // the npm project that it is installed from
	dir     string
	flags   []string // of next build
}

// newNextApp installs a fresh app.
func newNextApp(t *testing.T, release string, flags ...string) *nextApp {
	t.Helper()
	app := &nextApp{release, nodetest.Copy(t, release), flags}
	must(t, nodetest.CopyTree("testdata/next/app", filepath.Join(app.dir, "app")))
	config, err := os.ReadFile("testdata/next/" + release + ".config.js")
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

// reinstall puts node_modules there anew and wipes what was built, as a fresh
// checkout in CI does.
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
	mustRun(t, append([]string{"-C", a.dir}, args...)...)
}

// build runs next build, which finds no registry and no telemetry.
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

// marker is by what a build with the helper is known: a text in its code, not a comment.
var marker = regexp.MustCompile("[\"'`]proxypatch helper revision [0-9]+[\"'`]")

// built says whether the server's bundle holds next-auth's code with the patch.
// Only patched calls bring the helper in.
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
		files[filepath.ToSlash(name)] = blobID(data)
		return err
	}))
	return files
}

func (a *nextApp) has(name string) bool {
	_, err := os.Stat(a.path(name))
	return err == nil
}

const warmCache = ".next/cache/webpack/server-production/index.pack"

// TestNextBuildsWhatIsInstalled builds before the patch, with it and after it,
// with whatever cache the last build left.
func TestNextBuildsWhatIsInstalled(t *testing.T) {
	needNext(t)
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
	needNext(t)
	t.Parallel()
	app := newNextApp(t, "next-15")
	app.proxypatch(t, "apply")
	app.expect(t, "patched", true)
}

// TestNextCacheInCI goes the way of CI with Next.js 14: the cache of a patched
// build is kept for the next one, and everything else is fresh.
func TestNextCacheInCI(t *testing.T) {
	needNext(t)
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

	// Why there are stamps: webpack builds what it knows, whatever is installed.
	app.proxypatch(t, "apply", "--keep-cache")
	app.expect(t, "patched, but with the old cache", false)

	// The patch is in place already, and still the cache must go.
	app.proxypatch(t, "apply")
	if app.has(".next/cache/webpack") {
		t.Error("an apply without anything to patch left webpack's old cache")
	}
	app.expect(t, "patched, with a renewed cache", true)
}
