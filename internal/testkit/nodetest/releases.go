package nodetest

import (
	"errors"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// Releases returns every supported release of next-auth with its package, oldest first. If npm cannot fetch them, it skips
// the test, or fails it in CI.
func Releases(t testing.TB) ([]npmreleases.Release, []npmreleases.Package) {
	t.Helper()
	releases := npmreleases.All()
	packages, err := npmreleases.Fetch(tarballCache(repotest.Top(t)), releases)
	if err != nil && !errors.Is(err, npmreleases.ErrUnavailable) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, "tests that need all released next-auth packages", err)
	}
	return releases, packages
}
