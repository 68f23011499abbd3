package buildcache

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only releases of Next.js that have a development cache get a stamp there.
func TestDevelopmentCacheByRelease(t *testing.T) {
	for next, has := range map[string]bool{
		"13.5.11": false, "14.2.35": false, "15.5.29": false, "16.0.0": true, "16.4.5": true, "17.0.0": true,
		"": true, "15.6.0-canary.1": true, "workspace:*": true,
	} {
		t.Run(next, func(t *testing.T) {
			dir := newApp(t)
			app, err := Inspect(dir, Want{State: now, Next: next})
			must(t, err)
			mustRenew(t, app)
			if !stampedNow(t, dir, ".next/cache/proxypatch.json") {
				t.Error("the cache is not stamped")
			}
			if _, there := tree(t, dir)[".next/dev"]; there != has {
				t.Errorf("there is a development cache: %v", there)
			}
		})
	}
}

// What another release of Next.js left is of no interest to this one.
func TestDevelopmentCacheOfAnotherRelease(t *testing.T) {
	dir := newApp(t, ".next/cache/proxypatch.json", stampOf(now), ".next/dev/cache/proxypatch.json", stampOf(then), ".next/dev/cache/webpack/0.pack", "p")
	same := unchanged(t, dir)
	for _, tidy := range []bool{false, true} {
		app, err := Inspect(dir, Want{State: now, Next: "15.5.29", Tidy: tidy})
		must(t, err)
		for _, c := range app.Caches {
			if c.Path == ".next/dev/cache" {
				t.Errorf("%+v", c)
			}
		}
	}
	same()
}

// renewTidily does what a revert does, and returns what is left.
func renewTidily(t *testing.T, dir, next string) map[string]string {
	t.Helper()
	app, err := Inspect(dir, Want{State: then, Next: next, Tidy: true})
	must(t, err)
	mustRenew(t, app)
	return tree(t, dir)
}

// A revert removes what only stamps made, and nothing else.
func TestTidy(t *testing.T) {
	const old = ".next/cache/.proxypatch-old-proxypatch.json-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for name, test := range map[string]struct {
		files []string
		next  string
		gone  []string // of the files and their directories
		made  []string
	}{
		"nothing":                  {nil, "", nil, nil},
		"only stamps":              {[]string{".next/cache/proxypatch.json", stampOf(now), ".next/dev/cache/proxypatch.json", stampOf(now)}, "", []string{".next", ".next/cache", ".next/cache/proxypatch.json", ".next/dev", ".next/dev/cache", ".next/dev/cache/proxypatch.json"}, nil},
		"a stamp of another state": {[]string{".next/cache/proxypatch.json", stampOf("sha256:x")}, "16.0.0", []string{".next", ".next/cache", ".next/cache/proxypatch.json"}, nil},
		"a stamp of this state":    {[]string{".next/cache/proxypatch.json", stampOf(then)}, "", nil, nil}, // an earlier revert deleted code there
		"an older Next.js":         {[]string{".next/BUILD_ID", "x", ".next/dev/cache/proxypatch.json", stampOf(now)}, "14.2.35", []string{".next/dev", ".next/dev/cache", ".next/dev/cache/proxypatch.json"}, nil},
		"a build":                  {[]string{".next/BUILD_ID", "x", ".next/cache/proxypatch.json", stampOf(now)}, "", []string{".next/cache", ".next/cache/proxypatch.json"}, nil},
		"a cache with images":      {[]string{".next/cache/images/a", "x", ".next/cache/proxypatch.json", stampOf(now)}, "", nil, nil},
		"a cache without a stamp":  {[]string{".next/cache/images/a", "x"}, "", nil, []string{".next/cache/proxypatch.json"}},
		"code":                     {[]string{".next/cache/webpack/0.pack", "x", ".next/cache/proxypatch.json", stampOf(now)}, "", []string{".next/cache/webpack", ".next/cache/webpack/0.pack"}, nil},
		"a file beside a cache":    {[]string{".next/dev/theirs", "x", ".next/dev/cache/proxypatch.json", stampOf(now)}, "", []string{".next/dev/cache", ".next/dev/cache/proxypatch.json"}, nil},
		"another empty directory":  {[]string{".next/dev/theirs/", "", ".next/dev/cache/proxypatch.json", stampOf(now)}, "", []string{".next/dev/cache", ".next/dev/cache/proxypatch.json"}, nil},
		"somebody else's file":     {[]string{".next/cache/proxypatch.json", `{"theirs": true}`, ".next/cache/images/a", "x"}, "", nil, nil},
		"a killed run":             {[]string{old, stampOf(now)}, "", []string{".next", ".next/cache", old}, nil},
		"one killed later":         {[]string{".next/dev/", ""}, "", []string{".next", ".next/dev"}, nil},
		"a literal distDir":        {[]string{"next.config.js", `module.exports = { distDir: "build/next" }`, "build/next/cache/proxypatch.json", stampOf(now)}, "", []string{"build", "build/next", "build/next/cache", "build/next/cache/proxypatch.json"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newApp(t, append([]string{"app/page.js", ""}, test.files...)...)
			want := tree(t, dir)
			for _, gone := range test.gone {
				if _, there := want[gone]; !there {
					t.Errorf("there is no %s", gone)
				}
				delete(want, gone)
			}
			got := renewTidily(t, dir, test.next)
			for _, made := range test.made {
				want[made] = got[made]
			}
			for at, content := range got {
				if filepath.Base(at) == stampName && content != "/" {
					want[at] = content // its state is the subject of other tests
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, renewTidily(t, dir, test.next)); diff != "" {
				t.Errorf("a second time (-before +after):\n%s", diff)
			}
		})
	}
}

// After apply and revert, an app that was never built is as before.
func TestNothingIsLeft(t *testing.T) {
	for _, next := range []string{"", "14.2.35", "16.4.5"} {
		dir := newApp(t, "app/page.js", "")
		before := tree(t, dir)
		app, err := Inspect(dir, Want{State: now, Next: next})
		must(t, err)
		mustRenew(t, app)
		if diff := cmp.Diff(before, renewTidily(t, dir, next)); diff != "" {
			t.Errorf("Next.js %q (-before +after):\n%s", next, diff)
		}
	}
}

// If next-auth's files can't be restored, the stamps are back.
func TestTidyTakenBack(t *testing.T) {
	dir := newApp(t, ".next/cache/proxypatch.json", stampOf(now), ".next/dev/cache/proxypatch.json", stampOf(now))
	same := unchanged(t, dir)
	app, err := Inspect(dir, Want{State: then, Tidy: true})
	must(t, err)
	must(t, app.Stage())
	must(t, app.Unstage())
	same()
}

// What a build makes meanwhile stays.
func TestTidyBesideABuild(t *testing.T) {
	dir := newApp(t, ".next/cache/proxypatch.json", stampOf(now))
	app, err := Inspect(dir, Want{State: then, Tidy: true})
	must(t, err)
	must(t, app.Stage())
	must(t, os.WriteFile(filepath.Join(dir, ".next", "cache", "theirs"), []byte("x"), 0o644))
	if notes := app.Finish(); len(notes) > 0 {
		t.Error(notes)
	}
	if diff := cmp.Diff(map[string]string{".next": "/", ".next/cache": "/", ".next/cache/theirs": "x"}, tree(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A link stays, and so does the directory that it leads to.
func TestTidyThroughALink(t *testing.T) {
	for link, stamp := range map[string]string{".next/cache": ".cache/next/proxypatch.json", ".next": ".cache/next/cache/proxypatch.json"} {
		dir := newApp(t, stamp, stampOf(now))
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, filepath.FromSlash(link))), 0o755))
		target := map[string]string{".next/cache": "../.cache/next", ".next": ".cache/next"}[link]
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Skip(err)
		}
		got := renewTidily(t, dir, "14.2.35")
		if got[link] != target || got[".cache/next"] != "/" && link == ".next/cache" {
			t.Errorf("%s: %q", link, got)
		}
	}
}
