package detect

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
)

const (
	beta30   = `{"name": "next-auth", "version": "5.0.0-beta.30", "dependencies": {"@auth/core": "0.41.0"}}`
	beta32   = `{"name": "next-auth", "version": "5.0.0-beta.32", "dependencies": {"@auth/core": "0.41.3"}}`
	core0    = `{"name": "@auth/core", "version": "0.41.0"}`
	core3    = `{"name": "@auth/core", "version": "0.41.3"}`
	pnpmCore = "node_modules/.pnpm/@auth+core@0.41.3/node_modules/@auth/core"
	pnpmAuth = "node_modules/.pnpm/next-auth@5.0.0-beta.32_next@15/node_modules/"
)

// holderOf describes a copy: path, title, and the packages that load it.
func holderOf(c Install) string {
	text := filepath.ToSlash(c.Path) + ": " + c.Title()
	for _, r := range c.Reached {
		text += ", " + r.From + " by " + filepath.ToSlash(r.Path)
	}
	return text
}

func holders(installs []Install) []string {
	var texts []string
	for _, c := range installs {
		texts = append(texts, holderOf(c))
	}
	return texts
}

// newRootLink makes a link whose target is relative to dir.
func newRootLink(t *testing.T, dir, link string) {
	t.Helper()
	at, target, _ := strings.Cut(link, " -> ")
	target, err := filepath.Rel(filepath.Dir(at), target)
	if err != nil {
		t.Fatal(err)
	}
	newLink(t, dir, at+" -> "+filepath.ToSlash(target))
}

// TestHolder finds the package with the files as Node.js does, from the real directory of
// next-auth.
func TestHolder(t *testing.T) {
	for name, test := range map[string]struct {
		files  map[string]string
		links  []string
		from   string
		want   []string
		strays []string
	}{
		"beside it": {
			files: map[string]string{"node_modules/next-auth/package.json": beta32, "node_modules/@auth/core/package.json": core3},
			want:  []string{"node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3), app by node_modules/next-auth"},
		},
		"inside of it": {
			files: map[string]string{
				"node_modules/next-auth/package.json": beta32, "node_modules/next-auth/node_modules/@auth/core/package.json": core3,
				"node_modules/@auth/core/package.json": core0,
			},
			want: []string{"node_modules/next-auth/node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3), app by node_modules/next-auth"},
		},
		"nowhere": {
			files: map[string]string{"node_modules/next-auth/package.json": beta32, "node_modules/kit/node_modules/@auth/core/package.json": core3},
			want:  []string{"node_modules/next-auth: next-auth 5.0.0-beta.32, app by node_modules/next-auth"},
		},
		"pnpm": {
			files: map[string]string{pnpmAuth + "next-auth/package.json": beta32, pnpmCore + "/package.json": core3},
			links: []string{"node_modules/next-auth -> " + pnpmAuth + "next-auth", pnpmAuth + "@auth/core -> " + pnpmCore},
			want:  []string{pnpmCore + ": next-auth 5.0.0-beta.32 (@auth/core 0.41.3), app by node_modules/next-auth"},
		},
		"two that share one": {
			files: map[string]string{
				"a/package.json": `{"name": "a", "dependencies": {"next-auth": "beta"}}`, "a/node_modules/next-auth/package.json": beta32,
				"node_modules/next-auth/package.json": beta30, "node_modules/@auth/core/package.json": core3,
			},
			want: []string{"node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3), app by node_modules/next-auth, a by a/node_modules/next-auth"},
		},
		"two, from one of them": {
			files: map[string]string{
				"a/package.json": `{"name": "a", "dependencies": {"next-auth": "beta"}}`, "a/node_modules/next-auth/package.json": beta32,
				"a/node_modules/@auth/core/package.json": core3,
				"node_modules/next-auth/package.json":    beta30, "node_modules/@auth/core/package.json": core0,
			},
			from: "a",
			want: []string{"node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3), a by node_modules/next-auth"},
		},
		"beside a next-auth 4": {
			files: map[string]string{
				"a/package.json": `{"name": "a", "dependencies": {"next-auth": "4"}}`, "a/node_modules/next-auth/package.json": release24,
				"node_modules/next-auth/package.json": beta32, "node_modules/@auth/core/package.json": core3,
			},
			want: []string{
				"a/node_modules/next-auth: next-auth 4.24.5, a by a/node_modules/next-auth",
				"node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3), app by node_modules/next-auth",
			},
		},
		"an older beta": {
			files: map[string]string{"node_modules/next-auth/package.json": `{"name": "next-auth", "version": "5.0.0-beta.4"}`, "node_modules/@auth/core/package.json": core3},
			want:  []string{"node_modules/next-auth: next-auth 5.0.0-beta.4, app by node_modules/next-auth"},
		},
		"by another name": {
			files: map[string]string{
				"node_modules/kit/node_modules/auth5/package.json": beta32, "node_modules/kit/node_modules/auth5/lib/actions.js": "",
				"node_modules/@auth/core/package.json": core3,
			},
			want: []string{"node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3)"},
		},
		"named by the app": {
			files: map[string]string{
				"package.json":                        `{"name": "app", "workspaces": ["*"], "dependencies": {"next-auth": "beta", "@auth/core": "0.41.0", "": "x"}}`,
				"a/package.json":                      `{"name": "a", "dependencies": {"@auth/core": "0.41.0"}}`,
				"node_modules/next-auth/package.json": beta32, "node_modules/next-auth/node_modules/@auth/core/package.json": core3,
				"node_modules/@auth/core/package.json": core0,
			},
			want:   []string{"node_modules/next-auth/node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.3), app by node_modules/next-auth"},
			strays: []string{"node_modules/@auth/core: next-auth 5.0.0-beta.32 (@auth/core 0.41.0), app by node_modules/@auth/core, a by node_modules/@auth/core"},
		},
		"named, but with next-auth 4": {
			files: map[string]string{
				"package.json":                        `{"name": "app", "dependencies": {"next-auth": "4", "@auth/core": "0.41.0", "": "x"}}`,
				"node_modules/next-auth/package.json": release24, "node_modules/@auth/core/package.json": core0,
			},
			want: []string{"node_modules/next-auth: next-auth 4.24.5, app by node_modules/next-auth"},
		},
		"a next-auth in its place": {
			files: map[string]string{"node_modules/next-auth/package.json": release24, "a/package.json": `{"name": "a", "dependencies": {"next-auth": "beta"}}`, "a/node_modules/next-auth/package.json": beta32},
			links: []string{"a/node_modules/@auth/core -> node_modules/next-auth"},
			want: []string{
				"a/node_modules/next-auth: next-auth 5.0.0-beta.32, a by a/node_modules/next-auth",
				"node_modules/next-auth: next-auth 4.24.5, app by node_modules/next-auth",
			},
		},
		"a next-auth in its place, found first": {
			files: map[string]string{"node_modules/next-auth/package.json": beta32, "a/package.json": `{"name": "a", "dependencies": {"next-auth": "4"}}`, "a/node_modules/next-auth/package.json": release24},
			links: []string{"node_modules/@auth/core -> a/node_modules/next-auth"},
			want:  []string{"a/node_modules/next-auth: next-auth 5.0.0-beta.32 (@auth/core 4.24.5), app by node_modules/next-auth, a by a/node_modules/next-auth"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"package.json": `{"name": "app", "workspaces": ["*"], "dependencies": {"next-auth": "beta"}}`}
			for name, content := range test.files {
				files[name] = content
			}
			dir := newTree(t, files)
			for _, link := range test.links {
				newRootLink(t, dir, link)
			}
			t.Chdir(filepath.Join(dir, filepath.FromSlash(test.from)))
			project, err := find(".", false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, holders(project.Copies)); diff != "" {
				t.Errorf("copies (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.strays, holders(project.Strays)); diff != "" {
				t.Errorf("strays (-want +got):\n%s", diff)
			}
		})
	}
}

// What can't be patched says why.
func TestReleaseLine(t *testing.T) {
	five := Holder{"@auth/core", "0.41.3"}
	for name, test := range map[string]struct {
		install Install
		want    string // of the line, or the reason
	}{
		"4":                   {Install{Name: "next-auth", Release: "4.2.1"}, "next-auth 4"},
		"5":                   {Install{Name: "@auth/core", Release: "5.0.0-beta.32", Holder: five}, "next-auth 5"},
		"another package":     {Install{Name: "x", Release: "4.2.1"}, `its package.json has the name "x"`},
		"another holder":      {Install{Name: "next-auth", Release: "5.0.0-beta.32", Holder: five}, `its package.json has the name "next-auth"`},
		"no holder":           {Install{Name: "next-auth", Release: "5.0.0-beta.32"}, "it loads @auth/core, which is not installed"},
		"no version":          {Install{Name: "next-auth"}, "its package.json has no valid version"},
		"a holder without it": {Install{Name: "@auth/core", Release: "5.0.0-beta.32", Holder: Holder{"@auth/core", "x"}}, "the package.json of @auth/core has no valid version"},
	} {
		l, err := test.install.ReleaseLine()
		unsupported := (*line.UnsupportedError)(nil)
		got := ""
		switch {
		case errors.As(err, &unsupported):
			if got = unsupported.Reason; unsupported.Hint.Text == "" {
				t.Errorf("%s: no hint", name)
			}
		case err == nil:
			got = l.Name
		}
		if got != test.want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, test.want)
		}
	}
}

// A range without a prerelease takes one by the release that it leads to.
func TestSelectPrereleases(t *testing.T) {
	dir := newTree(t, map[string]string{
		"package.json":                             `{"workspaces": ["a"], "dependencies": {"next-auth": "4"}}`,
		"node_modules/next-auth/package.json":      release24,
		"a/package.json":                           `{"dependencies": {"next-auth": "beta"}}`,
		"a/node_modules/next-auth/package.json":    beta32,
		"a/node_modules/next-auth/@auth/core/x":    "",
		"a/node_modules/@auth/core/package.json":   core3,
		"a/node_modules/@auth/core/lib/.gitignore": "",
	})
	project, err := find(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		"4.x": "4.24.5", "5.x": "5.0.0-beta.32", "<5": "4.24.5", ">=5": "5.0.0-beta.32", ">4": "5.0.0-beta.32", "*": "5.0.0-beta.32 4.24.5",
		"4.0 - 4.99": "4.24.5", "5.0.0": "", "5.0.0-beta.32": "5.0.0-beta.32", "5.0.0-beta.31": "",
		">=5.0.0-beta.30 <5.0.0": "5.0.0-beta.32", ">5.0.0-beta.32": "", "0.41.3": "",
	} {
		selected, _ := project.Select([]string{word})
		var releases []string
		for _, c := range selected {
			releases = append(releases, c.Release)
		}
		slices.Sort(releases)
		wanted := strings.Fields(want)
		slices.Sort(wanted)
		if !slices.Equal(releases, wanted) {
			t.Errorf("%s: got %v, want %v", word, releases, wanted)
		}
	}
}

// A leftover is one only if no next-auth that loads it is in use.
func TestLeftoverHolder(t *testing.T) {
	const old = "node_modules/.pnpm/next-auth@5.0.0-beta.30/node_modules/"
	const oldCore = "node_modules/.pnpm/@auth+core@0.41.0/node_modules/@auth/core"
	dir := newTree(t, map[string]string{
		"package.json": `{"dependencies": {"next-auth": "beta"}}`, "pnpm-lock.yaml": "",
		pnpmAuth + "next-auth/package.json": beta32, pnpmCore + "/package.json": core3,
		old + "next-auth/package.json": beta30, oldCore + "/package.json": core0,
	})
	for _, link := range []string{"node_modules/next-auth -> " + pnpmAuth + "next-auth", pnpmAuth + "@auth/core -> " + pnpmCore, old + "@auth/core -> " + oldCore} {
		newRootLink(t, dir, link)
	}
	project, err := find(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, c := range project.Copies {
		if got[c.Release], err = project.Leftover(&c); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]bool{"5.0.0-beta.32": false, "5.0.0-beta.30": true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSharedHolder recognises stores that other projects use.
func TestSharedHolder(t *testing.T) {
	for dir, want := range map[string]bool{
		"/s/links/@auth/core/0.41.3/01ab/node_modules/@auth/core":  true,
		"/s/links/@/next-auth/4.24.5/01ab/node_modules/next-auth":  true,
		"/s/links/next-auth/4.24.5/01ab/node_modules/next-auth":    true,
		"/s/links/next-auth/node_modules/next-auth":                false,
		"/home/links/x/y/z/node_modules/next-auth":                 false,
		"/s/links/@auth/core/0.41.3/01ab/node_modules/@auth/core2": false,
	} {
		name := line.NextAuth
		if strings.Contains(dir, "@auth") {
			name = "@auth/core"
		}
		if got := inGlobalStore(filepath.FromSlash(dir), name); got != want {
			t.Errorf("%s: got %v", dir, got)
		}
	}
}
