package buildcache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	now  = "sha256:now"
	then = "sha256:then"
)

func stampOf(state string) string {
	return fmt.Sprintf(`{"schema":1,"state":%q,"about":"x"}`, state)
}

// newApp makes an app of files; a name with a slash at its end is a directory.
// Each file is an hour older than the one before it in the list.
func newApp(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	at := time.Now().Add(-time.Hour)
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, filepath.FromSlash(files[i]))
		if strings.HasSuffix(files[i], "/") {
			must(t, os.MkdirAll(name, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, []byte(files[i+1]), 0o644))
		must(t, os.Chtimes(name, at, at))
		at = at.Add(-time.Hour)
	}
	return dir
}

// stale reports whether a build would use code from a cache of another state.
func stale(a *App) bool {
	return slices.ContainsFunc(a.Caches, func(c Cache) bool { return c.Action == Delete })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tree lists everything in dir: files with their content, directories with "/", and
// links with their targets. Stamps are shown as the state that they name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		switch {
		case entry.IsDir():
			got[name] = "/"
		case entry.Type()&fs.ModeSymlink != 0:
			got[name], err = os.Readlink(path)
		case entry.Type().IsRegular():
			data, readErr := os.ReadFile(path)
			got[name], err = string(data), readErr
		default:
			got[name] = entry.Type().String()
		}
		return err
	}))
	return got
}

func inspectNow(t *testing.T, dir string) *App {
	t.Helper()
	app, err := Inspect(dir, Want{State: now})
	must(t, err)
	if app.Unknown != "" {
		t.Fatalf("unknown: %s", app.Unknown)
	}
	return app
}

func renewed(t *testing.T, dir string) *App {
	t.Helper()
	app := inspectNow(t, dir)
	mustRenew(t, app)
	return app
}

// renew does what a run does if its changes to next-auth's files succeed.
func renew(app *App) ([]*Error, error) {
	if err := app.Stage(); err != nil {
		return nil, err
	}
	return app.Finish(), nil
}

func mustRenew(t *testing.T, app *App) {
	t.Helper()
	notes, err := renew(app)
	must(t, err)
	if len(notes) > 0 {
		t.Fatal(notes)
	}
}

// stampedNow reports whether the file is a stamp of the current state.
func stampedNow(t *testing.T, dir, name string) bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	return err == nil && strings.HasPrefix(string(data), `{"schema":1,"state":"sha256:now","about":"`) && strings.HasSuffix(string(data), "\"}\n")
}

func TestStateIsOfASet(t *testing.T) {
	a := State([]string{"4.24.15 core/index.js 01", "4.2.1 core/index.js 02"})
	if b := State([]string{"4.2.1 core/index.js 02", "4.24.15 core/index.js 01", "4.2.1 core/index.js 02"}); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if b := State([]string{"4.24.15 core/index.js 01", "4.2.1 core/index.js 03"}); a == b {
		t.Error("another state has the same name")
	}
	if !strings.HasPrefix(a, "sha256:") || len(a) != 71 {
		t.Error(a)
	}
}

func TestIsNextWithALoop(t *testing.T) {
	dir := newApp(t)
	if err := os.Symlink("next.config.js", filepath.Join(dir, "next.config.js")); err != nil {
		t.Skip(err)
	}
	if is, err := IsNext(dir, false); !is || err != nil {
		t.Errorf("got %v, %v", is, err)
	}
}

func TestIsNext(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		names bool
		want  bool
	}{
		"a configuration":            {[]string{"next.config.ts", ""}, false, true},
		"what was built":             {[]string{".next/", ""}, false, true},
		"a dependency and an app":    {[]string{"src/app/", ""}, true, true},
		"a dependency and pages":     {[]string{"pages/", ""}, true, true},
		"a workspace's root":         {[]string{"packages/", ""}, true, false},
		"an app of something else's": {[]string{"app/", ""}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := IsNext(newApp(t, test.files...), test.names); err != nil || got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// Each kind of cache directory: what Inspect finds, and what is left after a renewal.
func TestCacheDirectories(t *testing.T) {
	huge := `{"schema":1,"state":"sha256:now","about":"` + strings.Repeat("x", maxStamp) + `"}`
	for name, test := range map[string]struct {
		files []string
		want  Action
	}{
		"none":                           {nil, Create},
		"none in what was built":         {[]string{".next/BUILD_ID", "x"}, Create},
		"current":                        {[]string{".next/cache/webpack/server-production/0.pack", "p", ".next/cache/proxypatch.json", stampOf(now)}, Keep},
		"current and empty":              {[]string{".next/cache/proxypatch.json", stampOf(now)}, Keep},
		"of another state":               {[]string{".next/cache/webpack/server-production/0.pack", "p", ".next/cache/proxypatch.json", stampOf(then)}, Delete},
		"without a stamp":                {[]string{".next/cache/webpack/server-production/0.pack", "p"}, Delete},
		"of rspack without a stamp":      {[]string{".next/cache/rspack/server/0.pack", "p"}, Delete},
		"of Turbopack without a stamp":   {[]string{".next/cache/turbopack/v1/0.sst", "p"}, Stamp},
		"of another state without code":  {[]string{".next/cache/images/a.webp", "p", ".next/cache/proxypatch.json", stampOf(then)}, Stamp},
		"with a stamp of another schema": {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", `{"schema":2,"state":"sha256:now"}`}, Delete},
		"with a stamp that is no JSON":   {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", `{"schema":1,"state":"sha256:now"`}, Delete},
		"with an empty stamp":            {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", ""}, Delete},
		"with a huge stamp":              {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", huge}, Delete},
		"with a directory for a stamp":   {[]string{".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json/", ""}, Delete},
		"unpacked over a current stamp":  {[]string{".next/cache/proxypatch.json", stampOf(now), ".next/cache/webpack/server-production/0.pack", "old"}, Delete},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, append(test.files, ".next/cache/images/b.webp", "image", ".next/cache/fetch-cache/1", "data", "app/page.js", "")...)
			if strings.HasPrefix(name, "none") {
				must(t, os.RemoveAll(filepath.Join(dir, ".next", "cache")))
			}
			before := tree(t, dir)

			app := inspectNow(t, dir)
			if got := app.Caches[0]; got.Path != ".next/cache" || got.Action != test.want {
				t.Errorf("got %+v", got)
			}
			if stale(app) != (test.want == Delete) {
				t.Errorf("stale: %v", stale(app))
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("Inspect wrote (-before +after):\n%s", diff)
			}

			mustRenew(t, app)
			if !stampedNow(t, dir, ".next/dev/cache/proxypatch.json") {
				t.Error("the development cache is not stamped")
			}
			if test.want != Keep && !stampedNow(t, dir, ".next/cache/proxypatch.json") {
				t.Error("the cache is not stamped")
			}
			want := map[string]string{}
			for name, content := range before {
				if test.want != Delete || !strings.HasPrefix(name, ".next/cache/webpack") && !strings.HasPrefix(name, ".next/cache/rspack") {
					want[name] = content
				}
			}
			after := tree(t, dir)
			for _, made := range []string{".next", ".next/cache", ".next/cache/proxypatch.json", ".next/dev", ".next/dev/cache", ".next/dev/cache/proxypatch.json"} {
				if test.want != Keep || strings.HasPrefix(made, ".next/dev") {
					delete(after, made)
					delete(want, made)
				}
			}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}

			again := inspectNow(t, dir)
			for _, cache := range again.Caches {
				if cache.Action != Keep {
					t.Errorf("a second time: %+v", cache)
				}
			}
		})
	}
}

func TestDevelopmentCache(t *testing.T) {
	dir := newApp(t, ".next/dev/cache/webpack/client-development/0.pack.gz", "p", ".next/cache/webpack/0.pack", "p", ".next/cache/proxypatch.json", stampOf(now))
	app := renewed(t, dir)
	if got := app.Caches[1]; got.Path != ".next/dev/cache" || got.Action != Delete || !cmp.Equal(got.Warm, []string{".next/dev/cache/webpack"}) {
		t.Errorf("got %+v", got)
	}
	got := tree(t, dir)
	if got[".next/dev/cache/webpack"] != "" || got[".next/cache/webpack/0.pack"] != "p" {
		t.Errorf("%q", got)
	}
}

// A stamp that exists before the cache marks what is built afterwards.
func TestFirstCacheIsMarked(t *testing.T) {
	dir := newApp(t)
	renewed(t, dir)
	must(t, os.MkdirAll(filepath.Join(dir, ".next", "cache", "webpack"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, ".next", "cache", "webpack", "0.pack"), []byte("p"), 0o644))
	if app := inspectNow(t, dir); app.Caches[0].Action != Keep || stale(app) {
		t.Errorf("%+v", app.Caches)
	}
	other, err := Inspect(dir, Want{State: then})
	must(t, err)
	if !stale(other) {
		t.Error("not stale for another state")
	}
}

// A run that is killed at any point leaves no cache that counts as current although a
// build in between may have filled it with old code.
func TestKilledInBetween(t *testing.T) {
	for name, left := range map[string][]string{
		"before anything":          {".next/cache/webpack/0.pack", "old", ".next/cache/webpack/1.pack", "old", ".next/cache/proxypatch.json", stampOf(then)},
		"after the wrong stamp":    {".next/cache/webpack/0.pack", "old", ".next/cache/webpack/1.pack", "old"},
		"in the middle of webpack": {".next/cache/webpack/1.pack", "old"},
		"after webpack is aside":   {".next/cache/.proxypatch-old-webpack-ABCDEFGHIJKLMNOPQRSTUVWXYZ/0.pack", "old", ".next/cache/.proxypatch-old-proxypatch.json-ABCDEFGHIJKLMNOPQRSTUVWXYZ", stampOf(then), ".next/cache/webpack/0.pack", "built without a stamp"},
		"before the stamp":         {".next/cache/", "", ".next/cache/webpack/0.pack", "built without a stamp"},
		"before the rename":        {".next/cache/.proxypatch-proxypatch.json-ABCDEFGHIJKLMNOPQRSTUVWXYZ", `{"sch`, ".next/cache/webpack/0.pack", "built without a stamp"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, left...)
			if app := renewed(t, dir); app.Caches[0].Action != Delete {
				t.Errorf("%+v", app.Caches[0])
			}
			got := tree(t, dir)
			if !stampedNow(t, dir, ".next/cache/proxypatch.json") || got[".next/cache/webpack"] != "" || got[".next/cache/.proxypatch-proxypatch.json-ABCDEFGHIJKLMNOPQRSTUVWXYZ"] != "" {
				t.Errorf("%q", got)
			}
			noneAside(t, dir)
		})
	}
}

// noneAside asserts that nothing that was moved aside is left.
func noneAside(t *testing.T, dir string) {
	t.Helper()
	for name := range tree(t, dir) {
		if safefile.IsAside(filepath.Base(name)) {
			t.Errorf("left behind: %s", name)
		}
	}
}

func TestLinksOutOfTheApp(t *testing.T) {
	for _, link := range []string{".next", ".next/cache", ".next/cache/webpack", ".next/dev", ".next/dev/cache"} {
		t.Run(link, func(t *testing.T) {
			outside := newApp(t, "cache/webpack/0.pack", "theirs", "webpack/0.pack", "theirs", "0.pack", "theirs")
			dir := newApp(t, "app/page.js", "")
			at := filepath.Join(dir, filepath.FromSlash(link))
			must(t, os.MkdirAll(filepath.Dir(at), 0o755))
			if err := os.Symlink(outside, at); err != nil {
				t.Skip(err)
			}
			before, theirs := tree(t, dir), tree(t, outside)
			_, err := Inspect(dir, Want{State: now})
			if wrong := (*Error)(nil); !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Path, link) || err.Error() != wrong.Path+": leads out of the app through a link" {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(theirs, tree(t, outside)); diff != "" {
				t.Errorf("outside (-before +after):\n%s", diff)
			}
		})
	}
}

// A link that appears after Inspect can't redirect writes out of the app either.
func TestLinkAppears(t *testing.T) {
	outside := newApp(t, "webpack/0.pack", "theirs")
	dir := newApp(t, ".next/cache/webpack/0.pack", "old")
	app := inspectNow(t, dir)
	must(t, os.RemoveAll(filepath.Join(dir, ".next", "cache")))
	if err := os.Symlink(outside, filepath.Join(dir, ".next", "cache")); err != nil {
		t.Skip(err)
	}
	err := app.Stage()
	if err == nil || err.Error() != ".next/cache/webpack: leads out of the app through a link" {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(map[string]string{"webpack": "/", "webpack/0.pack": "theirs"}, tree(t, outside)); diff != "" {
		t.Errorf("outside (-want +got):\n%s", diff)
	}
}

func TestLinkInsideTheApp(t *testing.T) {
	dir := newApp(t, ".cache/next/webpack/0.pack", "old", ".cache/next/images/a", "image", ".next/", "")
	if err := os.Symlink("../.cache/next", filepath.Join(dir, ".next", "cache")); err != nil {
		t.Skip(err)
	}
	renewed(t, dir)
	if got := tree(t, dir); got[".cache/next/webpack"] != "" || got[".cache/next/images/a"] != "image" || !stampedNow(t, dir, ".cache/next/proxypatch.json") {
		t.Errorf("%q", got)
	}
}

// A stamp that is a link may belong to another app: it is ignored and not written to.
func TestLinkedStamp(t *testing.T) {
	outside := newApp(t, "stamp.json", stampOf(now))
	dir := newApp(t, ".next/cache/webpack/0.pack", "p")
	if err := os.Symlink(filepath.Join(outside, "stamp.json"), filepath.Join(dir, ".next", "cache", stampName)); err != nil {
		t.Skip(err)
	}
	if app := renewed(t, dir); app.Caches[0].Action != Delete {
		t.Errorf("%+v", app.Caches[0])
	}
	if !stampedNow(t, dir, ".next/cache/proxypatch.json") {
		t.Error("not stamped")
	}
	if got := tree(t, outside)["stamp.json"]; got != stampOf(now) {
		t.Errorf("outside: %s", got)
	}
}

func TestFileInTheWay(t *testing.T) {
	for _, name := range []string{".next", ".next/cache", ".next/cache/webpack"} {
		dir := newApp(t, name, "x")
		_, err := Inspect(dir, Want{State: now})
		if wrong := (*Error)(nil); !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Path, name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFullDirectoryForAStamp(t *testing.T) {
	dir := newApp(t, ".next/cache/proxypatch.json/theirs", "x", ".next/cache/webpack/0.pack", "p")
	before := tree(t, dir)
	_, err := Inspect(dir, Want{State: now}) // so that a dry run says so too
	if wrong := (*Error)(nil); !errors.As(err, &wrong) || wrong.Path != ".next/cache/proxypatch.json" {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// Reaching a nested directory takes a walk from the top, so the depth is limited, with a
// stamp and without.
func TestDeepCache(t *testing.T) {
	for _, stamps := range [][]string{nil, {".next/cache/proxypatch.json", stampOf(now)}} {
		for depth, fails := range map[int]bool{90: false, 110: true} {
			dir := newApp(t, append([]string{".next/cache/webpack/0.pack", "p"}, stamps...)...)
			must(t, os.MkdirAll(filepath.Join(dir, ".next", "cache", "webpack", strings.Repeat("d/", depth)), 0o755))
			if _, err := Inspect(dir, Want{State: now}); errors.Is(err, errDeep) != fails || !fails && err != nil {
				t.Errorf("%d directories: got %v", depth, err)
			}
		}
	}
}
