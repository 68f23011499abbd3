package nodetest

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// Tarballs returns, as published, all packages that the project testdata/npm/<name> pins. Where npm cannot fetch them,
// the test is skipped, and in CI it fails.
func Tarballs(t testing.TB, name string) [][]byte {
	t.Helper()
	root := repotest.Top(t)
	lock, err := os.ReadFile(filepath.Join(root, "testdata", "npm", name, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	pins, err := pinned(lock)
	if err != nil {
		t.Fatal(err)
	}
	tarballs, err := npmreleases.Tarballs(tarballCache(root), pins)
	if err != nil && !errors.Is(err, npmreleases.ErrUnavailable) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, "tests that need the packages of the npm project "+name, err)
	}
	return tarballs
}

func tarballCache(root string) string { return filepath.Join(root, ".cache", "npm", "tarballs") }

// pinned reads what a package-lock.json installs, each once and in order.
func pinned(lock []byte) ([]npmreleases.Pin, error) {
	var content struct {
		Packages map[string]struct{ Name, Version, Integrity string }
	}
	if err := json.Unmarshal(lock, &content); err != nil {
		return nil, err
	}
	var pins []npmreleases.Pin
	delete(content.Packages, "") // the project itself
	for _, path := range slices.Sorted(maps.Keys(content.Packages)) {
		p := content.Packages[path]
		pin := npmreleases.Pin{Name: p.Name, Version: p.Version, Integrity: p.Integrity}
		if pin.Name == "" { // it is named only where an alias differs from it
			pin.Name = path[strings.LastIndex(path, "node_modules/")+len("node_modules/"):]
		}
		if !slices.Contains(pins, pin) {
			pins = append(pins, pin)
		}
	}
	return pins, nil
}
