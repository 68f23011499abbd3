package detect

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPatchedBy(t *testing.T) {
	for name, want := range map[string]string{
		"next-auth+4.24.5.patch":                "node_modules/next-auth",
		"next-auth+4.24.5+001+proxy.patch":      "node_modules/next-auth",
		"next-auth+4.24.5.dev.patch":            "node_modules/next-auth",
		"kit++next-auth+4.24.5.patch":           "node_modules/kit/node_modules/next-auth",
		"@corp+kit++next-auth+4.24.5.patch":     "node_modules/@corp/kit/node_modules/next-auth",
		"..+..+..+..++..+..++next-auth+4.patch": "",
		"next-auth+4.24.5.patch.orig":           "",
		"next-auth@4.24.5.patch":                "",
		"next-auth-mock+1.0.0.patch":            "",
		"next-auth++openid-client+5.0.0.patch":  "",
		"next-auth+.patch":                      "",
		"@auth+core+0.41.3.patch":               "node_modules/@auth/core",
		"kit++@auth+core+0.41.3+001+x.patch":    "node_modules/kit/node_modules/@auth/core",
		"@auth+core.patch":                      "",
		"@auth+core-x+1.0.0.patch":              "",
		"next-auth.patch":                       "",
		"next-auth+4.24.15.diff":                "",
		"next-auth":                             "",
	} {
		if got := PatchedBy(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestForeignPatches finds the patches that settings name, and no others.
func TestForeignPatches(t *testing.T) {
	const yarn = `"packageManager": "yarn@4.9.1", `
	for name, test := range map[string]struct {
		files map[string]string
		want  []ForeignPatch
	}{
		"none":  {map[string]string{"package.json": "{}", "patches/next-auth+4.2.1.patch": ""}, nil}, // nothing is installed
		"wrong": {map[string]string{"package.json": `{"patchedDependencies": ["next-auth"], "resolutions": 1}`}, nil},
		"npm": {map[string]string{"package-lock.json": "", "package.json": `{"patchedDependencies": {"next-auth@4": "./p/x.patch", "next": "y", "next-auth": 1}}`}, []ForeignPatch{
			{Package: "next-auth", Tool: "npm", File: ".", Field: "patchedDependencies", Entry: "next-auth", In: "package.json", Runs: true, folder: "next-auth"},
			{Package: "next-auth", Tool: "npm", File: "p/x.patch", Field: "patchedDependencies", Entry: "next-auth@4", In: "package.json", Runs: true, releases: "4", folder: "next-auth"},
		}},
		"npm 12, by the name of the folder, which npm 11 ignores": {map[string]string{"package.json": `{"packageManager": "npm@11.19.1", "dependencies": {"auth4": "npm:next-auth@4"}, "patchedDependencies": {"auth4@4.2.1": "x", "auth5@4.2.1": "x"}}`}, []ForeignPatch{
			{Package: "next-auth", Tool: "npm", File: "x", Field: "patchedDependencies", Entry: "auth4@4.2.1", In: "package.json", releases: "4.2.1", folder: "auth4"},
		}},
		"yarn, with more than one patch": {map[string]string{"package.json": `{` + yarn + `"resolutions": {"a/next-auth": "patch:next-auth@npm%3A4.2.1#optional!./p/x.patch&~/q.patch", "next": "patch:next@1#x"}}`}, []ForeignPatch{
			{Package: "next-auth", Tool: "yarn", File: "p/x.patch", Field: "resolutions", Entry: "a/next-auth", In: "package.json", Runs: true, releases: "4.2.1"},
		}},
		"yarn, with an alias": {map[string]string{
			"package.json": `{` + yarn + `"dependencies": {"auth4": "patch:auth4@npm%3Anext-auth@4.2.1#~/p/x.patch", "core": "patch:@auth/core@npm%3A0.41.3#~/p/y.patch"}, "resolutions": {"auth5@npm:@auth/core@0.41.3": "patch:auth5@npm%3A@auth/core@0.41.3#~/p/y.patch"}}`,
		}, []ForeignPatch{
			{Package: "@auth/core", Tool: "yarn", File: "p/y.patch", Field: "resolutions", Entry: "auth5@npm:@auth/core@0.41.3", In: "package.json", Runs: true, releases: "0.41.3"},
			{Package: "next-auth", Tool: "yarn", File: "p/x.patch", Field: "dependencies", Entry: "auth4", In: "package.json", Runs: true, releases: "4.2.1"},
			{Package: "@auth/core", Tool: "yarn", File: "p/y.patch", Field: "dependencies", Entry: "core", In: "package.json", Runs: true, releases: "0.41.3"},
		}},
		"another package with files of next-auth": {map[string]string{
			"package.json": `{` + yarn + `"dependencies": {"@auth/core": "patch:@auth/core@npm%3A0.41.3#~/p/x.patch", "@auth/kit": "patch:@auth/kit@npm%3A1.0.0#~/p/y.patch"}}`,
		}, []ForeignPatch{
			{Package: "@auth/core", Tool: "yarn", File: "p/x.patch", Field: "dependencies", Entry: "@auth/core", In: "package.json", Runs: true, releases: "0.41.3"},
		}},
		"patch-package": {map[string]string{
			"package.json":                        `{"scripts": {"postinstall": "npx --no patch-package --patch-dir=fixes"}}`,
			"patches/next-auth+4.2.1.patch":       "",
			"fixes/next-auth+4.2.1.patch":         "",
			"fixes/next+4.2.1.patch":              "",
			"node_modules/next-auth/package.json": "{}",
		}, []ForeignPatch{{Tool: PatchPackage, File: "fixes/next-auth+4.2.1.patch", Runs: true}}},
		"patch-package, which nothing here runs": {map[string]string{
			"package.json":                        "{}",
			"patches/next-auth+4.2.1.patch":       "",
			"node_modules/next-auth/package.json": "{}",
		}, []ForeignPatch{{Tool: PatchPackage, File: "patches/next-auth+4.2.1.patch"}}},
		"a directory outside": {map[string]string{"package.json": `{"scripts": {"postinstall": "patch-package --patch-dir ../.."}}`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			test.files[".git/x"] = ""
			t.Chdir(newTree(t, test.files))
			w, err := Open(".")
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.ForeignPatches()
			for i := range got {
				got[i].dir = ""
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(ForeignPatch{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestConcerns(t *testing.T) {
	named := func(dir, release string) *Install { return &Install{Dir: filepath.FromSlash(dir), Release: release} }
	for _, test := range []struct {
		patch ForeignPatch
		c     *Install
		want  bool
	}{
		{ForeignPatch{Package: "next-auth"}, named("/x/node_modules/auth4", "4.2.1"), true},
		{ForeignPatch{Package: "next-auth", releases: "4.2.1"}, named("/x/node_modules/auth4", "4.2.1"), true},
		{ForeignPatch{Package: "next-auth", releases: "4.2.0"}, named("/x/node_modules/auth4", "4.2.1"), false},
		{ForeignPatch{Package: "@auth/core"}, named("/x/node_modules/next-auth", "4.2.1"), false},
		{ForeignPatch{Package: "next-auth", folder: "next-auth"}, named("/x/node_modules/auth4", "4.2.1"), false},
		{ForeignPatch{Package: "next-auth", folder: "auth4"}, named("/x/y/node_modules/auth4", "4.2.1"), true},
		{ForeignPatch{Tool: PatchPackage, dir: "/x"}, &Install{Dir: "/x"}, true},
		{ForeignPatch{Tool: PatchPackage, dir: "/x"}, &Install{Dir: "/y"}, false},
	} {
		if got := test.patch.Concerns(test.c); got != test.want {
			t.Errorf("%+v, %s: got %v", test.patch, test.c.Dir, got)
		}
	}
}

func TestIsStable(t *testing.T) {
	c := Install{Release: "4.24.5"}
	for path, want := range map[string]bool{
		"node_modules/next-auth":              true,
		"packages/web/node_modules/next-auth": true,
		"node_modules/auth4":                  true,
		"node_modules/.pnpm/x/node_modules/y": false,
		"node_modules/.store/x/package":       false,
		"node_modules/next-auth-4.24.5":       false,
		"../other/node_modules/next-auth":     false,
		"..":                                  false,
	} {
		if got := c.IsStable(filepath.FromSlash(path)); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

// Scripts may quote the directory of patch-package.
func TestPatchDirs(t *testing.T) {
	for script, want := range map[string][]string{
		"patch-package":                            {"patches"},
		"tsc && npx patch-package@8 && x":          {"patches"},
		"patch-package --patch-dir q":              {"q"},
		"patch-package --patch-dir=q && x":         {"q"},
		`patch-package --patch-dir "my q"`:         {"my q"},
		`patch-package --patch-dir="my q" --x`:     {"my q"},
		"patch-package --patch-dir 'my q'; x":      {"my q"},
		`patch-package --patch-dir my\ q`:          {"my q"},
		`sh -c "patch-package --patch-dir 'my q'"`: {"my q"},
		`sh -c "patch-package --patch-dir q"`:      {"q"},
		"node node_modules/.bin/patch-package":     {"patches"},
		"deno run -A npm:patch-package":            {"patches"},
		"patch-package --patch-dir ../q":           nil,
		"patch-packages && rm x-patch-package":     nil,
		"patch-package-x":                          nil,
		`patch-package --patch-dir "`:              {"patches"},
	} {
		if diff := cmp.Diff(want, PatchDirs(map[string]string{"x": script})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", script, diff)
		}
	}
}

func TestYarnPatch(t *testing.T) {
	for value, want := range map[string][3]string{
		"patch:next-auth@npm%3A4.24.5#~/.yarn/patches/x.patch":                          {"next-auth", "4.24.5", ".yarn/patches/x.patch"},
		"patch:@auth/core@npm%3A0.41.3#optional!~/.yarn/patches/x.patch::version=1&a=b": {"@auth/core", "0.41.3", ".yarn/patches/x.patch"},
		"patch:next-auth@npm:4.24.5#./a/../b.patch&~/c.patch":                           {"next-auth", "4.24.5", "b.patch"},
	} {
		pkg, release, file, ok := YarnPatch(value)
		if got := [3]string{pkg, release, file}; !ok || got != want {
			t.Errorf("%s: %q", value, got)
		}
	}
	if _, _, _, ok := YarnPatch("npm:next-auth@4"); ok {
		t.Error("a range without a patch is none")
	}
}

// A key may be a URL with a password, which no message shows.
func TestNameOfEntry(t *testing.T) {
	p := ForeignPatch{Entry: "next-auth@https://ada:hunter2@corp.test/next-auth.tgz"}
	if got := p.Name(); got != "next-auth@https://…@corp.test/next-auth.tgz" {
		t.Errorf("got %q", got)
	}
}
