//go:build unix

package buildcache

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPipeForAStamp(t *testing.T) {
	dir := newApp(t, ".next/cache/webpack/0.pack", "p")
	must(t, syscall.Mkfifo(filepath.Join(dir, ".next", "cache", stampName), 0o600))
	if app := renewed(t, dir); app.Caches[0].Action != Delete || !stampedNow(t, dir, ".next/cache/proxypatch.json") {
		t.Errorf("%+v", app.Caches[0])
	}
}

func TestPipeForAConfiguration(t *testing.T) {
	dir := newApp(t)
	must(t, syscall.Mkfifo(filepath.Join(dir, "next.config.js"), 0o600))
	app, err := Inspect(dir, Want{State: now})
	must(t, err)
	if app.Unknown == "" {
		t.Errorf("%+v", app)
	}
}

// What root creates for another user belongs to that user, who builds.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files for others")
	}
	for name, owned := range map[string][]string{
		"of the app":   {"."},
		"of the cache": {".next", ".next/cache"}, // as in an image whose app belongs to root
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, "app/page.js", "")
			if name == "of the cache" {
				must(t, os.MkdirAll(filepath.Join(dir, ".next", "cache"), 0o755))
			}
			for _, name := range owned {
				must(t, os.Chown(filepath.Join(dir, name), 1000, 1000))
			}
			renewed(t, dir)
			for _, name := range []string{".next", ".next/cache", ".next/cache/proxypatch.json", ".next/dev", ".next/dev/cache", ".next/dev/cache/proxypatch.json"} {
				info, err := os.Lstat(filepath.Join(dir, name))
				must(t, err)
				if like := info.Sys().(*syscall.Stat_t); like.Uid != 1000 || like.Gid != 1000 {
					t.Errorf("%s belongs to %d:%d", name, like.Uid, like.Gid)
				}
			}
		})
	}
}

// mount mounts something at dir until the test ends.
func mount(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", append(args, dir)...).CombinedOutput(); err != nil {
		t.Skipf("skipped: nothing can be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// readOnly makes everything in dir unwritable, even for root.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	mount(t, dir, "--bind", "-o", "ro", dir)
	if err := os.Mkdir(filepath.Join(dir, "probe"), 0o755); !errors.Is(err, syscall.EROFS) {
		t.Skipf("skipped: mounted, but not read-only: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	for name, test := range map[string]struct {
		files    []string
		stale    bool
		unmarked bool
	}{
		"no cache":            {nil, false, true},
		"nothing to keep":     {[]string{".next/cache/images/a", "x"}, false, true},
		"another state's":     {[]string{".next/cache/proxypatch.json", stampOf(then)}, false, true},
		"a cache that is old": {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(then)}, true, false},
		"an unstamped cache":  {[]string{".next/cache/webpack/0.pack", "p"}, true, false},
		"a current cache":     {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(now)}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, test.files...)
			before := tree(t, dir)
			readOnly(t, dir)
			app := inspectNow(t, dir)
			notes, err := renew(app)
			if (err != nil) != test.stale || stale(app) != test.stale {
				t.Errorf("got %v, stale: %v", err, stale(app))
			}
			unmarked := slices.ContainsFunc(notes, func(e *Error) bool {
				return e.Error() == ".next/cache/proxypatch.json: read-only file system"
			})
			if unmarked != test.unmarked {
				t.Errorf("notes: %v", notes)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}

// In another user's directory a missing stamp does no harm, but a wrong one would.
func TestForeignDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	for name, test := range map[string]struct {
		files []string
		fails bool
	}{
		"without a stamp":   {[]string{".next/cache/images/a", "x"}, false},
		"with a wrong one":  {[]string{".next/cache/proxypatch.json", stampOf(then)}, true},
		"with an old cache": {[]string{".next/cache/webpack/0.pack", "p"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, test.files...)
			for _, name := range []string{".next/cache/webpack", ".next/cache", ".next"} {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					must(t, os.Chmod(filepath.Join(dir, name), 0o555))
					t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, name), 0o755) })
				}
			}
			before := tree(t, dir)
			app := inspectNow(t, dir)
			if _, err := renew(app); (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}
