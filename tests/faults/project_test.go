package faults

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// room is the directory for all files of the tests. It is on a file system in memory,
// if there is one, because the tests make thousands of projects.
var room string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	parent := "/dev/shm"
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, "proxypatch-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if room, err = filepath.EvalSymlinks(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// needFaults skips tests that run the program thousands of times, unless they are
// selected. It reports whether to run every combination.
func needFaults(t *testing.T) (all bool) {
	t.Helper()
	gate.Need(t, "faults")
	return gate.All(t, "faults")
}

// build builds the program, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	program := filepath.Join(room, "proxypatch")
	cmd := exec.Command("go", "build", "-trimpath", "-o", program, "../../cmd/proxypatch")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

func binary(t testing.TB) string {
	t.Helper()
	program, err := build()
	must(t, err)
	return program
}

// environment is the environment of every run, without colours and with the same calls
// each time.
func environment() []string {
	return append(os.Environ(), "NO_COLOR=1", "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off")
}

// proxypatch runs the program in dir and returns its exit code and output.
func proxypatch(t testing.TB, dir string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Dir, cmd.Env = dir, environment()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// succeed runs the program, which must exit with 0.
func succeed(t testing.TB, dir string, args ...string) {
	t.Helper()
	if code, out := proxypatch(t, dir, args...); code != 0 {
		t.Fatalf("proxypatch %s exited with %d:\n%s", strings.Join(args, " "), code, out)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kept are the files of next-auth 4.2.1 in the projects: the patched ones, and some
// others.
var kept = []string{
	"package.json", "index.js", "core/index.js", "core/lib/oauth/callback.js", "providers/google.js",
	"core/lib/oauth/client-legacy.js", "core/lib/oauth/client.js", "providers/azure-ad.js", "providers/foursquare.js",
	"providers/github.js", "providers/linkedin.js", "providers/trakt.js",
}

// layout is a project: the directories of its copies of next-auth and of its
// Next.js apps.
type layout struct {
	copies, apps []string
	files        map[string]string
}

const nextAuth = "node_modules/next-auth"

var (
	one = layout{
		copies: []string{nextAuth},
		apps:   []string{"."},
		files: map[string]string{
			"package.json":   `{"name": "app", "dependencies": {"next": "14", "next-auth": "4.2.1", "https-proxy-agent": "7"}}`,
			"next.config.js": "module.exports = {}\n",
		},
	}
	// two is a workspace. One app has its own copy, and the other loads the root's.
	two = layout{
		copies: []string{nextAuth, "apps/web/" + nextAuth},
		apps:   []string{"apps/admin", "apps/web"},
		files: map[string]string{
			"package.json":             `{"private": true, "workspaces": ["apps/*"], "dependencies": {"https-proxy-agent": "7"}}`,
			"apps/admin/package.json":  `{"name": "admin", "dependencies": {"next": "14", "next-auth": "4"}}`,
			"apps/admin/pages/_app.js": "",
			"apps/web/package.json":    `{"name": "web", "dependencies": {"next": "14", "next-auth": "4.2.1"}}`,
			"apps/web/pages/_app.js":   "",
		},
	}
)

// alone is a project in which init writes to one package.json.
var alone = layout{
	copies: []string{nextAuth},
	apps:   []string{"."},
	files: map[string]string{
		"package.json":  `{"name": "app", "scripts": {"build": "next build"}, "dependencies": {"next": "14", "next-auth": "4.2.1", "https-proxy-agent": "7", "proxypatch": "1"}}`,
		"pages/_app.js": "",
	},
}

// hooked is a workspace in which init writes to three package.json files.
var hooked = layout{
	copies: []string{nextAuth},
	apps:   []string{"apps/admin", "apps/web"},
	files: map[string]string{
		"package.json":             `{"private": true, "workspaces": ["apps/*"], "dependencies": {"https-proxy-agent": "7", "proxypatch": "1"}}`,
		"apps/admin/package.json":  `{"name": "admin", "scripts": {"build": "next build"}, "dependencies": {"next": "14", "next-auth": "4"}}`,
		"apps/admin/pages/_app.js": "",
		"apps/web/package.json":    `{"name": "web", "scripts": {"build": "next build"}, "dependencies": {"next": "14", "next-auth": "4"}}`,
		"apps/web/pages/_app.js":   "",
	},
}

// exported is a project in which export writes to pnpm's settings and makes a patch.
var exported = layout{
	copies: []string{nextAuth},
	apps:   []string{"."},
	files: map[string]string{
		"package.json":        `{"name": "app", "packageManager": "pnpm@10.0.0", "dependencies": {"next": "14", "next-auth": "4.2.1", "https-proxy-agent": "7"}}`,
		"pnpm-workspace.yaml": "# Settings of pnpm.\nhoist: true\n",
		"pages/_app.js":       "",
	},
}

// packed is a file in webpack's cache.
const packed = ".next/cache/webpack/server-production/0.pack"

// stamp is the file that records the state of next-auth for a cache.
const stamp = ".next/cache/proxypatch.json"

// lockFile is the name of the file that replaces a lock.
const lockFile = ".proxypatch-lock"

// install makes the project with the released next-auth.
func (l layout) install(t testing.TB) string {
	t.Helper()
	dir := newDir(t)
	must(t, os.Mkdir(filepath.Join(dir, ".git"), 0o755)) // the project ends here
	for name, content := range l.files {
		write(t, filepath.Join(dir, name), []byte(content))
	}
	real := filepath.Join(nodetest.Project(t, "agent-7.0.6"), "node_modules")
	for _, name := range []string{"https-proxy-agent", "agent-base", "debug", "ms"} {
		must(t, nodetest.CopyTree(filepath.Join(real, name), filepath.Join(dir, "node_modules", name)))
	}
	for _, at := range l.copies {
		for _, name := range kept {
			content, err := os.ReadFile(filepath.Join(real, "next-auth", name))
			must(t, err)
			write(t, filepath.Join(dir, at, name), content)
		}
		if os.Geteuid() == 0 { // then new files get the owner of the replaced ones
			must(t, os.Lchown(filepath.Join(dir, at, "providers/azure-ad.js"), 12345, 12345))
		}
	}
	return dir
}

// warm gives each app the cache of a build, with a stamp for the state of next-auth.
func (l layout) warm(t testing.TB, dir string, args ...string) {
	t.Helper()
	succeed(t, dir, args...)
	for _, app := range l.apps {
		write(t, filepath.Join(dir, app, packed), []byte("code of before\n"))
		write(t, filepath.Join(dir, app, ".next/cache/images/a.webp"), []byte("image\n"))
	}
}

// supersede gives a patched project the files of an older proxypatch: its helper, two
// files that call it, and caches without a stamp.
func (l layout) supersede(t testing.TB, dir string) {
	t.Helper()
	helper, err := os.ReadFile("../../testdata/superseded/1/helper/proxy.js")
	must(t, err)
	pristine := l.install(t)
	for _, app := range l.apps {
		must(t, os.Remove(filepath.Join(dir, app, stamp)))
	}
	for _, at := range l.copies {
		write(t, filepath.Join(dir, at, line.All[0].Helper), helper)
		for _, name := range kept {
			if name != "core/lib/oauth/client.js" && name != "providers/azure-ad.js" {
				content, err := os.ReadFile(filepath.Join(pristine, at, name))
				must(t, err)
				write(t, filepath.Join(dir, at, name), content)
			}
		}
	}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, content, 0o644))
}

func newDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(room, "")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// copyOf returns a fresh copy of a project, owners included.
func copyOf(t testing.TB, project string) string {
	t.Helper()
	dir := filepath.Join(newDir(t), "project")
	must(t, nodetest.CopyTree(project, dir))
	if os.Geteuid() != 0 {
		return dir
	}
	for _, copy := range []string{nextAuth, "apps/web/" + nextAuth} {
		if _, err := os.Stat(filepath.Join(dir, copy)); err == nil {
			must(t, os.Lchown(filepath.Join(dir, copy, "providers/azure-ad.js"), 12345, 12345))
		}
	}
	return dir
}

// tree holds the mode and bytes of every file below a directory, by name. It leaves out
// random parts of names, and the process in a lock file.
type tree map[string]string

func treeOf(t testing.TB, dir string) tree {
	t.Helper()
	found := tree{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var data []byte
		if info.Mode().IsRegular() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(dir, path)
		if entry.Name() == lockFile {
			data = process.ReplaceAll(data, []byte(`"process":0`))
		}
		found[normal(name)] = info.Mode().String() + "\n" + string(data)
		return err
	}))
	return found
}

var (
	random  = regexp.MustCompile(`(\.proxypatch-[^/]*-)[A-Z2-7]{26}(/|$)`)
	passing = regexp.MustCompile(`(^|/)\.proxypatch-`)
	process = regexp.MustCompile(`"process":\d+`)
)

// normal removes the random parts of a path.
func normal(path string) string {
	if !strings.Contains(path, ".proxypatch-") {
		return path
	}
	return random.ReplaceAllString(path, "${1}*$2")
}

// differences lists the names whose files differ between two trees.
func differences(a, b tree) []string {
	var names []string
	for name, content := range a {
		if other, there := b[name]; !there || other != content {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, there := a[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// hash returns the same value for equal trees.
type hash [sha256.Size]byte

func (a tree) hash() hash {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(a)) {
		fmt.Fprintf(sum, "%q %d\n%s", name, len(a[name]), a[name])
	}
	return hash(sum.Sum(nil))
}
