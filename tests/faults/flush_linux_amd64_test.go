package faults

import (
	"path"
	"strings"
	"testing"
)

// TestFlushed requires that no power failure leaves a file without its bytes. Each file
// of next-auth, package.json and stamp is flushed after the last write and before its
// rename. The directory is flushed after each rename and removal, except of files that
// were moved aside.
func TestFlushed(t *testing.T) {
	needFaults(t)
	dir := hooked.install(t)
	hooked.warm(t, dir, "--set", "tutorial") // whose stamps give way to new ones
	for _, run := range []struct {
		args    []string
		renames int
	}{{[]string{"apply"}, 18}, {[]string{"revert"}, 13}, {[]string{"init"}, 3}, {[]string{"init", "--undo"}, 3}} {
		flushed, pending := map[string]bool{}, map[string]bool{}
		renames := 0
		r, err := trace(binary(t), dir, run.args, environment(), func(c call) fault {
			switch c.name {
			case "write":
				flushed[c.path] = false
			case "fsync":
				flushed[c.path] = true
				delete(pending, c.path)
			case "renameat":
				renames++
				if !flushed[c.path] && !isAside(c.to) {
					t.Errorf("%q: %s is put in place before it is flushed", run.args, c.path)
				}
				pending[path.Dir(c.to)] = true
			case "unlinkat":
				delete(pending, c.path) // a directory that is gone needs no flush
				if !isAside(c.path) {
					pending[path.Dir(c.path)] = true
				}
			}
			return fault{}
		})
		must(t, err)
		if r.status.ExitStatus() != 0 || renames < run.renames {
			t.Errorf("%q exited with %d after %d renames:\n%s", run.args, r.status.ExitStatus(), renames, r.stderr)
		}
		for name := range pending {
			t.Errorf("%q: what is done in %s is not flushed", run.args, name)
		}
	}
}

// isAside reports whether a path is in a directory that was moved aside.
func isAside(name string) bool { return strings.Contains(name, "/.proxypatch-old-") }
