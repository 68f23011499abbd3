// Package security tests what docs/security.md says about how proxypatch is
// built, and that each of the tests that it names is there.
package security

import "testing"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
