package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/patches"
)

// project is a workspace in a directory of its own, with packages that are only named.
type project struct {
	dir     string
	library *patchset.Library
}

// newProject writes a project whose node_modules has packages such as "next-auth 4.24.15" in
// the directories of a map.
func newProject(t *testing.T, files, packages map[string]string) *project {
	t.Helper()
	library, err := patchset.Open(patches.FS, patchset.Default)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &project{dir, library}
	p.write(t, ".git/HEAD", "")
	for name, text := range files {
		p.write(t, name, text)
	}
	for at, title := range packages {
		name, release, _ := strings.Cut(title, " ")
		p.write(t, at+"/package.json", `{"name": "`+name+`", "version": "`+release+`", "dependencies": {"@auth/core": "0.41.3"}}`)
		p.write(t, at+"/core/lib/oauth/client.js", "")
		p.write(t, at+"/lib/actions.js", "")
	}
	return p
}

func (p *project) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree returns all files but those of packages.
func (p *project) tree(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(p.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if entry.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(p.dir, path)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// export exports for all copies, and commits.
func (p *project) export(t *testing.T, form Form) *Plan {
	t.Helper()
	plan, err := p.plan(t, form)
	if err != nil {
		t.Fatal(err)
	}
	return p.commit(t, plan)
}

// plan plans an export for all copies.
func (p *project) plan(t *testing.T, form Form) (*Plan, error) {
	t.Helper()
	ws := p.open(t)
	found, err := ws.Find(true)
	if err != nil {
		t.Fatal(err)
	}
	return New(ws, p.library, Options{Form: form, Copies: found.Copies, Installed: found.Copies, Agents: true})
}

// refused plans an export and requires that nothing was written. It returns the error of a
// patch or an entry that proxypatch did not make, if that is the reason.
func (p *project) refused(t *testing.T, form Form) *StrangerError {
	t.Helper()
	before := p.tree(t)
	plan, err := p.plan(t, form)
	if err == nil {
		plan.Close()
	}
	stranger, ok := errors.AsType[*StrangerError](err)
	if err != nil && !ok {
		t.Error(err)
	}
	p.requireTree(t, before)
	return stranger
}

// requireTree requires that no file has changed.
func (p *project) requireTree(t *testing.T, before map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, p.tree(t)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func (p *project) open(t *testing.T) *detect.Workspace {
	t.Helper()
	ws, err := detect.Open(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func (p *project) undo(t *testing.T) *Plan {
	t.Helper()
	plan, err := Undo(p.open(t), p.library)
	if err != nil {
		t.Fatal(err)
	}
	return p.commit(t, plan)
}

func (p *project) commit(t *testing.T, plan *Plan) *Plan {
	t.Helper()
	defer plan.Close()
	if err := plan.Commit(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestExport exports the patch for several copies at once. A second run changes nothing, and
// undo restores every file.
func TestExport(t *testing.T) {
	const lock = "__metadata:\n  version: 8\n\n"
	for name, tc := range map[string]struct {
		form     Form
		files    map[string]string
		packages map[string]string
		want     map[string]string // entries of package.json, by their path with spaces
		patches  []string
		others   map[string]string // other files
	}{
		"two releases": {
			form:     Bun,
			files:    map[string]string{"package.json": `{"workspaces": ["apps/*"]}`, "bun.lock": "", "apps/a/package.json": `{"name": "a"}`},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15", "apps/a/node_modules/next-auth": "next-auth 4.24.13"},
			want: map[string]string{
				"patchedDependencies next-auth@4.24.15": "patches/next-auth@4.24.15.patch",
				"patchedDependencies next-auth@4.24.13": "patches/next-auth@4.24.13.patch",
			},
			patches: []string{"patches/next-auth@4.24.13.patch", "patches/next-auth@4.24.15.patch"},
		},
		"next-auth 5": {
			form:     NPM,
			files:    map[string]string{"package.json": `{}`, "package-lock.json": ""},
			packages: map[string]string{"node_modules/next-auth": "next-auth 5.0.0-beta.32", "node_modules/@auth/core": "@auth/core 0.41.3"},
			want:     map[string]string{"patchedDependencies @auth/core@0.41.3": "patches/@auth__core@0.41.3.patch"},
			patches:  []string{"patches/@auth__core@0.41.3.patch"},
		},
		"an alias with npm, which goes by directories": {
			form:     NPM,
			files:    map[string]string{"package.json": `{"dependencies": {"auth4": "npm:next-auth@4", "next-auth": "4"}}`, "package-lock.json": ""},
			packages: map[string]string{"node_modules/auth4": "next-auth 4.24.15", "node_modules/next-auth": "next-auth 4.24.15"},
			want: map[string]string{
				"patchedDependencies auth4@4.24.15":     "patches/next-auth@4.24.15.patch",
				"patchedDependencies next-auth@4.24.15": "patches/next-auth@4.24.15.patch",
			},
			patches: []string{"patches/next-auth@4.24.15.patch"},
		},
		"an alias with yarn, and https-proxy-agent": {
			form: Yarn,
			files: map[string]string{
				"package.json": `{"dependencies": {"auth4": "npm:next-auth@^4.0.0", "next-auth": "^4.24.0"}}`,
				".yarnrc.yml":  "nodeLinker: node-modules\n",
				"yarn.lock":    lock + "\"auth4@npm:next-auth@^4.0.0, next-auth@npm:^4.24.0\":\n  version: 4.24.15\n  resolution: \"next-auth@npm:4.24.15\"\n",
			},
			packages: map[string]string{"node_modules/auth4": "next-auth 4.24.15", "node_modules/next-auth": "next-auth 4.24.15"},
			want: map[string]string{
				"resolutions auth4@npm:next-auth@^4.0.0": "patch:next-auth@npm%3A4.24.15#~/.yarn/patches/next-auth-npm-4.24.15.patch",
				"resolutions next-auth@npm:^4.24.0":      "patch:next-auth@npm%3A4.24.15#~/.yarn/patches/next-auth-npm-4.24.15.patch",
			},
			patches: []string{".yarn/patches/next-auth-npm-4.24.15.patch"},
			others:  map[string]string{".yarnrc.yml": "nodeLinker: node-modules\npackageExtensions:\n  auth4@*:\n    dependencies:\n      https-proxy-agent: \"7.x\"\n  next-auth@*:\n    dependencies:\n      https-proxy-agent: \"7.x\"\n"},
		},
		"yarn's catalogs, which the lock file does not name": {
			form: Yarn,
			files: map[string]string{
				"package.json": `{"dependencies": {"next-auth": "catalog:", "auth4": "catalog:old", "other": "catalog:none"}}`,
				".yarnrc.yml":  "catalog:\n  next-auth: ^4.24.0\ncatalogs:\n  old:\n    auth4: npm:next-auth@4\n    next-auth: 4.24.13\npackageExtensions:\n  next-auth@*: { dependencies: { https-proxy-agent: \"7\" } }\n  auth4@*: { dependencies: { https-proxy-agent: \"7\" } }\n",
				"yarn.lock":    lock + "\"auth4@npm:next-auth@4, next-auth@npm:^4.24.0\":\n  version: 4.24.15\n  resolution: \"next-auth@npm:4.24.15\"\n",
			},
			packages: map[string]string{"node_modules/auth4": "next-auth 4.24.15", "node_modules/next-auth": "next-auth 4.24.15"},
			want: map[string]string{
				"resolutions auth4@npm:next-auth@4": "patch:next-auth@npm%3A4.24.15#~/.yarn/patches/next-auth-npm-4.24.15.patch",
				"resolutions auth4@catalog:old":     "patch:next-auth@npm%3A4.24.15#~/.yarn/patches/next-auth-npm-4.24.15.patch",
				"resolutions next-auth@npm:^4.24.0": "patch:next-auth@npm%3A4.24.15#~/.yarn/patches/next-auth-npm-4.24.15.patch",
				"resolutions next-auth@catalog:":    "patch:next-auth@npm%3A4.24.15#~/.yarn/patches/next-auth-npm-4.24.15.patch",
			},
			patches: []string{".yarn/patches/next-auth-npm-4.24.15.patch"},
		},
		"nested packages with patch-package": {
			form:  PatchPackage,
			files: map[string]string{"package.json": `{}`, "package-lock.json": ""},
			packages: map[string]string{
				"node_modules/next-auth": "next-auth 4.24.15", "node_modules/kit/node_modules/next-auth": "next-auth 4.24.13",
				"node_modules/kit": "kit 1.0.0",
			},
			want:    map[string]string{"dependencies patch-package": "8", "scripts postinstall": "patch-package --error-on-fail"},
			patches: []string{"patches/kit++next-auth+4.24.13.patch", "patches/next-auth+4.24.15.patch"},
		},
		"pnpm of an unknown release with an old lock file": {
			form:     PNPM,
			files:    map[string]string{"package.json": `{}`, "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want: map[string]string{
				"pnpm patchedDependencies next-auth@4.24.15":                        "patches/next-auth@4.24.15.patch",
				"pnpm packageExtensions next-auth@4 dependencies https-proxy-agent": "7.x",
			},
			patches: []string{"patches/next-auth@4.24.15.patch"},
		},
		"an extension of another package, which stays": {
			form:     PNPM,
			files:    map[string]string{"package.json": `{"pnpm": {"packageExtensions": {"kit@1": {"dependencies": {"https-proxy-agent": "7.x"}}}}}`, "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want: map[string]string{
				"pnpm patchedDependencies next-auth@4.24.15":                        "patches/next-auth@4.24.15.patch",
				"pnpm packageExtensions next-auth@4 dependencies https-proxy-agent": "7.x",
			},
			patches: []string{"patches/next-auth@4.24.15.patch"},
		},
		"an extension that a person wrote, which stays": {
			form:     PNPM,
			files:    map[string]string{"package.json": `{"pnpm": {"packageExtensions": {"next-auth@^4.24.0": {"dependencies": {"https-proxy-agent": "7.x"}}}}}`, "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want:     map[string]string{"pnpm patchedDependencies next-auth@4.24.15": "patches/next-auth@4.24.15.patch"},
			patches:  []string{"patches/next-auth@4.24.15.patch"},
		},
		"patch-package that is a dependency, and no script runs it": {
			form:     PatchPackage,
			files:    map[string]string{"package.json": `{"devDependencies": {"patch-package": "^8.0.1"}, "scripts": {"postinstall": "a"}}`, "package-lock.json": ""},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want:     map[string]string{"scripts postinstall": "a && patch-package --patch-dir patches --error-on-fail"},
			patches:  []string{"patches/next-auth+4.24.15.patch"},
		},
		"patch-package that a person made a dependency with the range of export": {
			form:     PatchPackage,
			files:    map[string]string{"package.json": `{"dependencies": {"patch-package": "8"}}`, "package-lock.json": ""},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want:     map[string]string{"scripts postinstall": "patch-package --patch-dir patches --error-on-fail"},
			patches:  []string{"patches/next-auth+4.24.15.patch"},
		},
		"patch-package that a person set up": {
			form:     PatchPackage,
			files:    map[string]string{"package.json": `{"dependencies": {"patch-package": "^8.0.1"}, "scripts": {"postinstall": "patch-package --error-on-fail"}}`, "package-lock.json": ""},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want:     map[string]string{},
			patches:  []string{"patches/next-auth+4.24.15.patch"},
		},
		"pnpm 10, where a setting in package.json hides the same one elsewhere": {
			form: PNPM,
			files: map[string]string{
				"package.json":        `{"packageManager": "pnpm@10.20.0", "pnpm": {"packageExtensions": {"a": {}}}}`,
				"pnpm-workspace.yaml": "autoInstallPeers: false\n",
			},
			packages: map[string]string{"node_modules/next-auth": "next-auth 4.24.15"},
			want:     map[string]string{"pnpm packageExtensions next-auth@4 dependencies https-proxy-agent": "7.x"},
			patches:  []string{"patches/next-auth@4.24.15.patch"},
			others: map[string]string{
				"pnpm-workspace.yaml": "autoInstallPeers: false\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t, tc.files, tc.packages)
			before := p.tree(t)
			p.export(t, tc.form)
			after := p.tree(t)
			got := entries(t, after["package.json"])
			for key, value := range entries(t, before["package.json"]) {
				if got[key] == value {
					delete(got, key)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for name, want := range tc.others {
				if diff := cmp.Diff(want, after[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			var made []string
			for name := range after {
				if strings.HasSuffix(name, ".patch") {
					made = append(made, name)
				}
			}
			slices.Sort(made)
			if diff := cmp.Diff(tc.patches, made); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := p.export(t, tc.form); again.Changes() > 0 {
				t.Errorf("a second export changes\n%s", again.Diff())
			}
			p.undo(t)
			p.requireTree(t, before)
		})
	}
}

// Without a patch of export, undo takes nothing out.
func TestUndoWithoutExport(t *testing.T) {
	p := newProject(t, map[string]string{
		"package.json":        `{"packageManager": "pnpm@12.0.0"}`,
		"pnpm-workspace.yaml": "packageExtensions:\n  next-auth@4:\n    dependencies:\n      https-proxy-agent: 7.x\n",
	}, nil)
	before := p.tree(t)
	p.undo(t)
	p.requireTree(t, before)
}

// A commit that fails leaves no directory that it made, and each that was there.
func TestFailedCommit(t *testing.T) {
	for _, existing := range []string{"", ".yarn", ".yarn/patches"} {
		p := newProject(t, map[string]string{
			"package.json": `{"dependencies": {"next-auth": "^4.24.0"}}`, ".yarnrc.yml": "nodeLinker: node-modules\n",
			"yarn.lock": "__metadata:\n  version: 8\n\n\"next-auth@npm:^4.24.0\":\n  version: 4.24.15\n  resolution: \"next-auth@npm:4.24.15\"\n",
		}, map[string]string{"node_modules/next-auth": "next-auth 4.24.15"})
		if err := os.MkdirAll(filepath.Join(p.dir, filepath.FromSlash(existing)), 0o755); err != nil {
			t.Fatal(err)
		}
		plan, err := p.plan(t, Yarn)
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, "package.json", `{"dependencies": {}}`)
		before := p.tree(t)
		if err := plan.Commit(); err == nil {
			t.Error("a file that changed meanwhile was replaced")
		}
		plan.Close()
		p.requireTree(t, before)
		for _, dir := range []string{".yarn", ".yarn/patches"} {
			_, err := os.Stat(filepath.Join(p.dir, filepath.FromSlash(dir)))
			if want := strings.HasPrefix(existing, dir); want != (err == nil) {
				t.Errorf("of %q, %s is there: %v", existing, dir, err == nil)
			}
		}
	}
}

// A release in resolutions conflicts only with yarn's patches, which are entries there too.
func TestPinnedRelease(t *testing.T) {
	const lock = "__metadata:\n  version: 8\n\n\"next-auth@npm:4.24.13\":\n  version: 4.24.13\n  resolution: \"next-auth@npm:4.24.13\"\n"
	for name, tc := range map[string]struct {
		form       Form
		key, value string
		refused    bool
	}{
		"everywhere":                   {Yarn, "next-auth", "4.24.13", true},
		"for one range":                {Yarn, "next-auth@npm:^4.0.0", "4.24.13", true},
		"for one package":              {Yarn, "kit/next-auth", "4.24.13", true},
		"for one package, as npm:":     {Yarn, "@a/kit@workspace:kit/next-auth@npm:^4.0.0", "npm:4.24.13", true},
		"for one package, another one": {Yarn, "kit/next-auth", "4.24.11", false},
		"of another package":           {Yarn, "next-auth/jose", "4.24.13", false},
		"pnpm":                         {PNPM, "next-auth", "4.24.13", false},
		"bun":                          {Bun, "next-auth", "4.24.13", false},
		"patch-package":                {PatchPackage, "**/next-auth", "4.24.13", false},
	} {
		t.Run(name, func(t *testing.T) {
			manifest := fmt.Sprintf(`{"name": "kit", "resolutions": {%q: %q}}`, tc.key, tc.value)
			files := map[string]string{"package.json": manifest, "yarn.lock": lock}
			p := newProject(t, files, map[string]string{"node_modules/next-auth": "next-auth 4.24.13"})
			if wrong := p.refused(t, tc.form); wrong != nil != tc.refused || wrong != nil && wrong.Entry != tc.key {
				t.Errorf("got %v", wrong)
			}
		})
	}
}

// TestHostileSettings refuses settings that would take long to read.
func TestHostileSettings(t *testing.T) {
	many := func(entry string) string { return strings.Repeat(entry, 40_000) }
	for name, files := range map[string]map[string]string{
		"many entries":  {"package.json": `{"resolutions": {` + many(`"a": "b", `) + numbered(2000) + `}}`},
		"large YAML":    {"package.json": `{}`, "pnpm-workspace.yaml": many("xxxxxxx: 1\n")},
		"large, nested": {"package.json": `{}`, ".yarnrc.yml": many("{a: ") + "1" + many("}  ")},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t, files, map[string]string{"node_modules/next-auth": "next-auth 4.24.15"})
			before := p.tree(t)
			_, err := Undo(p.open(t), p.library)
			if wrong, ok := errors.AsType[*edit.FileError](err); !ok || !strings.Contains(wrong.Error(), "the limit is") {
				t.Errorf("got %v", err)
			}
			p.requireTree(t, before)
		})
	}
}

// numbered returns members of an object with different names.
func numbered(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"a%d": "b"`, i))
	}
	return strings.Join(all, ", ")
}

// entries returns the strings in a package.json by the names that lead to them.
func entries(t *testing.T, manifest string) map[string]string {
	t.Helper()
	var settings map[string]any
	if err := json.Unmarshal([]byte(manifest), &settings); err != nil {
		t.Fatal(err)
	}
	return flatten("", settings)
}

func flatten(at string, value any) map[string]string {
	all := map[string]string{}
	switch v := value.(type) {
	case string:
		all[at] = v
	case map[string]any:
		for name, inner := range v {
			for path, text := range flatten(strings.TrimSpace(at+" "+name), inner) {
				all[path] = text
			}
		}
	}
	return all
}

// What another run wrote after this one found the workspace counts.
func TestSecondRun(t *testing.T) {
	p := newProject(t, map[string]string{"package.json": `{}`, "package-lock.json": ""}, map[string]string{"node_modules/next-auth": "next-auth 4.24.15"})
	ws := p.open(t)
	found, err := ws.Find(true)
	if err != nil {
		t.Fatal(err)
	}
	p.export(t, PatchPackage)
	before := p.tree(t)
	plan, err := New(ws, p.library, Options{Form: PatchPackage, Copies: found.Copies, Installed: found.Copies})
	if err != nil {
		t.Fatal(err)
	}
	if n := plan.Changes(); n > 0 {
		t.Errorf("it would change %d files:\n%s", n, plan.Diff())
	}
	p.commit(t, plan)
	p.requireTree(t, before)
}

// A patch with a number is somebody else's, too.
func TestNumberedStranger(t *testing.T) {
	p := newProject(t, map[string]string{
		"package.json": `{}`, "package-lock.json": "", "patches/next-auth+4.24.15+001+own.patch": "x\n",
	}, map[string]string{"node_modules/next-auth": "next-auth 4.24.15"})
	if p.refused(t, PatchPackage) == nil {
		t.Error("it was not refused")
	}
}
