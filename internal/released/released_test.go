package released

import (
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
