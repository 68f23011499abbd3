package detect

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	release24 = `{"name": "next-auth", "version": "4.24.5"}`
	release2  = `{"name": "next-auth", "version": "4.2.1"}`
	needs     = `"dependencies": {"next-auth": "4"}`
)

// layout is a project as a package manager leaves it: files, and links as
// "path -> target".
type layout struct {
	files map[string]string
	links []string
	from  string // directory to look from
	all   bool
	want  []string // "dir release: package path, …", sorted by dir
	err   error
}

var layouts = map[string]layout{
	"hoisted workspace, from the root": {
		files: hoisted,
		want: []string{
			"apps/admin/node_modules/next-auth 4.2.1: admin apps/admin/node_modules/next-auth",
			"node_modules/foo/node_modules/next-auth 4.2.1",
			"node_modules/next-auth 4.24.5: web node_modules/next-auth",
		},
	},
	"hoisted workspace, from a package": {
		files: hoisted, from: "apps/web/src",
		want: []string{"node_modules/next-auth 4.24.5: web ../../../node_modules/next-auth"},
	},
	"hoisted workspace, from a package with a copy of its own and one that it depends on": {
		files: hoisted, from: "apps/admin",
		want: []string{
			"apps/admin/node_modules/next-auth 4.2.1: admin node_modules/next-auth",
			"node_modules/foo/node_modules/next-auth 4.2.1",
		},
	},
	"hoisted workspace, all from a package": {
		files: hoisted, from: "apps/web", all: true,
		want: []string{
			"apps/admin/node_modules/next-auth 4.2.1: admin ../admin/node_modules/next-auth",
			"node_modules/foo/node_modules/next-auth 4.2.1",
			"node_modules/next-auth 4.24.5: web ../../node_modules/next-auth",
		},
	},
	"through a package of the workspace": {
		files: map[string]string{
			"package.json":      `{"workspaces": ["*"]}`,
			"web/package.json":  `{"name": "web", "dependencies": {"auth": "*"}}`,
			"auth/package.json": `{"name": "auth", ` + needs + `}`,
			"auth/node_modules/next-auth/package.json": release24,
		},
		links: []string{"node_modules/auth -> ../auth"},
		from:  "web",
		want:  []string{"auth/node_modules/next-auth 4.24.5: auth ../auth/node_modules/next-auth"},
	},
	"pnpm, with peer variants and a shortened name": {
		files: map[string]string{
			"pnpm-workspace.yaml":   "packages:\n  - 'apps/*'\n  - '!apps/old'\n",
			"package.json":          `{}`,
			"apps/web/package.json": `{"name": "web", ` + needs + `}`,
			"apps/old/package.json": `{"name": "old", ` + needs + `}`,
			"node_modules/.pnpm/next-auth@4.24.5_react@17/node_modules/next-auth/package.json": release24,
			"node_modules/.pnpm/next-auth@4.24.5_react@18/node_modules/next-auth/package.json": release24,
			"node_modules/.pnpm/next-au_0123456789/node_modules/next-auth/package.json":        release2,
			"node_modules/.pnpm/next-auth-mock@1.0.0/node_modules/next-auth-mock/package.json": `{"name": "next-auth-mock"}`,
			"node_modules/.pnpm/node_modules/x":                                                "",
		},
		links: []string{"apps/web/node_modules/next-auth -> ../../../node_modules/.pnpm/next-auth@4.24.5_react@18/node_modules/next-auth"},
		want: []string{
			"node_modules/.pnpm/next-au_0123456789/node_modules/next-auth 4.2.1",
			"node_modules/.pnpm/next-auth@4.24.5_react@17/node_modules/next-auth 4.24.5",
			"node_modules/.pnpm/next-auth@4.24.5_react@18/node_modules/next-auth 4.24.5: web apps/web/node_modules/next-auth",
		},
	},
	"pnpm, through packages from a registry": {
		files: map[string]string{
			"pnpm-workspace.yaml":     "packages: ['packages/*']\n",
			"packages/p/package.json": `{"name": "p", "dependencies": {"kit": "1"}}`,
			"packages/q/package.json": `{"name": "q", ` + needs + `}`,
			"packages/r/package.json": `{"name": "r"}`,
			"node_modules/.pnpm/next-auth@4.24.5/node_modules/next-auth/package.json": release24,
			"node_modules/.pnpm/next-auth@4.2.1/node_modules/next-auth/package.json":  release2,
			"node_modules/.pnpm/kit@1.0.0/node_modules/kit/package.json":              `{"name": "kit", "peerDependencies": {"base": "1"}}`,
			"node_modules/.pnpm/base@1.0.0/node_modules/base/package.json":            `{"name": "base", ` + needs + `}`,
		},
		links: []string{
			"packages/p/node_modules/kit -> ../../../node_modules/.pnpm/kit@1.0.0/node_modules/kit",
			"packages/q/node_modules/next-auth -> ../../../node_modules/.pnpm/next-auth@4.24.5/node_modules/next-auth",
			"node_modules/.pnpm/kit@1.0.0/node_modules/base -> ../../base@1.0.0/node_modules/base",
			"node_modules/.pnpm/base@1.0.0/node_modules/next-auth -> ../../next-auth@4.24.5/node_modules/next-auth",
		},
		from: "packages/p",
		want: []string{"node_modules/.pnpm/next-auth@4.24.5/node_modules/next-auth 4.24.5: q ../q/node_modules/next-auth"},
	},
	"a root without package.json": {
		files: map[string]string{
			"pnpm-workspace.yaml":                            "packages: ['packages/*']\n",
			"packages/a/package.json":                        `{"name": "a", ` + needs + `}`,
			"packages/b/package.json":                        `{"name": "b", "dependencies": {"next-auth": "4.2.1"}}`,
			"node_modules/next-auth/package.json":            release24,
			"packages/b/node_modules/next-auth/package.json": release2,
		},
		want: []string{
			"node_modules/next-auth 4.24.5: a node_modules/next-auth",
			"packages/b/node_modules/next-auth 4.2.1: b packages/b/node_modules/next-auth",
		},
	},
	"negations count wherever they stand for pnpm": {
		files: map[string]string{
			"pnpm-workspace.yaml":                            "packages: ['!packages/b', 'packages/*']\n",
			"packages/a/package.json":                        `{"name": "a"}`,
			"packages/b/package.json":                        `{"name": "b", ` + needs + `}`,
			"packages/b/node_modules/next-auth/package.json": release2,
		},
		err: ErrNotFound,
	},
	"globs take no directories whose names begin with a dot": {
		files: map[string]string{
			"package.json":          `{"workspaces": ["apps/**"]}`,
			"apps/web/package.json": `{"name": "web", ` + needs + `}`,
			"apps/web/node_modules/next-auth/package.json":                           release24,
			"apps/web/.next/standalone/apps/web/package.json":                        `{"name": "web", ` + needs + `}`,
			"apps/web/.next/standalone/apps/web/node_modules/next-auth/package.json": release24,
		},
		want: []string{"apps/web/node_modules/next-auth 4.24.5: web apps/web/node_modules/next-auth"},
	},
	"packages that are linked to": {
		files: map[string]string{
			"repo/app/package.json":                           `{"name": "app", "dependencies": {"lib": "file:../lib", "copied": "file:../copied"}}`,
			"repo/app/node_modules/copied/package.json":       `{"name": "copied"}`,
			"repo/lib/package.json":                           `{"name": "lib", "dependencies": {"next-auth": "4", "more": "link:../more"}}`,
			"repo/lib/node_modules/next-auth/package.json":    release24,
			"repo/more/package.json":                          `{"name": "more", ` + needs + `}`,
			"repo/more/node_modules/next-auth/package.json":   release2,
			"repo/copied/node_modules/next-auth/package.json": release2,
			"repo/.git/HEAD":                                  "",
			"x/y":                                             "",
		},
		links: []string{"repo/app/node_modules/lib -> ../../lib", "repo/lib/node_modules/more -> ../../more"},
		from:  "repo/app",
		want: []string{
			"repo/lib/node_modules/next-auth 4.24.5: lib ../lib/node_modules/next-auth",
			"repo/more/node_modules/next-auth 4.2.1: more ../more/node_modules/next-auth",
		},
	},
	"yarn's pnpm linker": {
		files: map[string]string{
			"package.json": `{"name": "app", ` + needs + `}`,
			"node_modules/.store/next-auth-virtual-0123/package/package.json":      release24,
			"node_modules/.store/next-auth-mock-npm-1.0.0/package/package.json":    `{"name": "next-auth-mock"}`,
			"node_modules/.store/next-auth-mock-npm-1.0.0/package/core/lib/x.json": "",
		},
		links: []string{"node_modules/next-auth -> .store/next-auth-virtual-0123/package"},
		want:  []string{"node_modules/.store/next-auth-virtual-0123/package 4.24.5: app node_modules/next-auth"},
	},
	"an alias": {
		files: map[string]string{
			"package.json":                                  `{"name": "app", "dependencies": {"auth4": "npm:next-auth@4"}}`,
			"node_modules/auth4/package.json":               release24,
			"node_modules/auth4/core/lib/oauth/client.js":   "",
			"node_modules/@x/auth/package.json":             release2,
			"node_modules/@x/auth/core/lib/oauth/client.js": "",
			"node_modules/other/core/lib/oauth/client.js":   "",
			"node_modules/other/package.json":               `{"name": "other"}`,
		},
		want: []string{"node_modules/@x/auth 4.2.1", "node_modules/auth4 4.24.5: app node_modules/auth4"},
	},
	"an alias in a store": {
		files: map[string]string{
			"package.json": `{"name": "app", "dependencies": {"auth4": "npm:next-auth@4"}}`,
			"node_modules/.store/auth4@4.24.5-01/node_modules/auth4/package.json": release24,
		},
		links: []string{"node_modules/auth4 -> .store/auth4@4.24.5-01/node_modules/auth4"},
		want:  []string{"node_modules/.store/auth4@4.24.5-01/node_modules/auth4 4.24.5: app node_modules/auth4"},
	},
	"packages that are links": {
		files: map[string]string{
			"package.json":               `{"workspaces": {"packages": ["./packages/**/"]}}`,
			"elsewhere/web/package.json": `{"name": "web", ` + needs + `}`,
			"elsewhere/web/node_modules/next-auth/package.json": release24,
			"packages/group/x": "",
		},
		links: []string{"packages/group/web -> ../../elsewhere/web"},
		want:  []string{"elsewhere/web/node_modules/next-auth 4.24.5: web elsewhere/web/node_modules/next-auth"},
	},
	"a package that the workspace does not list": {
		files: map[string]string{
			"package.json":                                   `{"workspaces": ["packages/*"]}`,
			"tools/x/package.json":                           `{"name": "x", ` + needs + `}`,
			"packages/y/package.json":                        `{}`,
			"packages/y/node_modules/next-auth/package.json": release2,
			"tools/x/node_modules/next-auth/package.json":    release24,
		},
		from: "tools/x",
		want: []string{"tools/x/node_modules/next-auth 4.24.5: x node_modules/next-auth"},
	},
	"a workspace whose package.json begins with a byte order mark": {
		files: map[string]string{
			"package.json":     "\ufeff" + `{"workspaces": ["web"]}`,
			"web/package.json": `{"name": "web"}`,
			"web/node_modules/next-auth/package.json": release24,
		},
		want: []string{"web/node_modules/next-auth 4.24.5"},
	},
	"broken package.json in the workspace": {
		files: map[string]string{
			"package.json":                        `{"workspaces": ["apps/*", 7]`,
			"node_modules/next-auth/package.json": release24,
		},
		want: []string{"node_modules/next-auth 4.24.5"},
	},
	"node_modules that is a link": {
		files: map[string]string{"app/package.json": "{}", "deps/next-auth/package.json": release24},
		links: []string{"app/node_modules -> ../deps"},
		from:  "app",
		want:  []string{"deps/next-auth 4.24.5"},
	},
	"Plug'n'Play": {
		files: map[string]string{"package.json": `{"workspaces": ["web"]}`, ".pnp.cjs": "", "web/package.json": "{}"},
		from:  "web", err: ErrPlugAndPlay,
	},
	"none for this package": {
		files: map[string]string{
			"package.json":       `{"workspaces": ["*"]}`,
			"web/package.json":   `{"name": "web"}`,
			"admin/package.json": `{"name": "admin", ` + needs + `}`,
			"admin/node_modules/next-auth/package.json": release24,
		},
		from: "web", err: ErrNotFound,
	},
}

var hoisted = map[string]string{
	"package.json":            `{"workspaces": ["apps/*"]}`,
	"apps/web/package.json":   `{"name": "web", ` + needs + `}`,
	"apps/web/src/x":          "",
	"apps/admin/package.json": `{"name": "admin", "dependencies": {"next-auth": "4.2.1", "foo": "1"}}`,
	"apps/admin/node_modules/next-auth/package.json":       release2,
	"node_modules/next-auth/package.json":                  release24,
	"node_modules/foo/node_modules/next-auth/package.json": release2,
	"node_modules/foo/package.json":                        `{"name": "foo", ` + needs + `}`,
	"node_modules/.cache/next-auth/package.json":           release2,
}

func TestLayouts(t *testing.T) {
	for name, test := range layouts {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files)
			for _, link := range test.links {
				newLink(t, dir, link)
			}
			project, err := find(filepath.Join(dir, filepath.FromSlash(test.from)), test.all)
			if !errors.Is(err, test.err) {
				t.Fatalf("got error %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(test.want, describe(t, dir, project)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// newLink makes the link that "path -> target" describes.
func newLink(t *testing.T, dir, link string) {
	t.Helper()
	at, target, _ := strings.Cut(link, " -> ")
	at = filepath.Join(dir, filepath.FromSlash(at))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.FromSlash(target), at); err != nil {
		t.Skip(err)
	}
}

// describe describes the copies, with paths relative to the tree or to the directory of
// the search.
func describe(t *testing.T, dir string, project *Project) []string {
	t.Helper()
	relative := func(from, path string) string {
		rel, err := filepath.Rel(from, path)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(rel)
	}
	var all []string
	for _, c := range project.Copies {
		if c.Shared != nil {
			t.Errorf("%s: %v", c.Path, c.Shared)
		}
		text := relative(dir, c.Dir) + " " + c.Release
		var ways []string
		for _, way := range c.Reached {
			ways = append(ways, way.From+" "+relative(project.Dir, way.Path))
		}
		if slices.Sort(ways); len(ways) > 0 {
			text += ": " + strings.Join(ways, ", ")
		}
		all = append(all, text)
	}
	return all
}

// The name of a store's entry shows pnpm's own patches, unless it is cut off.
func TestNativePatches(t *testing.T) {
	const inPackageJSON = `{"pnpm": {"patchedDependencies": {"next-auth@4.24.5": "x.patch"}}}`
	for _, test := range []struct {
		entry, manifest, settings string
		want                      bool
	}{
		{"next-auth@4.24.5_patch_hash=01_react@18", "{}", "", true},
		{"next-auth@4.24.5_react@18", inPackageJSON, "", false},
		{"next-au_01", inPackageJSON, "", true},
		{"next-auth@4.2_01", "{}", "patchedDependencies:\n  next-auth: x.patch\n", true},
		{"next-au_01", "{}", "patchedDependencies:\n  next-auth-mock@1.0.0: x.patch\n", false},
		{"next-au_01", "{}", "patchedDependencies: [", false},
	} {
		dir := newTree(t, map[string]string{
			"package.json": test.manifest, "pnpm-workspace.yaml": test.settings,
			"node_modules/.pnpm/" + test.entry + "/node_modules/next-auth/package.json": release24,
		})
		project, err := find(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := project.Copies[0].Native; got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

// Copies that other projects share are found, so that they can be refused.
func TestShared(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		links []string
		want  string
	}{
		"pnpm's global virtual store": {
			map[string]string{"store/v10/links/@/next-auth/4.24.5/0123/node_modules/next-auth/package.json": release24, "app/pnpm-lock.yaml": ""},
			[]string{"app/node_modules/next-auth -> ../../store/v10/links/@/next-auth/4.24.5/0123/node_modules/next-auth"},
			"it is in pnpm's global virtual store, which other projects share",
		},
		"pnpm's global virtual store inside the project": {
			map[string]string{"app/.store/v10/links/@/next-auth/4.24.5/0123/node_modules/next-auth/package.json": release24},
			[]string{"app/node_modules/next-auth -> ../.store/v10/links/@/next-auth/4.24.5/0123/node_modules/next-auth"},
			"it is in pnpm's global virtual store, which other projects share",
		},
		"the global virtual store of pnpm 10's first releases, in the same repository": {
			map[string]string{"store/v10/links/next-auth/4.24.5/0123/node_modules/next-auth/package.json": release24, ".git/HEAD": ""},
			[]string{"app/node_modules/next-auth -> ../../store/v10/links/next-auth/4.24.5/0123/node_modules/next-auth"},
			"it is in pnpm's global virtual store, which other projects share",
		},
		"a link to sources, in a home directory that is a repository": {
			map[string]string{"src/next-auth/package.json": release24, ".git/HEAD": ""},
			[]string{"app/node_modules/next-auth -> ../../src/next-auth"},
			"its directory is outside the project, in HOME/src/next-auth",
		},
		"a package that is linked to and has its own": {
			map[string]string{
				"lib/package.json": `{"name": "lib", ` + needs + `}`, "lib/node_modules/next-auth/package.json": release24,
				"app/package.json": `{"name": "app", "dependencies": {"lib": "../lib"}}`,
			},
			[]string{"app/node_modules/lib -> ../../lib"},
			"its directory is outside the project, in HOME/lib/node_modules/next-auth",
		},
		"bun's global store": {
			map[string]string{"app/.bun-cache/links/next-auth@4.24.5/node_modules/next-auth/package.json": release24, "app/bun.lock": ""},
			[]string{
				"app/node_modules/.bun/next-auth@4.24.5 -> ../../.bun-cache/links/next-auth@4.24.5",
				"app/node_modules/next-auth -> .bun/next-auth@4.24.5/node_modules/next-auth",
			},
			"it is in bun's global store, which other projects share",
		},
		"bun's global store, with only the package that next-auth 5 needs": {
			map[string]string{
				"cache/links/@auth+core@0.41.3-01ab/node_modules/@auth/core/package.json":           `{"name": "@auth/core", "version": "0.41.3"}`,
				"app/node_modules/.bun/next-auth@5.0.0-beta.32/node_modules/next-auth/package.json": `{"name": "next-auth", "version": "5.0.0-beta.32", "dependencies": {"@auth/core": "0.41.3"}}`,
				"app/bun.lock": "",
			},
			[]string{
				"app/node_modules/.bun/next-auth@5.0.0-beta.32/node_modules/@auth/core -> ../../../../../../cache/links/@auth+core@0.41.3-01ab/node_modules/@auth/core",
				"app/node_modules/next-auth -> .bun/next-auth@5.0.0-beta.32/node_modules/next-auth",
			},
			"it is in bun's global store, which other projects share",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.files["app/package.json"] == "" {
				test.files["app/package.json"] = `{"name": "app", ` + needs + `}`
			}
			dir := newTree(t, test.files)
			for _, link := range test.links {
				newLink(t, dir, link)
			}
			project, err := find(filepath.Join(dir, "app"), false)
			if err != nil {
				t.Fatal(err)
			}
			if len(project.Copies) != 1 || project.Copies[0].Shared == nil || project.Copies[0].Shared.Reason != strings.Replace(test.want, "HOME", dir, 1) {
				t.Errorf("got %+v", project.Copies)
			}
		})
	}
}
