// Package security tests the claims of docs/security.md about builds of proxypatch, and
// that each test named there exists.
package security

import "testing"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
