package hooks

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// layouts are files as people and programs write them, and the same files with the hooks
// for npm.
var layouts = map[string]struct{ before, after string }{
	"as npm writes it": {
		"{\n  \"name\": \"app\",\n  \"scripts\": {\n    \"dev\": \"next dev\",\n    \"build\": \"next build\"\n  },\n  \"version\": \"1.0.0\"\n}\n",
		"{\n  \"name\": \"app\",\n  \"scripts\": {\n    \"dev\": \"next dev\",\n    \"build\": \"proxypatch check && next build\",\n    \"postinstall\": \"proxypatch apply\",\n    \"dependencies\": \"proxypatch apply\"\n  },\n  \"version\": \"1.0.0\"\n}\n",
	},
	"tabs, CRLF, no line break at the end": {
		"{\r\n\t\"scripts\": {\r\n\t\t\"build\": \"next build\"\r\n\t}\r\n}",
		"{\r\n\t\"scripts\": {\r\n\t\t\"build\": \"proxypatch check && next build\",\r\n\t\t\"postinstall\": \"proxypatch apply\",\r\n\t\t\"dependencies\": \"proxypatch apply\"\r\n\t}\r\n}",
	},
	"no scripts": {
		"{\n    \"name\": \"app\",\n\n    \"private\": true\n}\n",
		"{\n    \"name\": \"app\",\n\n    \"private\": true,\n\n    \"scripts\": {\n        \"postinstall\": \"proxypatch apply\",\n        \"dependencies\": \"proxypatch apply\"\n    }\n}\n",
	},
	"no scripts, CRLF": {
		"{\r\n\t\"private\":true\r\n}\r\n",
		"{\r\n\t\"private\":true,\r\n\t\"scripts\":{\r\n\t\t\"postinstall\":\"proxypatch apply\",\r\n\t\t\"dependencies\":\"proxypatch apply\"\r\n\t}\r\n}\r\n",
	},
	"no scripts, one line": {
		`{"name":"app"}`,
		`{"name":"app","scripts":{ "postinstall":"proxypatch apply", "dependencies":"proxypatch apply" }}`,
	},
	"empty scripts": {
		"{\n  \"scripts\": {}\n}\n",
		"{\n  \"scripts\": {\"postinstall\": \"proxypatch apply\", \"dependencies\": \"proxypatch apply\"}\n}\n",
	},
	"empty scripts, one line": {
		`{"name": "app", "scripts": {}}`,
		`{"name": "app", "scripts": {"postinstall": "proxypatch apply", "dependencies": "proxypatch apply"}}`,
	},
	"empty scripts with space": {
		"{ \"scripts\": {\n  } }",
		"{ \"scripts\": {\"postinstall\": \"proxypatch apply\", \"dependencies\": \"proxypatch apply\"\n  } }",
	},
	"one line": {
		`{"scripts": {"build": "next build"}, "name": "app"}`,
		`{"scripts": {"build": "proxypatch check && next build", "postinstall": "proxypatch apply", "dependencies": "proxypatch apply"}, "name": "app"}`,
	},
	"one line with spaces": {
		`{ "scripts": { "build": "next build" } }`,
		`{ "scripts": { "build": "proxypatch check && next build", "postinstall": "proxypatch apply", "dependencies": "proxypatch apply" } }`,
	},
	"no space at all": {
		`{"scripts":{"build":"next build"}}`,
		`{"scripts":{"build":"proxypatch check && next build","postinstall":"proxypatch apply","dependencies":"proxypatch apply"}}`,
	},
	"lines begin with commas": {
		"{ \"scripts\":\n  { \"dev\": \"next dev\"\n  , \"build\": \"next build\"\n  }\n}\n",
		"{ \"scripts\":\n  { \"dev\": \"next dev\"\n  , \"build\": \"proxypatch check && next build\"\n  , \"postinstall\": \"proxypatch apply\"\n  , \"dependencies\": \"proxypatch apply\"\n  }\n}\n",
	},
	"an empty package.json": {
		"{\n}\n",
		"{\"scripts\": { \"postinstall\": \"proxypatch apply\", \"dependencies\": \"proxypatch apply\" }\n}\n",
	},
	"escapes": {
		`{"d": "\u00e9\/", "scripts": {"b\u0075ild": "X=\"1\" n\u0065xt build", "postinst\u0061ll": "echo \u0041"}}`,
		`{"d": "\u00e9\/", "scripts": {"b\u0075ild": "proxypatch check && X=\"1\" n\u0065xt build", "postinst\u0061ll": "echo \u0041 && proxypatch apply", "dependencies": "proxypatch apply"}}`,
	},
	"byte order mark": {
		"\xef\xbb\xbf{\"scripts\": {\"build\": \"next build\"}}\n",
		"\xef\xbb\xbf{\"scripts\": {\"build\": \"proxypatch check && next build\", \"postinstall\": \"proxypatch apply\", \"dependencies\": \"proxypatch apply\"}}\n",
	},
	"scripts that are there": {
		`{"scripts": {"postinstall": "prisma generate || true", "dependencies": "", "build": "(a; b) && next build"}}`,
		`{"scripts": {"postinstall": "(prisma generate || true) && proxypatch apply", "dependencies": " proxypatch apply", "build": "proxypatch check && ( (a; b) && next build)"}}`,
	},
	"a postinstall that builds": {
		`{"scripts": {"postinstall": "npm run build", "dependencies": "x", "build": "next build"}}`,
		`{"scripts": {"postinstall": "proxypatch apply && npm run build", "dependencies": "x && proxypatch apply", "build": "proxypatch check && next build"}}`,
	},
	"patch-package, which runs after dependencies": {
		`{"scripts": {"postinstall": "npm run patches", "patches": "npx patch-package --error-on-fail", "build": "next build"}}`,
		`{"scripts": {"postinstall": "npm run patches && proxypatch apply", "patches": "npx patch-package --error-on-fail", "build": "proxypatch check && next build"}}`,
	},
	"patch-package in dependencies as well": {
		`{"scripts": {"postinstall": "patch-package", "dependencies": "patch-package"}}`,
		`{"scripts": {"postinstall": "patch-package && proxypatch apply", "dependencies": "patch-package && proxypatch apply"}}`,
	},
	"the same name twice": {
		`{"scripts": {"build": "next build"}, "scripts": {"build": "tsc", "build": "next build", "postinstall": "x", "postinstall": "y"}}`,
		`{"scripts": {"build": "next build"}, "scripts": {"build": "tsc", "build": "proxypatch check && next build", "postinstall": "x", "postinstall": "y && proxypatch apply", "dependencies": "proxypatch apply"}}`,
	},
}

func TestLayouts(t *testing.T) {
	for name, tc := range layouts {
		t.Run(name, func(t *testing.T) {
			dir := project(t, map[string]string{"package.json": tc.before})
			for range 2 {
				commit(t, dir, install)
				if diff := cmp.Diff(tc.after, content(t, dir, "package.json")); diff != "" {
					t.Fatalf("after init (-want +got):\n%s", diff)
				}
			}
			for range 2 {
				commit(t, dir, Uninstall)
				if diff := cmp.Diff(tc.before, content(t, dir, "package.json")); diff != "" {
					t.Fatalf("after init --undo (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Later changes by people stay, and what init added is removed.
func TestUndoAfterEdits(t *testing.T) {
	for name, tc := range map[string]struct{ before, after string }{
		"scripts added": {
			"{\n  \"scripts\": {\n    \"postinstall\": \"proxypatch apply\",\n    \"dependencies\": \"proxypatch apply\",\n    \"x\": \"y\"\n  }\n}\n",
			"{\n  \"scripts\": {\n    \"x\": \"y\"\n  }\n}\n",
		},
		"commands added": {
			`{"scripts": {"postinstall": "x && proxypatch apply && y", "dependencies": "proxypatch apply && y", "build": "lint && proxypatch check && (a || next build) && z"}}`,
			`{"scripts": {"postinstall": "x && y", "dependencies": "y", "build": "lint && (a || next build) && z"}}`,
		},
		"one of the hooks taken out": {
			`{"scripts": {"postinstall": "proxypatch apply", "build": "next build"}}`,
			`{"scripts": {"build": "next build"}}`,
		},
		"written by JSON.stringify": {
			"{\n  \"scripts\": {\n    \"postinstall\": \"proxypatch apply\"\n  }\n}\n",
			"{\n}\n",
		},
		"ampersands escaped": {
			`{"scripts": {"build": "proxypatch check \u0026\u0026 next build"}}`,
			`{"scripts": {"build": "next build"}}`,
		},
		"flags added, so no longer init's": {
			`{"scripts": {"postinstall": "proxypatch apply --if-present", "build": "proxypatch check -q && next build", "prebuild": "proxypatch check"}}`,
			`{"scripts": {"postinstall": "proxypatch apply --if-present", "build": "proxypatch check -q && next build", "prebuild": "proxypatch check"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := project(t, map[string]string{"package.json": tc.before})
			commit(t, dir, Uninstall)
			if diff := cmp.Diff(tc.after, content(t, dir, "package.json")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// For any file and scripts, undo restores the bytes from before init, and a second init
// changes nothing.
func FuzzUndo(f *testing.F) {
	for _, tc := range layouts {
		f.Add([]byte(tc.before), "a || next build")
	}
	for _, script := range scripts() {
		f.Add([]byte(`{"scripts":{"postinstall":"","build":""}}`), script)
	}
	f.Fuzz(func(t *testing.T, data []byte, script string) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		for _, name := range []string{"postinstall", "build"} { // the script in the file's own place and way
			if _, exists := m.script(name); exists {
				m.setScript(name, script)
			}
		}
		before := m.pack()
		for _, name := range m.scriptNames() {
			if text, _ := m.script(name); strings.Contains(text, tool) {
				return
			}
		}
		install := func(p *Plan) {
			if err := p.install(); err != nil {
				t.Error(err)
			}
		}
		after := planned(t, before, install)
		if again := planned(t, after, install); string(again) != string(after) {
			t.Errorf("init of\n%q\nmakes\n%q\nand the second time\n%q", before, after, again)
		}
		if undone := planned(t, after, (*Plan).uninstall); string(undone) != string(before) {
			t.Errorf("init of\n%q\nmakes\n%q\nand undo\n%q", before, after, undone)
		}
	})
}

// planned returns the package.json that a plan makes for a project with npm.
func planned(t *testing.T, data []byte, plan func(*Plan)) []byte {
	t.Helper()
	m, err := parseManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	ws := &detect.Workspace{Packages: []detect.Package{{}}, Manager: detect.NPM}
	p := &Plan{ws: ws, Files: []*File{{pkg: ws.Root(), manifest: m}}}
	plan(p)
	return m.pack()
}

// A failure in the middle leaves every file unchanged, and nothing beside it.
func TestCommitFails(t *testing.T) {
	for name, tc := range map[string]struct {
		prevent func(t *testing.T, dir string)
		want    string
	}{
		"changed meanwhile": {
			func(t *testing.T, dir string) {
				write(t, dir, "b/package.json", `{"scripts": {"build": "next  build"}}`)
			},
			"b/package.json: was changed while proxypatch was running",
		},
		"gone meanwhile": {
			func(t *testing.T, dir string) { removeFile(t, dir, "b/package.json") },
			"b/package.json: " + syscall.ENOENT.Error(),
		},
		"a link meanwhile": {
			func(t *testing.T, dir string) {
				removeFile(t, dir, "b/package.json")
				if err := os.Symlink("../package.json", filepath.Join(dir, "b", "package.json")); err != nil {
					t.Skip(err)
				}
			},
			"b/package.json: is a symbolic link, not a regular file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := project(t, workspaceFiles)
			p := plan(t, dir, install)
			tc.prevent(t, dir)
			before := tree(t, dir)
			err := p.Commit()
			commitError := (*safefile.CommitError)(nil)
			if !errors.As(err, &commitError) || len(commitError.Left) > 0 || !strings.HasSuffix(filepath.ToSlash(err.Error()), tc.want) && runtime.GOOS != "windows" {
				t.Errorf("got the error %v, want …%s", err, tc.want)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("files changed (-before +after):\n%s", diff)
			}
		})
	}
}

// A package that disappears after the workspace was searched is ignored.
func TestPackageGone(t *testing.T) {
	dir := project(t, workspaceFiles)
	ws, err := detect.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	p, err := install(ws)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	once := tree(t, dir)
	commit(t, dir, install)
	if diff := cmp.Diff(once, tree(t, dir)); diff != "" || len(once) != 2 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestModeIsKept(t *testing.T) {
	dir := project(t, map[string]string{"package.json": `{}`})
	path := filepath.Join(dir, "package.json")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, dir, install)
	if got, err := os.Stat(path); err != nil || got.Mode() != want.Mode() {
		t.Errorf("got mode %v (%v), want %v", got.Mode(), err, want.Mode())
	}
}

var workspaceFiles = map[string]string{
	"package.json":   `{"workspaces": ["a", "b"]}`,
	"a/package.json": `{"scripts": {"build": "next build"}}`,
	"b/package.json": `{"scripts": {"build": "next build"}}`,
}

func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
}

func removeFile(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tree returns all files below dir with their content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files[path] = content(t, filepath.Dir(path), entry.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// install plans the hooks without a choice.
func install(ws *detect.Workspace) (*Plan, error) { return Install(ws, Options{}) }

func plan(t *testing.T, dir string, make func(*detect.Workspace) (*Plan, error)) *Plan {
	t.Helper()
	ws, err := detect.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := make(ws)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func commit(t *testing.T, dir string, make func(*detect.Workspace) (*Plan, error)) {
	t.Helper()
	if err := plan(t, dir, make).Commit(); err != nil {
		t.Fatal(err)
	}
}
