// Package casecount records how many cases a test ran, and fails the test below a
// minimum. Without it, a test that searches for its cases would pass if it found none.
package casecount

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is the environment variable that names the directory for counts, one file for
// each name. Without it, as in the quick loop, counts are only logged, because Go does
// not cache the result of a test that writes files.
const Dir = "PROXYPATCH_COUNTS"

// Report records that a test tried n cases of a name, such as "fault points". The name
// is also the name of a file, with blanks for slashes. make test prints the records.
func Report(t testing.TB, name string, n int) {
	t.Helper()
	t.Logf("%d %s", n, name)
	dir := os.Getenv(Dir)
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", " ")), fmt.Appendf(nil, "%8d %s\n", n, name), 0o666); err != nil {
		t.Error(err)
	}
}

// AtLeast calls Report, and fails the test if n is less than floor, the number that
// the test reached before.
func AtLeast(t testing.TB, name string, n, floor int) {
	t.Helper()
	Report(t, name, n)
	if n < floor {
		t.Errorf("only %d %s; there have been %d before", n, name, floor)
	}
}
