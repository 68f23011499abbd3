package nodetest

import (
	"errors"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/released"
)

// Releases returns every supported release of next-auth, oldest first, and its package. Where npm cannot fetch them, the
// test is skipped, and in CI it fails.
func Releases(t testing.TB) ([]released.Release, []released.Package) {
	t.Helper()
	releases := released.All()
	packages, err := released.Fetch(tarballCache(repository(t)), releases)
	if err != nil && !errors.Is(err, released.ErrUnavailable) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, "tests that need all released next-auth packages", err)
	}
	return releases, packages
}
