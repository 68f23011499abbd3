//go:build unix

package built

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestSkips makes sure that a directory that can't be read ends no search for builds. It
// stays an error in a build, and where the search begins.
func TestSkips(t *testing.T) {
	if os.Geteuid() == 0 {
		asUser(t)
		return
	}
	image := []string{"app/apps/web/server.js", server15, "app/apps/web/.next/BUILD_ID", "x", "app/apps/web/.next/required-server-files.json", `{"relativeAppDir":"apps/web"}`}
	for name, test := range map[string]struct {
		closed string
		fails  bool
	}{
		"beside the app":      {"app/pgdata/", false},
		"a build's output":    {"app/apps/web/.next/standalone/", true},
		"in a build's output": {"app/apps/web/.next/standalone/logs/", true},
		"a build directory":   {"app/apps/web/.next/", true},
		"where the search is": {"app/", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, append(slices.Clone(image), test.closed, "")...)
			closed := filepath.Join(dir, filepath.FromSlash(test.closed))
			must(t, os.Chmod(closed, 0))
			t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
			app := filepath.Join(dir, "app")
			builds, skipped, err := Below(app)
			if test.fails {
				if !errors.Is(err, fs.ErrPermission) || len(skipped) > 0 {
					t.Errorf("got %v, %v, %v", builds, skipped, err)
				}
				return
			}
			if len(builds) != 1 || !slices.Equal(skipped, []string{closed}) || err != nil {
				t.Errorf("got %v, %v, %v", builds, skipped, err)
			}
			if is, err := IsStandalone(app); !is || err != nil || !IsTop(app) {
				t.Errorf("standalone: %v, %v; top: %v", is, err, IsTop(app))
			}
		})
	}
}

// asUser runs a test again as a user whom the system can refuse something.
func asUser(t *testing.T) {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	must(t, err)
	dir, err := os.MkdirTemp("", "")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	copied := filepath.Join(dir, "built.test")
	must(t, errors.Join(os.Chmod(dir, 0o755), os.WriteFile(copied, program, 0o755)))
	again := exec.Command(copied, "-test.run", "^"+t.Name()+"$", "-test.v")
	again.Dir = os.TempDir()
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1000, Gid: 1000}}
	if out, err := again.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name()+"/")) {
		t.Errorf("%v\n%s", err, out)
	}
}
