// Package nodetest provides tests with Node.js, projects installed by npm, a registry for other package managers, and
// certificates for servers on this machine. Only tests use it.
//
// Nothing that npm installs is in the repository. A test project consists of package.json, .npmrc and package-lock.json,
// whose integrity hashes pin the packages.
package nodetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// installTime limits one run of npm.
const installTime = 3 * time.Minute

// installing makes tests of one process wait for a running npm instead of repeating its work.
var installing sync.Mutex

// Node returns the path of the Node binary for tests: $PROXYPATCH_NODE, or the node on the PATH. Without one it skips the
// test, or fails it in CI.
func Node(t testing.TB) string {
	t.Helper()
	name := os.Getenv("PROXYPATCH_NODE")
	if name == "" {
		name = "node"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		unavailable(t, "tests that run Node.js", err)
	}
	return path
}

// quickNode is a script that doctor takes for Node.js.
const quickNode = `#!/bin/sh
test "$1" = --print && echo "{\"path\": \"$0\", \"version\": \"20.20.2\"}"
`

// QuickNode returns the path of a program "node" that says its version as Node.js does, and nothing else. Starting Node.js
// takes longer than all that proxypatch does. On Windows it is a real one.
func QuickNode(t testing.TB) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		return Node(t)
	}
	path := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(path, []byte(quickNode), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// PinnedNode returns the path of the Node binary of a project testdata/npm/node-<major>. If npm has none for this
// platform, it skips the test.
func PinnedNode(t testing.TB, name string) string {
	t.Helper()
	// The package's name depends on the platform, and npm installs the one that runs here.
	program := "node"
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	nodes, err := filepath.Glob(filepath.Join(Project(t, name), "node_modules", "node-*", "bin", program))
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 1 {
		t.Skipf("npm offers no %s for this platform", name)
	}
	return nodes[0]
}

// Project installs the project testdata/npm/<name> with `npm ci --ignore-scripts` and returns its directory. All tests and
// test processes share it, so do not change it; use [Copy] for that.
//
// The directory is in .cache/npm, under a hash of its input, so a second call does not start npm. If npm fails, usually
// because there is no network, it skips the test, or fails it in CI.
func Project(t testing.TB, name string) string {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()

	root := repotest.Top(t)
	files, err := projectFiles(filepath.Join(root, "testdata", "npm", name))
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(root, ".cache", "npm")
	dir := filepath.Join(cache, name+"-"+hash(files))
	if isDir(dir) {
		return dir
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := install(cache, dir, files); err != nil {
		unavailable(t, fmt.Sprintf("tests that need the npm project %s", name), err)
	}
	return dir
}

// Copy returns a fresh copy of [Project] that the test may change. It keeps symbolic links and modes. It copies every file
// instead of making hard links, so that no write reaches the shared directory.
func Copy(t testing.TB, name string) string {
	t.Helper()
	return copyBy(t, CopyProject, name)
}

// ToPatch returns a fresh copy of [Project] by [CopyToPatch].
func ToPatch(t testing.TB, name string) string {
	t.Helper()
	return copyBy(t, CopyToPatch, name)
}

// Linked returns a fresh directory whose node_modules has a link to each package of [Project], or copies where links are
// not allowed. A test may add packages and remove links, but not change what they lead to.
func Linked(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	from, to := filepath.Join(Project(t, name), "node_modules"), filepath.Join(dir, "node_modules")
	packages, err := os.ReadDir(from)
	if err = errors.Join(err, os.MkdirAll(to, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, entry := range packages {
		Link(t, filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name()))
	}
	return dir
}

// Link makes a link to a package, or a copy where links are not allowed.
func Link(t testing.TB, from, to string) {
	t.Helper()
	if os.Symlink(from, to) == nil {
		return
	}
	if err := CopyTree(from, to); err != nil {
		t.Fatal(err)
	}
}

func copyBy(t testing.TB, copies func(from, to string) error, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := copies(Project(t, name), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// CopyProject is CopyTree for a [Project]. Without a bundler, it leaves out the files of dependencies that Node.js does
// not load. They are most of the files, and copying them took most of the time.
func CopyProject(from, to string) error {
	installs := func(name string) bool { return isDir(filepath.Join(from, "node_modules", name)) }
	switch {
	case installs("next"):
		return CopyTree(from, to)
	case installs("@auth"):
		return copyTree(from, to, forCompilers)
	}
	return copyTree(from, to, func(name string) bool { return forCompilers(name) || neverLoaded(name) })
}

// CopyToPatch is CopyProject without the files that proxypatch does not read: of most packages, it copies only
// package.json. Node.js can't load such a next-auth.
func CopyToPatch(from, to string) error {
	return copyTree(from, to, func(name string) bool { return forCompilers(name) || ofOthers(name) })
}

// inPackage matches a file or directory of an installed package.
var inPackage = regexp.MustCompile(`^(?:.*/)?node_modules/((?:@[^/]+/)?[^@/][^/]*)/(.+)$`)

// ofOthers reports whether a file or directory is of a package that proxypatch neither patches nor needs, and not its
// package.json.
func ofOthers(name string) bool {
	m := inPackage.FindStringSubmatch(filepath.ToSlash(name))
	if m == nil || m[2] == "package.json" || m[2] == "node_modules" {
		return false
	}
	return m[1] != "@auth/core" && m[1] != "https-proxy-agent" && !strings.HasPrefix(m[1], "next-auth") // or an alias of it
}

// forCompilers reports whether a file or directory of next-auth is only for compilers, debuggers or readers.
func forCompilers(name string) bool {
	for _, dependency := range []string{"@auth/core/", "next-auth/"} {
		if file, found := strings.CutPrefix(filepath.ToSlash(name), "node_modules/"+dependency); found {
			return file == "src" || slices.Contains([]string{".ts", ".map", ".md"}, path.Ext(file))
		}
	}
	return false
}

// neverLoaded reports whether a file or directory of a dependency is only for compilers, debuggers or browsers, or an ES
// module, which no CommonJS module of them loads.
func neverLoaded(name string) bool {
	name = filepath.ToSlash(name)
	for _, dependency := range []string{"@babel/", "@panva/", "jose/", "openid-client/", "preact/", "preact-render-to-string/", "pretty-format/", "uuid/"} {
		if file, found := strings.CutPrefix(name, "node_modules/"+dependency); found {
			return slices.Contains([]string{"esm", "browser", "esm-browser", "types", "umd", "src"}, path.Base(file)) || slices.Contains([]string{".ts", ".map", ".md", ".mjs"}, path.Ext(file))
		}
	}
	return false
}

// unavailable skips a test that this machine cannot run. In CI it fails the test, because CI must run everything.
func unavailable(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s cannot run: %v", what, err)
	}
	t.Skipf("skipped %s: %v", what, err)
}

// file is a file of a project.
type file struct {
	name string
	data []byte
}

// projectFiles reads all files that an installation depends on.
func projectFiles(dir string) ([]file, error) {
	var files []file
	for _, name := range []string{".npmrc", "package-lock.json", "package.json"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, data})
	}
	return files, nil
}

func hash(files []file) string {
	sum := sha256.New()
	for _, f := range files {
		fmt.Fprintf(sum, "%s %d\n", f.name, len(f.data))
		sum.Write(f.data)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// install runs npm in a directory beside dir and renames it when it is complete, so that other processes never see a part
// of it. If two install at once, the first rename wins and the other result is dropped.
func install(cache, dir string, files []file) error {
	temp, err := os.MkdirTemp(cache, ".installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(temp, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	if err := npmCI(temp); err != nil {
		return err
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil && !isDir(dir) {
		return err
	}
	return nil
}

func npmCI(dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-progress", "--fetch-retries=1")
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", errors.Join(err, ctx.Err()), bytes.TrimSpace(output))
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// CopyTree copies the directory from to to, which must not contain any of its files. It keeps symbolic links and modes.
func CopyTree(from, to string) error {
	return copyTree(from, to, func(string) bool { return false })
}

func copyTree(from, to string, leaveOut func(name string) bool) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if leaveOut(name) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		switch {
		case info.IsDir():
			return os.MkdirAll(target, info.Mode().Perm()|0o700)
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		default:
			return copyFile(path, target, info.Mode().Perm())
		}
	})
}

func copyFile(from, to string, mode fs.FileMode) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Chmod(mode) // despite the umask
}
