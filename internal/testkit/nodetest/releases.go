package nodetest

import (
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// Releases returns every supported release of next-auth's first line with its package, oldest first. If npm cannot fetch
// them, it skips the test, or fails it in CI.
func Releases(t testing.TB) ([]npmreleases.Release, []npmreleases.Package) {
	t.Helper()
	releases := npmreleases.All()
	return releases, Packages(t, line.NextAuth, releases)
}

// unpacked has the packages that this process has unpacked, because unpacking all releases takes longer than most tests
// of them.
var unpacked struct {
	sync.Mutex
	packages map[packageOf]npmreleases.Package
}

// packageOf names a package and one of its releases.
type packageOf struct {
	name    string
	release npmreleases.Release
}

// Packages returns the contents of releases of a package, like [Releases]. A test may change the maps, but not the bytes,
// which all tests of a process share.
func Packages(t testing.TB, name string, releases []npmreleases.Release) []npmreleases.Package {
	t.Helper()
	unpacked.Lock()
	defer unpacked.Unlock()
	var missing []npmreleases.Release
	for _, r := range releases {
		if unpacked.packages[packageOf{name, r}] == nil {
			missing = append(missing, r)
		}
	}
	packages, err := npmreleases.Fetch(tarballCache(repotest.Top(t)), name, missing)
	if err != nil && !errors.Is(err, npmreleases.ErrUnavailable) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, "tests that need all released "+name+" packages", err)
	}
	if unpacked.packages == nil {
		unpacked.packages = map[packageOf]npmreleases.Package{}
	}
	for i, r := range missing {
		unpacked.packages[packageOf{name, r}] = packages[i]
	}
	all := make([]npmreleases.Package, len(releases))
	for i, r := range releases {
		all[i] = maps.Clone(unpacked.packages[packageOf{name, r}])
	}
	return all
}
