package buildcache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// times lists when everything in dir was written, except cache directories: their times
// change with their content.
func times(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	got := map[string]time.Time{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() == "cache" {
			return err
		}
		info, err := entry.Info()
		got[path] = info.ModTime()
		return err
	}))
	return got
}

// unchanged returns a function that asserts that dir has not changed.
func unchanged(t *testing.T, dir string) func() {
	t.Helper()
	files, at := tree(t, dir), times(t, dir)
	return func() {
		t.Helper()
		if diff := cmp.Diff(files, tree(t, dir)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(at, times(t, dir)); diff != "" {
			t.Errorf("times (-before +after):\n%s", diff)
		}
	}
}

// oldApp has two caches of another state, one per bundler, and a newer stamp.
func oldApp(t *testing.T) string {
	t.Helper()
	return newApp(t,
		".next/cache/proxypatch.json", stampOf(then), ".next/cache/webpack/server-production/0.pack", "p",
		".next/cache/rspack/0.pack", "r", ".next/cache/images/a.webp", "image",
		".next/dev/cache/proxypatch.json", stampOf(then), ".next/dev/cache/webpack/client-development/0.pack", "d")
}

func TestStageAndUnstage(t *testing.T) {
	dir := oldApp(t)
	same := unchanged(t, dir)
	app := inspectNow(t, dir)
	must(t, app.Stage())
	got := tree(t, dir)
	for _, gone := range []string{"cache/webpack", "cache/rspack", "cache/proxypatch.json", "dev/cache/webpack", "dev/cache/proxypatch.json"} {
		if _, there := got[".next/"+gone]; there {
			t.Errorf("%s is still there", gone)
		}
	}
	if got[".next/cache/images/a.webp"] != "image" {
		t.Errorf("%q", got)
	}
	must(t, app.Unstage())
	same()
}

// If the last cache can't be moved aside, the first ones stay unchanged.
func TestFailingStage(t *testing.T) {
	dir := oldApp(t)
	stamp := filepath.Join(dir, ".next", "dev", "cache", stampName)
	app := inspectNow(t, dir)
	must(t, os.Remove(stamp))
	must(t, os.MkdirAll(filepath.Join(stamp, "theirs"), 0o755))
	same := unchanged(t, dir)
	err := app.Stage()
	if err == nil || err.Error() != ".next/dev/cache/proxypatch.json: is a non-empty directory" {
		t.Errorf("got %v", err)
	}
	if wrong := (*Error)(nil); !errors.As(err, &wrong) {
		t.Errorf("got %T", err)
	}
	same()
}

// The cache of a build between Stage and Unstage stays, but without a stamp.
func TestUnstageBesideABuild(t *testing.T) {
	dir := oldApp(t)
	app := inspectNow(t, dir)
	must(t, app.Stage())
	build := filepath.Join(dir, ".next", "cache", "webpack", "0.pack")
	must(t, os.MkdirAll(filepath.Dir(build), 0o755))
	must(t, os.WriteFile(build, []byte("built meanwhile"), 0o644))

	err := app.Unstage()
	if wrong := (*Error)(nil); !errors.As(err, &wrong) || wrong.Path != ".next/cache/webpack" {
		t.Errorf("got %v", err)
	}
	got := tree(t, dir)
	if got[".next/cache/webpack/0.pack"] != "built meanwhile" || got[".next/cache/rspack/0.pack"] != "r" || got[".next/cache/proxypatch.json"] != "" {
		t.Errorf("%q", got)
	}
	if got[".next/dev/cache/webpack/client-development/0.pack"] != "d" || got[".next/dev/cache/proxypatch.json"] != stampOf(then) {
		t.Errorf("the other cache: %q", got)
	}
	if app := renewed(t, dir); app.Caches[0].Action != Delete {
		t.Errorf("%+v", app.Caches[0])
	}
	noneAside(t, dir)
}

// A build that runs between Stage and Finish may have read old code.
func TestFinishBesideABuild(t *testing.T) {
	for name, files := range map[string][]string{
		"of an old cache": {".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(then)},
		"of the first":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, files...)
			app := inspectNow(t, dir)
			must(t, app.Stage())
			must(t, os.MkdirAll(filepath.Join(dir, ".next", "cache", "webpack"), 0o755))
			notes := app.Finish()
			if len(notes) != 1 || notes[0].Error() != ".next/cache/webpack: was built while next-auth changed, so it may hold old code" {
				t.Errorf("got %v", notes)
			}
			if got := tree(t, dir); got[".next/cache/proxypatch.json"] != "" || got[".next/cache/webpack"] != "/" {
				t.Errorf("%q", got)
			}
			noneAside(t, dir)
			if !stale(inspectNow(t, dir)) {
				t.Error("counts as current")
			}
		})
	}
}

// Without Stage, Finish deletes no code cache and marks no old one.
func TestFinishAlone(t *testing.T) {
	dir := oldApp(t)
	same := unchanged(t, dir)
	if notes := inspectNow(t, dir).Finish(); len(notes) != 2 {
		t.Errorf("got %v", notes)
	}
	same()
}

// Leftovers of a killed run are deleted, no matter whether the cache is current.
func TestLeftovers(t *testing.T) {
	for name, state := range map[string]string{"current": now, "old": then} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, ".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(state),
				".next/cache/.proxypatch-old-webpack-ABCDEFGHIJKLMNOPQRSTUVWXYZ/0.pack", "old", ".next/cache/.proxypatch-old-proxypatch.json-ABCDEFGHIJKLMNOPQRSTUVWXYZ", stampOf(then),
				".next/cache/proxypatch-old-webpack", "theirs", ".next/cache/.proxypatch-old-notes", "theirs")
			app := inspectNow(t, dir)
			if got := app.Caches[0].Warm; !cmp.Equal(got, []string{".next/cache/webpack"}) {
				t.Errorf("warm: %q", got)
			}
			mustRenew(t, app)
			noneAside(t, dir)
			got := tree(t, dir)
			if kept := got[".next/cache/webpack/0.pack"] == "p"; kept != (state == now) || got[".next/cache/proxypatch-old-webpack"] != "theirs" || got[".next/cache/.proxypatch-old-notes"] != "theirs" {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestOldest(t *testing.T) {
	// Each file is an hour older than the one before it, the first by one hour.
	for name, test := range map[string]struct {
		files []string
		hours int // 0: unknown
	}{
		"without a stamp":        {[]string{".next/cache/webpack/a/0.pack", "p", ".next/cache/webpack/1.pack", "p", ".next/cache/rspack/0.pack", "r", ".next/cache/images/a", "older"}, 3},
		"with a wrong stamp":     {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(then)}, 0},
		"with the current stamp": {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(now)}, 0},
		"with no file":           {[]string{".next/cache/webpack/a/", ""}, 0},
		"without code":           {[]string{".next/cache/images/a", "x"}, 0},
		"with a broken stamp":    {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", "{"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now().Add(-time.Minute)
			got := inspectNow(t, newApp(t, test.files...)).Caches[0].Oldest
			if got.IsZero() != (test.hours == 0) {
				t.Fatalf("got %v", got)
			}
			age := time.Duration(test.hours) * time.Hour
			if since := got.Add(age); test.hours > 0 && (since.Before(before) || since.After(time.Now().Add(time.Second))) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// If a stamp can't be written, that is a note, for any reason.
func TestNoPlaceForADirectory(t *testing.T) {
	dir := newApp(t, ".next/", "")
	app := inspectNow(t, dir)
	must(t, app.Stage())
	must(t, os.WriteFile(filepath.Join(dir, ".next", "dev"), []byte("theirs"), 0o644))
	notes := app.Finish()
	if len(notes) != 1 || !strings.HasPrefix(notes[0].Path, ".next/dev/cache") {
		t.Errorf("got %v", notes)
	}
	if got := tree(t, dir); got[".next/dev"] != "theirs" || !stampedNow(t, dir, ".next/cache/proxypatch.json") {
		t.Errorf("%q", got)
	}
}
