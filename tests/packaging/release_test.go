// Package packaging tests the ways to install proxypatch: go install, the archives of a
// release, the GitHub Action, and the examples for Docker and GitLab. All tests run on
// this machine, with loopback instead of the network.
package packaging

import (
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// clone returns a clone of the repository at its last commit, without tags.
// Sources without a repository are not a release.
func clone(t *testing.T) string {
	t.Helper()
	if out, err := repotest.Command(repotest.Top(t), nil, "git", "rev-parse", "HEAD").CombinedOutput(); err != nil {
		repotest.Unavailable(t, "what the last commit gives: %v\n%s", err, out)
	}
	dir := filepath.Join(t.TempDir(), "proxypatch")
	repotest.Output(t, repotest.Command("", nil, "git", "clone", "-q", "--no-tags", repotest.Top(t), dir))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
