package nodetest

import (
	"errors"
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

// Packages returns the contents of releases of a package, like [Releases].
func Packages(t testing.TB, name string, releases []npmreleases.Release) []npmreleases.Package {
	t.Helper()
	packages, err := npmreleases.Fetch(tarballCache(repotest.Top(t)), name, releases)
	if err != nil && !errors.Is(err, npmreleases.ErrUnavailable) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, "tests that need all released "+name+" packages", err)
	}
	return packages
}
