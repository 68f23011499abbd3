package detect

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// newTree writes files, given by their slash-separated names, below a new directory and
// returns its real path. The directory is a home directory, so that nothing above it is
// searched.
func newTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	writeTree(t, dir, files, nil)
	return dir
}

// find returns the copies that are installed for a directory.
func find(given string, all bool) (*Project, error) {
	w, err := Open(given)
	if err != nil {
		return nil, err
	}
	return w.Find(all)
}

// writeTree writes files, and the links that "path -> target" describe.
func writeTree(t *testing.T, dir string, files map[string]string, links []string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range links {
		newLink(t, dir, link)
	}
}

const (
	nextAuth = `{"name": "next-auth", "version": "4.2.1"}`
	agent7   = `{"name": "https-proxy-agent", "version": "7.0.6"}`
)

func TestFind(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		from  string
		want  string // directory of the copy; empty if there is none
	}{
		"in the directory": {
			map[string]string{"node_modules/next-auth/package.json": nextAuth},
			".", "node_modules/next-auth",
		},
		"above": {
			map[string]string{"node_modules/next-auth/package.json": nextAuth, "apps/web/package.json": "{}"},
			"apps/web", "node_modules/next-auth",
		},
		"the nearest one": {
			map[string]string{"node_modules/next-auth/package.json": nextAuth, "apps/web/node_modules/next-auth/package.json": nextAuth},
			"apps/web", "apps/web/node_modules/next-auth",
		},
		"not above the top of a repository": {
			map[string]string{"node_modules/next-auth/package.json": nextAuth, "repo/.git/HEAD": "", "repo/src/x": ""},
			"repo/src", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files)
			project, err := find(filepath.Join(dir, filepath.FromSlash(test.from)), false)
			if test.want == "" {
				if !errors.Is(err, ErrNotFound) {
					t.Errorf("got %+v, %v; want ErrNotFound", project, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := []Install{{Dir: filepath.Join(dir, filepath.FromSlash(test.want)), Name: "next-auth", Release: "4.2.1"}}
			if diff := cmp.Diff(want, project.Copies, cmpopts.IgnoreFields(Install{}, "Path", "Agent", "Reached"), cmpopts.IgnoreUnexported(Install{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindNotAboveHome(t *testing.T) {
	dir := newTree(t, map[string]string{"node_modules/next-auth/package.json": nextAuth, "home/app/x": ""})
	t.Setenv("HOME", filepath.Join(dir, "home"))
	t.Setenv("USERPROFILE", filepath.Join(dir, "home"))
	if project, err := find(filepath.Join(dir, "home", "app"), false); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %+v, %v", project, err)
	}
}

func TestFindFollowsLinks(t *testing.T) {
	dir := newTree(t, map[string]string{"store/next-auth/package.json": nextAuth, "app/node_modules/x": "", "store/node_modules/https-proxy-agent/package.json": agent7})
	if err := os.Symlink(filepath.Join("..", "..", "store", "next-auth"), filepath.Join(dir, "app", "node_modules", "next-auth")); err != nil {
		t.Skip(err)
	}
	project, err := find(filepath.Join(dir, "app"), false)
	if err != nil {
		t.Fatal(err)
	}
	want := []Install{{
		Path: filepath.Join(dir, "app", "node_modules", "next-auth"), Dir: filepath.Join(dir, "store", "next-auth"),
		Name: "next-auth", Release: "4.2.1",
		Agent:  Agent{Dir: filepath.Join(dir, "store", "node_modules", "https-proxy-agent"), Version: "7.0.6"},
		Shared: &SharedError{"its directory is outside the project, in " + filepath.Join(dir, "store", "next-auth"), hint.Text("install next-auth in the project itself instead of linking to it"), false},
	}}
	if diff := cmp.Diff(want, project.Copies, cmpopts.IgnoreUnexported(Install{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAgentVersions(t *testing.T) {
	for version, usable := range map[string]bool{
		"4.0.0": false, "5.0.0-beta.1": false, "5.0.0": true, "5.0.1": true, "6.2.1": true, "7.0.6": true, "8.0.0": true,
		"9.1.0": true, "10.0.0-beta.1": false, "10.0.0": false, "": false, "seven": false,
	} {
		dir := newTree(t, map[string]string{"node_modules/https-proxy-agent/package.json": `{"version": "` + version + `"}`})
		if agent, err := resolveAgent(dir, "next-auth"); err != nil || agent.Usable() != usable {
			t.Errorf("%q: got %+v", version, agent)
		}
	}
}

// A broken link counts as absent, as for Node.js; the search continues above it.
func TestAgentBehindABrokenLink(t *testing.T) {
	dir := newTree(t, map[string]string{"node_modules/https-proxy-agent/package.json": agent7, "app/node_modules/x": ""})
	if err := os.Symlink("nowhere", filepath.Join(dir, "app", "node_modules", "https-proxy-agent")); err != nil {
		t.Skip(err)
	}
	if agent, err := resolveAgent(filepath.Join(dir, "app"), "next-auth"); err != nil || agent.Version != "7.0.6" {
		t.Errorf("got %+v", agent)
	}
}

func TestFindManager(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  Manager
	}{
		"nothing":          {map[string]string{"app/x": ""}, Unknown},
		"of a repository":  {map[string]string{"app/package.json": "{}", "app/node_modules/next-auth/package.json": nextAuth}, Unknown},
		"deno":             {map[string]string{"app/deno.lock": ""}, Deno},
		"deno, no lock":    {map[string]string{"app/deno.json": "{}"}, Deno},
		"deno, comments":   {map[string]string{"app/deno.jsonc": "{}"}, Deno},
		"deno, installed":  {map[string]string{"app/node_modules/.deno/x": ""}, Deno},
		"deno for scripts": {map[string]string{"app/package-lock.json": "", "app/deno.lock": "", "app/deno.json": "{}"}, NPM},
		"deno for tools":   {map[string]string{"app/node_modules/.package-lock.json": "", "app/deno.json": "{}"}, NPM},
		"vlt":              {map[string]string{"app/vlt-lock.json": "", "app/package-lock.json": ""}, Unknown},
		"rush":             {map[string]string{"app/package.json": "{}", "rush.json": "", "package-lock.json": ""}, Unknown},
		"npm":              {map[string]string{"app/package-lock.json": ""}, NPM},
		"yarn 1":           {map[string]string{"app/yarn.lock": ""}, YarnV1},
		"yarn":             {map[string]string{"app/yarn.lock": "", "app/.yarnrc.yml": ""}, YarnBerry},
		"pnpm":             {map[string]string{"app/pnpm-lock.yaml": ""}, PNPM},
		"bun":              {map[string]string{"app/bun.lock": ""}, Bun},
		"bun, binary":      {map[string]string{"app/bun.lockb": ""}, Bun},
		"of the workspace": {map[string]string{"app/package.json": "{}", "pnpm-lock.yaml": ""}, PNPM},
		"named":            {map[string]string{"app/package.json": `{"packageManager": "yarn@4.1.0"}`, "app/package-lock.json": ""}, YarnBerry},
		"named, yarn 1":    {map[string]string{"app/package.json": `{"packageManager": "yarn@1.22.0"}`}, YarnV1},
		"named, deno":      {map[string]string{"app/package.json": `{"packageManager": "deno@2.9.6"}`, "app/package-lock.json": ""}, Deno},
		"named, vlt":       {map[string]string{"app/package.json": `{"packageManager": "vlt@1.0.0"}`, "app/package-lock.json": ""}, Unknown},
		"wanted":           {map[string]string{"app/package.json": `{"devEngines": {"packageManager": {"name": "deno", "version": "^2.0.0"}}}`}, Deno},
		"wanted, yarn 1":   {map[string]string{"app/package.json": `{"devEngines": {"packageManager": {"name": "yarn", "version": "^1.22.0"}}}`}, YarnV1},
		"wanted, yarn":     {map[string]string{"app/package.json": `{"devEngines": {"packageManager": {"name": "yarn"}}}`}, YarnBerry},
		"wanted, two":      {map[string]string{"app/package.json": `{"devEngines": {"packageManager": [{"name": "cargo"}, {"name": "bun"}]}}`}, Bun},
		"wanted, no name":  {map[string]string{"app/package.json": `{"devEngines": {"packageManager": "bun"}}`, "app/yarn.lock": ""}, YarnV1},
		"wanted and named": {map[string]string{"app/package.json": `{"packageManager": "pnpm@9.1.0", "devEngines": {"packageManager": {"name": "bun"}}}`}, PNPM},
		"named, unknown":   {map[string]string{"app/package.json": `{"packageManager": "cargo@1"}`, "app/bun.lock": ""}, Bun},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files)
			w, err := Open(filepath.Join(dir, "app"))
			if err != nil {
				t.Fatal(err)
			}
			if w.Manager != test.want {
				t.Errorf("got %q, want %q", w.Manager, test.want)
			}
		})
	}
}

// A copy that Node.js would load is never reported as absent.
func TestDirectoryWithoutManifest(t *testing.T) {
	dir := newTree(t, map[string]string{"node_modules/next-auth/index.js": ""})
	project, err := find(dir, false)
	manifest := (*ManifestError)(nil)
	if !errors.As(err, &manifest) || manifest.Path != filepath.Join(dir, "node_modules", "next-auth", "package.json") || errors.Is(err, ErrNotFound) {
		t.Errorf("got %+v, %v", project, err)
	}
}
