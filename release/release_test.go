// Package release tests the ways in which proxypatch reaches a person: go install,
// the archives of a release, the GitHub Action, and the examples for Docker and
// GitLab. All of it runs on this machine, with loopback in place of the network.
package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needRelease keeps tests out of the quick loop that build proxypatch, some of
// them for several platforms.
func needRelease(t *testing.T) {
	t.Helper()
	if os.Getenv("PROXYPATCH_RELEASE") == "" {
		t.Skip("set PROXYPATCH_RELEASE=1 to build what a release consists of")
	}
}

// top is the repository.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	must(t, err)
	return dir
}

// clone returns a clone of the repository at its last commit, without tags.
// Sources without a repository are no release.
func clone(t *testing.T) string {
	t.Helper()
	if out, err := command(top(t), nil, "git", "rev-parse", "HEAD").CombinedOutput(); err != nil {
		unavailable(t, "what the last commit gives: %v\n%s", err, out)
	}
	dir := filepath.Join(t.TempDir(), "proxypatch")
	output(t, command("", nil, "git", "clone", "-q", "--no-tags", top(t), dir))
	return dir
}

// unavailable skips a test for want of something, and fails it in CI.
func unavailable(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf("skipped "+format, args...)
}

// command is a program with the test's environment and more of it.
func command(dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// output runs a command that must succeed and returns what it prints.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
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
