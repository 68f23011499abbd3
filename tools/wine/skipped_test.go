package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSkippedIsDocumented requires that every skipped test exists, and that
// docs/maintaining/testing.md names exactly these.
func TestSkippedIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/maintaining/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range skipped {
		if row := fmt.Sprintf("| `%s` | `%s` |", s.pkg, s.test); !strings.Contains(string(doc), row) {
			t.Errorf("docs/maintaining/testing.md has no row %s", row)
		}
		name, sub, _ := strings.Cut(s.test, "/")
		if !holds(t, s.pkg, "*_test.go", "func "+name+"(") {
			t.Errorf("%s has no %s", s.pkg, name)
		}
		scripts, err := filepath.Glob(filepath.Join("../..", s.pkg, "testdata", "*", sub+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		if sub != "" && len(scripts) == 0 && !holds(t, s.pkg, "*_test.go", `"`+sub+`"`) {
			t.Errorf("%s: %s has no %q", s.pkg, name, sub)
		}
	}
	if rows := strings.Count(string(doc), "` | links |") + strings.Count(string(doc), "` | Node.js |"); rows != len(skipped) {
		t.Errorf("docs/maintaining/testing.md has %d rows, and %d tests are left out", rows, len(skipped))
	}
}

// holds reports whether a file of the package contains the text.
func holds(t *testing.T, pkg, pattern, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", pkg, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}
