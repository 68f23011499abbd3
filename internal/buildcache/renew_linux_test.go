package buildcache

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asUser gives the rest of the test the rights of uid 1000, which owns the app except the
// named files. These stay root's.
func asUser(t *testing.T, dir string, roots ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root can make files of two owners")
	}
	must(t, os.Chmod(filepath.Dir(dir), 0o755)) // testing's own is closed to others
	must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 1000, 1000)
	}))
	for _, name := range roots {
		must(t, os.Lchown(filepath.Join(dir, name), 0, 0))
	}
	must(t, syscall.Setresuid(-1, 1000, -1))
	t.Cleanup(func() { must(t, syscall.Setresuid(-1, 0, -1)) })
}

// Root has built, and the user may move the cache but not empty it.
func TestRootsCacheInOurDirectory(t *testing.T) {
	dir := newApp(t, ".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(then))
	asUser(t, dir, ".next/cache/webpack")
	notes, err := renew(inspectNow(t, dir))
	must(t, err)
	if len(notes) != 1 || !strings.HasPrefix(notes[0].Error(), ".next/cache/.proxypatch-old-webpack-") || !strings.HasSuffix(notes[0].Error(), ": permission denied") || strings.Contains(notes[0].Err.Error(), "webpack") {
		t.Errorf("got %v", notes)
	}
	got := tree(t, dir)
	if _, there := got[".next/cache/webpack"]; there || got[notes[0].Path+"/0.pack"] != "p" || !stampedNow(t, dir, ".next/cache/proxypatch.json") {
		t.Errorf("%q", got)
	}
	again := inspectNow(t, dir)
	if stale(again) {
		t.Errorf("%+v", again.Caches)
	}
	if notes, err := renew(again); err != nil || len(notes) != 1 {
		t.Errorf("a second time: %v, %v", notes, err)
	}
}

// Root has built, and the second cache can't even be moved. The first one, which could,
// is unchanged.
func TestRootsCacheDirectory(t *testing.T) {
	dir := oldApp(t)
	asUser(t, dir, ".next/dev/cache/webpack", ".next/dev/cache")
	same := unchanged(t, dir)
	err := inspectNow(t, dir).Stage()
	if err == nil || err.Error() != ".next/dev/cache/proxypatch.json: permission denied" {
		t.Errorf("got %v", err)
	}
	same()
	must(t, os.Chmod(filepath.Join(dir, ".next", "cache", "webpack"), 0o555))
	must(t, os.Chmod(filepath.Join(dir, ".next", "cache"), 0o555))
	same = unchanged(t, dir)
	if err := inspectNow(t, dir).Stage(); err == nil || err.Error() != ".next/cache/proxypatch.json: permission denied" {
		t.Errorf("got %v", err)
	}
	same()
	must(t, os.Chmod(filepath.Join(dir, ".next", "cache", "webpack"), 0o755))
	must(t, os.Chmod(filepath.Join(dir, ".next", "cache"), 0o755))
}

// A cache that can't be read has no known age, which is not an error.
func TestUnreadableCache(t *testing.T) {
	dir := newApp(t, ".next/cache/webpack/0.pack", "p")
	must(t, os.Chmod(filepath.Join(dir, ".next", "cache", "webpack"), 0o700))
	asUser(t, dir, ".next/cache/webpack")
	if got := inspectNow(t, dir).Caches[0]; got.Action != Delete || !got.Oldest.IsZero() {
		t.Errorf("%+v", got)
	}
}

// A cache with its own mount can't be moved.
func TestMountedCache(t *testing.T) {
	dir := newApp(t, ".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(then))
	mount(t, filepath.Join(dir, ".next", "cache", "webpack"), "--bind", filepath.Join(dir, ".next", "cache", "webpack"))
	same := unchanged(t, dir)
	if err := inspectNow(t, dir).Stage(); err == nil || err.Error() != ".next/cache/webpack: device or resource busy" {
		t.Errorf("got %v", err)
	}
	same()
}

// A mount over the cache directory, as in docker build, changes nothing.
func TestMountedCacheDirectory(t *testing.T) {
	dir := newApp(t, ".next/cache/", "")
	mounted := newApp(t, "webpack/0.pack", "p", "proxypatch.json", stampOf(then))
	mount(t, filepath.Join(dir, ".next", "cache"), "--bind", mounted)
	renewed(t, dir)
	if got := tree(t, mounted); got["webpack"] != "" || !stampedNow(t, mounted, "proxypatch.json") {
		t.Errorf("%q", got)
	}
}

// The cache comes from an earlier layer of an image, whose directories overlayfs can't
// rename.
func TestEarlierLayer(t *testing.T) {
	for name, undo := range map[string]bool{"finished": false, "taken back": true} {
		t.Run(name, func(t *testing.T) {
			lower, upper, work, dir := oldApp(t), t.TempDir(), t.TempDir(), t.TempDir()
			mount(t, dir, "-t", "overlay", "-o", "lowerdir="+lower+",upperdir="+upper+",workdir="+work, "overlay")
			cache := filepath.Join(dir, ".next", "cache")
			if os.Rename(filepath.Join(cache, "images"), filepath.Join(cache, "i")) == nil {
				t.Skip("skipped: this overlayfs renames such directories")
			}
			before := tree(t, dir)
			app := inspectNow(t, dir)
			must(t, app.Stage())
			if undo {
				must(t, app.Unstage())
				if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
					t.Errorf("(-before +after):\n%s", diff)
				}
				if again := inspectNow(t, dir); !stale(again) {
					t.Errorf("%+v", again.Caches)
				}
				return
			}
			if notes := app.Finish(); len(notes) > 0 {
				t.Error(notes)
			}
			noneAside(t, dir)
			if got := tree(t, dir); got[".next/cache/webpack"] != "" || got[".next/cache/images/a.webp"] != "image" || !stampedNow(t, dir, ".next/cache/proxypatch.json") {
				t.Errorf("%q", got)
			}
		})
	}
}

// If one part can't be moved, the whole directory of a layer stays in its place.
func TestEarlierLayerFails(t *testing.T) {
	lower, upper, work, dir := oldApp(t), t.TempDir(), t.TempDir(), t.TempDir()
	busy := filepath.Join(".next", "cache", "webpack", "zz")
	must(t, os.Mkdir(filepath.Join(lower, busy), 0o755))
	mount(t, dir, "-t", "overlay", "-o", "lowerdir="+lower+",upperdir="+upper+",workdir="+work, "overlay")
	mount(t, filepath.Join(dir, busy), "-t", "tmpfs", "tmpfs")
	before := tree(t, dir)
	if err := inspectNow(t, dir).Stage(); err == nil || err.Error() != ".next/cache/webpack: device or resource busy" {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
