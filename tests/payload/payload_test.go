// Package payload measures and tries what proxypatch puts into next-auth, at length and under load.
package payload

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	must(t, err)
	return path
}

// build makes the program, once for all tests, and returns its path.
var build = sync.OnceValues(func() (string, error) {
	program, err := filepath.Abs("../../.cache/payload/bin/proxypatch")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-o", program, "../../cmd/proxypatch")
	cmd.Stderr = os.Stderr
	return program, cmd.Run()
})

// proxypatch runs the program in a directory.
func proxypatch(t *testing.T, dir string, args ...string) {
	t.Helper()
	program, err := build()
	must(t, err)
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("proxypatch %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// isProxy reports whether an environment variable decides which proxy is used, or how Node.js runs.
func isProxy(entry string) bool {
	name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
	return strings.HasSuffix(name, "_PROXY") || strings.HasPrefix(name, "NODE_")
}
