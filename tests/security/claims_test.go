package security

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	claimRow  = regexp.MustCompile(`(?m)^\| (?:[A-Z]|` + "`)" + `.*\.( \| .*) \|$`)
	testName  = regexp.MustCompile("`(Test\\w+|[\\w-]+\\.txtar|[\\w-]+\\.test\\.js)`")
	testFuncs = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestClaimsAreTested requires a test for every claim in docs/security.md, and that
// each named test exists.
func TestClaimsAreTested(t *testing.T) {
	data, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	text := string(data)
	have := tests(t)
	for _, m := range testName.FindAllStringSubmatch(text, -1) {
		if !have[m[1]] {
			t.Errorf("docs/security.md names %s, which is not there", m[1])
		}
	}
	rows := claimRow.FindAllStringSubmatch(text, -1)
	if len(rows) < 30 {
		t.Errorf("docs/security.md has %d claims in its tables: the rows are not read as they should be", len(rows))
	}
	for _, row := range rows {
		if !testName.MatchString(row[1]) {
			t.Errorf("docs/security.md: no test holds this: %s", row[0])
		}
	}
}

// tests returns the names of all Go tests, scripts and tests of the helper.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	must(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && (entry.Name() == "node_modules" || len(entry.Name()) > 2 && entry.Name()[0] == '.') {
				return fs.SkipDir
			}
			return err
		}
		switch {
		case strings.HasSuffix(path, "_test.go"):
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range testFuncs.FindAllStringSubmatch(string(data), -1) {
				names[m[1]] = true
			}
		case strings.HasSuffix(path, ".txtar"), strings.HasSuffix(path, ".test.js"):
			names[entry.Name()] = true
		}
		return nil
	}))
	return names
}
