// Package repotest helps to test the repository as a whole: its documents, its builds
// and its releases.
package repotest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
)

// Unavailable skips a test that lacks something, and fails it in CI.
func Unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf("skipped: "+format, args...)
}

// Top returns the repository: the nearest parent directory with a go.mod.
func Top(t testing.TB) string {
	t.Helper()
	top, err := FindTop()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// FindTop is Top without a test.
func FindTop() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod in any directory upwards")
		}
	}
}

// Read reads a file of the repository.
func Read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Top(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// parsed has the documents that Document has read, by name.
var parsed sync.Map

// Document reads a document of the repository. All tests of a process share it, so do not change it.
func Document(t testing.TB, name string) markdown.Document {
	t.Helper()
	if document, found := parsed.Load(name); found {
		return document.(markdown.Document)
	}
	document, err := markdown.Parse([]byte(Read(t, name)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	parsed.Store(name, document)
	return document
}

// Command returns a command that runs in dir, with env added to the test's environment.
func Command(dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// Output runs a command that must succeed and returns what it prints.
func Output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd.Args, err, out, stderr.String())
	}
	return string(out)
}
