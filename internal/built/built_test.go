package built

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newTree makes a directory of files: names and contents in turn. A name with a slash at
// its end is a directory.
func newTree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, filepath.FromSlash(files[i]))
		if strings.HasSuffix(files[i], "/") {
			must(t, os.MkdirAll(name, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, []byte(files[i+1]), 0o644))
	}
	return dir
}

// What Next.js writes into standalone output, shortened.
const (
	server13 = `process.env.NODE_ENV = 'production'
process.chdir(__dirname)
const NextServer = require('next/dist/server/next-server').default
const nextServer = new NextServer({ conf: {"distDir":"./.next"} })`
	server15 = `const path = require('path')
process.chdir(__dirname)
const nextConfig = {"env":{},"distDir":"./.next","distDirRoot":".next"}
process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(nextConfig)
require('next')
const { startServer } = require('next/dist/server/lib/start-server')`
	ownServer = `const next = require('next')
next({ dev: false }).prepare().then(startServer)`
)

func in(dist string) string { return strings.Replace(server15, `"./.next"`, `"./`+dist+`"`, 1) }

// relative makes the paths of builds relative to a directory.
func relative(t *testing.T, dir string, builds []Build) []Build {
	t.Helper()
	for i := range builds {
		for _, path := range []*string{&builds[i].Dir, &builds[i].Top} {
			if *path == "" {
				continue
			}
			rel, err := filepath.Rel(dir, *path)
			must(t, err)
			*path = filepath.ToSlash(rel)
		}
	}
	return builds
}

func TestFind(t *testing.T) {
	for name, test := range map[string]struct {
		files   []string
		want    []Build
		unknown bool
	}{
		"nothing":                       {nil, nil, false},
		"a build":                       {[]string{".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next"}}, false},
		"a cache alone":                 {[]string{".next/cache/webpack/0.pack", "x"}, nil, false},
		"next dev 15":                   {[]string{".next/server/app/page.js", "x", ".next/build-manifest.json", "{}"}, nil, false},
		"next dev 16":                   {[]string{".next/dev/server/app/page.js", "x", ".next/dev/BUILD_ID", "x"}, nil, false},
		"a directory for BUILD_ID":      {[]string{".next/BUILD_ID/", ""}, nil, false},
		"a file for .next":              {[]string{".next", "x"}, nil, false},
		"a distDir":                     {[]string{"next.config.js", `module.exports = { distDir: "out/web" }`, "out/web/BUILD_ID", "x", ".next/BUILD_ID", "old"}, []Build{{Dir: ".", Dist: "out/web"}}, false},
		"a distDir without a build":     {[]string{"next.config.js", `module.exports = { distDir: "build" }`, ".next/BUILD_ID", "old"}, nil, false},
		"a computed distDir":            {[]string{"next.config.js", `module.exports = { distDir: process.env.OUT || ".next" }`, ".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next"}}, true},
		"a directory for server.js":     {[]string{"server.js/", "", ".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next"}}, false},
		"a server of one's own":         {[]string{"server.js", ownServer, ".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next"}}, false},
		"standalone":                    {[]string{"server.js", server15, ".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next", Standalone: true}}, false},
		"standalone of 13":              {[]string{"server.js", server13, ".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next", Standalone: true}}, false},
		"standalone with a distDir":     {[]string{"server.js", in("build"), "build/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: "build", Standalone: true}}, false},
		"standalone outside of itself":  {[]string{"server.js", in("../.next"), ".next/BUILD_ID", "x"}, []Build{{Dir: ".", Dist: ".next", Standalone: true}}, false},
		"a server.js without its build": {[]string{"server.js", server15}, nil, false},
		"standalone in the build": {
			[]string{".next/BUILD_ID", "x", ".next/standalone/server.js", server15, ".next/standalone/.next/BUILD_ID", "x"},
			[]Build{{Dir: ".", Dist: ".next"}, {Dir: ".next/standalone", Dist: ".next", Standalone: true, Top: ".next/standalone"}},
			false,
		},
		"a monorepo's standalone in the build": {
			[]string{"next.config.js", `module.exports = { distDir: "build" }`, "build/BUILD_ID", "x", "build/standalone/apps/web/server.js", in("build"), "build/standalone/apps/web/build/BUILD_ID", "x"},
			[]Build{{Dir: ".", Dist: "build"}, {Dir: "build/standalone/apps/web", Dist: "build", Standalone: true, Top: "build/standalone"}},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files...)
			builds, unknown, err := Find(dir)
			must(t, err)
			if diff := cmp.Diff(test.want, relative(t, dir, builds)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (unknown != "") != test.unknown {
				t.Errorf("unknown: %q", unknown)
			}
		})
	}
}

func TestBelow(t *testing.T) {
	for name, test := range map[string]struct {
		files      []string
		want       []Build
		standalone bool
	}{
		"an image":      {[]string{"server.js", server15, ".next/BUILD_ID", "x", "node_modules/next-auth/package.json", "{}"}, []Build{{Dir: ".", Dist: ".next", Standalone: true}}, true},
		"a monorepo's":  {[]string{"apps/web/server.js", server15, "apps/web/.next/BUILD_ID", "x", "node_modules/next/.next/BUILD_ID", "x"}, []Build{{Dir: "apps/web", Dist: ".next", Standalone: true}}, true},
		"two images":    {[]string{"a/server.js", server15, "a/.next/BUILD_ID", "x", "b/server.js", in("build"), "b/build/BUILD_ID", "x"}, []Build{{Dir: "a", Dist: ".next", Standalone: true}, {Dir: "b", Dist: "build", Standalone: true}}, true},
		"nothing built": {[]string{"package.json", "{}", "src/server.js", ownServer, ".git/.next/BUILD_ID", "x"}, nil, false},
		"a build that no configuration names": {
			[]string{"next.config.js", `module.exports = { distDir: ["bu", "ild"].join("") }`, "build/BUILD_ID", "x", "build/standalone/server.js", in("build"), "build/standalone/build/BUILD_ID", "x"},
			[]Build{{Dir: ".", Dist: "build"}, {Dir: "build/standalone", Dist: "build", Standalone: true, Top: "build/standalone"}},
			false,
		},
		"a deeper one, of a monorepo": {
			[]string{"web/out/a/BUILD_ID", "x", "web/out/a/standalone/web/server.js", in("out/a"), "web/out/a/standalone/web/out/a/BUILD_ID", "x"},
			[]Build{{Dir: "web", Dist: "out/a"}, {Dir: "web/out/a/standalone/web", Dist: "out/a", Standalone: true, Top: "web/out/a/standalone"}},
			false,
		},
		"one that was moved": {
			[]string{"moved/BUILD_ID", "x", "moved/standalone/server.js", server15, "moved/standalone/.next/BUILD_ID", "x"},
			[]Build{{Dir: ".", Dist: "moved"}, {Dir: "moved/standalone", Dist: ".next", Standalone: true, Top: "moved/standalone"}},
			false,
		},
		"an unfinished one": {
			[]string{"build/BUILD_ID/", "", "build/standalone/server.js", in("build"), "build/standalone/build/BUILD_ID", "x"},
			[]Build{{Dir: "build/standalone", Dist: "build", Standalone: true}},
			true,
		},
		"BUILD_ID alone": {[]string{"build/BUILD_ID", "x", "build/standalone/README", "x"}, nil, false},
		"a project": {
			[]string{"apps/web/next.config.js", `module.exports = { distDir: "out/web" }`, "apps/web/out/web/BUILD_ID", "x", "apps/web/out/web/standalone/server.js", in("out/web"), "apps/web/out/web/standalone/out/web/BUILD_ID", "x"},
			[]Build{{Dir: "apps/web", Dist: "out/web"}, {Dir: "apps/web/out/web/standalone", Dist: "out/web", Standalone: true, Top: "apps/web/out/web/standalone"}},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files...)
			builds, _, err := Below(dir)
			must(t, err)
			if diff := cmp.Diff(test.want, relative(t, dir, builds)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if is, err := IsStandalone(dir); err != nil || is != test.standalone {
				t.Errorf("standalone: %v, %v", is, err)
			}
		})
	}
}

func TestLinksOut(t *testing.T) {
	outside := newTree(t, "BUILD_ID", "x", "standalone/.next/BUILD_ID", "x")
	for _, link := range []string{".next", ".next/BUILD_ID"} {
		dir := newTree(t, "app/page.js", "")
		at := filepath.Join(dir, filepath.FromSlash(link))
		must(t, os.MkdirAll(filepath.Dir(at), 0o755))
		to := outside
		if link != ".next" {
			to = filepath.Join(outside, filepath.Base(link))
		}
		if err := os.Symlink(to, at); err != nil {
			t.Skip(err)
		}
		builds, _, err := Find(dir)
		if wrong := (*Error)(nil); !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Path, at) || !strings.HasSuffix(err.Error(), ": leads out of the app through a link") {
			t.Errorf("%s: got %v, %v", link, builds, err)
		}
	}
}

// Next.js writes a file. A link may lead to the server of another project.
func TestLinkedServer(t *testing.T) {
	outside := newTree(t, "server.js", server15)
	dir := newTree(t, ".next/BUILD_ID", "x")
	if err := os.Symlink(filepath.Join(outside, "server.js"), filepath.Join(dir, "server.js")); err != nil {
		t.Skip(err)
	}
	builds, _, err := Find(dir)
	if diff := cmp.Diff([]Build{{Dir: dir, Dist: ".next"}}, builds); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestTooDeep(t *testing.T) {
	for depth, fails := range map[int]bool{90: false, 110: true} {
		dir := newTree(t, strings.Repeat("d/", depth), "")
		if _, _, err := Below(dir); errors.Is(err, errTooDeep) != fails || !fails && err != nil {
			t.Errorf("%d directories: got %v", depth, err)
		}
	}
}
