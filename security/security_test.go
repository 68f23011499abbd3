// Package security tests what docs/security.md says about how proxypatch is
// built, and that each of the tests that it names is there.
package security

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needRelease keeps tests out of the quick loop that build proxypatch for other
// platforms.
func needRelease(t *testing.T) {
	t.Helper()
	if os.Getenv("PROXYPATCH_RELEASE") == "" {
		t.Skip("set PROXYPATCH_RELEASE=1 to build what a release consists of")
	}
}

// unavailable skips a test for want of something, and fails it in CI.
func unavailable(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("skipped: needs %s", what)
}

// top is the repository.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	must(t, err)
	return dir
}

// output runs a program that must succeed, in dir and with more environment,
// and returns what it prints.
func output(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd.Args, err, out, stderr.String())
	}
	return string(out)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
