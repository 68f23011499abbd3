package casecount

import (
	"os"
	"path/filepath"
	"testing"
)

// recorder records a failure instead of failing.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestAtLeast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "counts")
	t.Setenv(Dir, dir)
	for n, want := range map[int]bool{6: true, 7: false, 8: false} {
		r := &recorder{TB: t}
		AtLeast(r, "fault points", n, 7)
		if r.failed != want {
			t.Errorf("%d of 7: failed: %v", n, r.failed)
		}
	}
	Report(t, "fault points", 12)
	Report(t, "a/ and b/", 1)
	if _, err := os.Stat(filepath.Join(dir, "a  and b ")); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "fault points")); err != nil || string(got) != "      12 fault points\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNothingIsKeptUnasked(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv(Dir, "")
	Report(t, "fault points", 1)
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}
