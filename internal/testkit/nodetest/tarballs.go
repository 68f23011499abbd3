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

// Tarballs returns the published tarballs of all packages that the project testdata/npm/<name> pins. If npm cannot fetch
// them, it skips the test, or fails it in CI.
func Tarballs(t testing.TB, name string) [][]byte {
	t.Helper()
	return fetch(t, name, pinsOf(t, name))
}

// HostTarballs is Tarballs with empty packages instead of those for other platforms, which are large. Some package managers
// need their names.
func HostTarballs(t testing.TB, name string) [][]byte {
	t.Helper()
	project := Project(t, name)
	var here []npmreleases.Pin
	var empty [][]byte
	for _, p := range pinsOf(t, name) {
		if isDir(filepath.Join(project, "node_modules", filepath.FromSlash(p.Name))) {
			here = append(here, p)
			continue
		}
		manifest, err := json.Marshal(map[string]any{"name": p.Name, "version": p.Version, "os": []string{"none"}})
		if err != nil {
			t.Fatal(err)
		}
		empty = append(empty, Pack(t, string(manifest), nil))
	}
	return slices.Concat(fetch(t, name, here), empty)
}

func pinsOf(t testing.TB, name string) []npmreleases.Pin {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(repotest.Top(t), "testdata", "npm", name, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	pins, err := pinned(lock)
	if err != nil {
		t.Fatal(err)
	}
	return pins
}

func fetch(t testing.TB, name string, pins []npmreleases.Pin) [][]byte {
	t.Helper()
	tarballs, err := npmreleases.Tarballs(tarballCache(repotest.Top(t)), pins)
	if err != nil && !errors.Is(err, npmreleases.ErrUnavailable) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, "tests that need the packages of the npm project "+name, err)
	}
	return tarballs
}

func tarballCache(root string) string { return filepath.Join(root, ".cache", "npm", "tarballs") }

// pinned returns the packages in a package-lock.json, in order and without duplicates.
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
		if pin.Name == "" { // only an alias has a name here
			pin.Name = path[strings.LastIndex(path, "node_modules/")+len("node_modules/"):]
		}
		if !slices.Contains(pins, pin) {
			pins = append(pins, pin)
		}
	}
	return pins, nil
}
