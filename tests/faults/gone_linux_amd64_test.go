package faults

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
)

// TestGoneMeanwhile removes a file before each call on it, or replaces it with an equal
// one, as another run does. A command that only reads must treat it as absent or read
// it again, and must not fail.
func TestGoneMeanwhile(t *testing.T) {
	needFaults(t)
	tried := 0
	for name, happens := range map[string]struct {
		what func(path string) error
		to   func(name string) bool
	}{
		"gone": {os.RemoveAll, func(name string) bool { return strings.Contains(name, ".next/cache") }},
		"replaced": {replaceByEqual, func(name string) bool {
			return strings.HasSuffix(name, ".js") && strings.Contains(name, nextAuth) || strings.HasSuffix(name, "package.json") && !strings.Contains(name, "node_modules") || strings.HasSuffix(name, stamp)
		}},
	} {
		for _, args := range [][]string{{"apply", "--dry-run"}, {"revert", "--dry-run"}, {"check"}, {"init", "--dry-run"}} {
			t.Run(name+" in "+strings.Join(args, " "), func(t *testing.T) {
				template := one.install(t)
				one.warm(t, template)
				for n := 0; ; n++ {
					dir := copyOf(t, template)
					at, r := happen(t, dir, args, n, happens.to, happens.what)
					must(t, os.RemoveAll(filepath.Dir(dir)))
					if at == "" {
						break // there were only n such calls
					}
					tried++
					if code := r.status.ExitStatus(); code != 0 && code != 3 || strings.Contains(r.stderr, "no such file") {
						t.Errorf("%s at %s: exited with %d\n%s", name, at, code, r.stderr)
					}
				}
			})
		}
	}
	casecount.AtLeast(t, "things gone or replaced between two looks", tried, 350)
}

// happen runs the program, and does something to the file of its n-th call on one of
// the named files that exist. It returns this call, if any.
func happen(t *testing.T, dir string, args []string, n int, to func(string) bool, what func(string) error) (at string, r result) {
	t.Helper()
	r, err := trace(binary(t), dir, args, environment(), func(c call) fault {
		name, err := filepath.Rel(dir, c.path)
		if err != nil || at != "" || !filepath.IsLocal(name) || !to(filepath.ToSlash(name)) {
			return fault{}
		}
		if _, err := os.Lstat(c.path); errors.Is(err, fs.ErrNotExist) {
			return fault{}
		}
		if n--; n < 0 {
			at = c.name + " " + name
			must(t, what(c.path))
		}
		return fault{}
	})
	must(t, err)
	return at, r
}

// replaceByEqual replaces a file with one that has the same bytes.
func replaceByEqual(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(path+".new", data, info.Mode()), os.Rename(path+".new", path))
}
