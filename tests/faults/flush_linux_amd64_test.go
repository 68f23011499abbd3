package faults

import (
	"path"
	"testing"
)

// TestFlushed makes sure that no power failure leaves a file without its bytes:
// those of each file are flushed after the last write and before the rename that
// puts them in place, and each rename and removal by a flush of its directory.
func TestFlushed(t *testing.T) {
	needFaults(t)
	dir := two.install(t)
	for _, args := range [][]string{{"apply"}, {"revert"}} {
		flushed, pending := map[string]bool{}, map[string]bool{}
		renames := 0
		r, err := trace(binary(t), dir, args, environment(), func(c call) fault {
			inCache := path.Base(c.path) == ".proxypatch-stamp" || path.Base(path.Dir(c.path)) == "cache"
			switch {
			case inCache: // losing a stamp costs a cold build
			case c.name == "write":
				flushed[c.path] = false
			case c.name == "fsync":
				flushed[c.path] = true
				delete(pending, c.path)
			case c.name == "renameat":
				renames++
				if !flushed[c.path] {
					t.Errorf("%q: %s is put in place before it is flushed", args, c.path)
				}
				pending[path.Dir(c.to)] = true
			case c.name == "unlinkat":
				pending[path.Dir(c.path)] = true
			}
			return fault{}
		})
		must(t, err)
		if r.status.ExitStatus() != 0 || renames < 14 {
			t.Errorf("%q exited with %d after %d renames:\n%s", args, r.status.ExitStatus(), renames, r.stderr)
		}
		for name := range pending {
			t.Errorf("%q: what is done in %s is not flushed", args, name)
		}
	}
}
