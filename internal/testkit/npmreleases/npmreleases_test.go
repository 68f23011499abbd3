package npmreleases

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	releases, err := parse(table)
	if err != nil {
		t.Fatal(err)
	}
	if got := Format(releases); got != table {
		t.Error("releases.tsv is not as Format writes it")
	}
	for _, r := range releases {
		if !strings.HasPrefix(r.Integrity, "sha512-") {
			t.Errorf("%s has the integrity %q", r.Version, r.Integrity)
		}
	}
}

func TestBrokenTable(t *testing.T) {
	for _, table := range []string{"", "4.2.1\tsha512-x\n", header + "4.2.1\n", header + "four\tsha512-x\n"} {
		if releases, err := parse(table); err == nil {
			t.Errorf("%q: got %v", table, releases)
		}
	}
}

// Bytes that differ from the pinned ones are never used, even from the cache.
func TestWrongIntegrity(t *testing.T) {
	cache := t.TempDir()
	release := All()[0]
	if err := os.WriteFile(Pin{Name: "next-auth", Version: release.Version}.file(cache), []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	packages, err := Fetch(cache, []Release{release})
	if err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "integrity") {
		t.Errorf("got %v, %v", packages, err)
	}
}
