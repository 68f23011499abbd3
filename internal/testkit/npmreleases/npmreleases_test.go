package npmreleases

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	pins, err := parse(table)
	if err != nil {
		t.Fatal(err)
	}
	if got := Format(pins); got != table {
		t.Error("releases.tsv is not as Format writes it")
	}
	for _, p := range pins {
		if !strings.HasPrefix(p.Integrity, "sha512-") {
			t.Errorf("%s %s has the integrity %q", p.Name, p.Version, p.Integrity)
		}
	}
	if len(All()) < 81 {
		t.Errorf("there are %d releases of the first line", len(All()))
	}
}

func TestBrokenTable(t *testing.T) {
	for _, table := range []string{"", "a\t4.2.1\tsha512-x\n", header + "a\t4.2.1\n", header + "a\tfour\tsha512-x\n"} {
		if pins, err := parse(table); err == nil {
			t.Errorf("%q: got %v", table, pins)
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
	packages, err := Fetch(cache, "next-auth", []Release{release})
	if err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "integrity") {
		t.Errorf("got %v, %v", packages, err)
	}
}
