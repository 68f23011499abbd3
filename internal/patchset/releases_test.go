package patchset

import (
	"testing"

	"github.com/Masterminds/semver/v3"
)

// Both ways to read a range agree with semver.
func TestReleases(t *testing.T) {
	versions := []string{"4.0.1", "4.1.0", "4.1.2", "4.12.3", "4.13.0", "4.13.1", "4.24.15", "4.24.16"}
	for _, text := range []string{
		">=4.1.0 <4.13.0", ">=4.1.0 <=4.13.0", ">=4.24.8 <=4.24.15", ">= 4.1.0, < 4.13.0", "<4.13.0", ">=4.1.0", "4.1.x || 4.13.x", "=4.1.2", "^4.12.0",
	} {
		r, err := ParseReleases(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want, err := semver.NewConstraint(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range versions {
			v := semver.MustParse(version)
			if got := r.include(v); got != want.Check(v) {
				t.Errorf("%s includes %s: %v", text, version, got)
			}
		}
	}
}

func TestReleasesRefuses(t *testing.T) {
	for _, text := range []string{"", "four", ">=4.1.0 <", "<4.x.y"} {
		if r, err := ParseReleases(text); err == nil {
			t.Errorf("%q: got %+v", text, r)
		}
	}
}
