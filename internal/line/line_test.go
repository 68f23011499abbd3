package line

import (
	"errors"
	"path"
	"slices"
	"testing"
)

func TestUnsupportedReleases(t *testing.T) {
	for _, release := range []string{"", "four", "4.2", "v4.2.1", "1.12.1", "2.2.0", "3.0.0-beta.1", "4.0.0-next.15", "4.0.0-beta.7", "4.2.1-beta.1", "5.0.0-alpha.1", "5.0.0-beta.4", "5.0.0-beta.22", "6.0.0"} {
		var unsupported *UnsupportedError
		if l, err := Of(release); !errors.As(err, &unsupported) || unsupported.Hint.Text == "" {
			t.Errorf("%q: got %+v, %v; want an UnsupportedError with a hint", release, l, err)
		}
	}
}

func TestVariables(t *testing.T) {
	for i, want := range [][]string{{"NEXTAUTH_PROXY"}, {"NEXTAUTH_PROXY", "AUTH_PROXY"}, {"NEXTAUTH_PROXY"}} {
		if got := All[i].Variables("PROXY"); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", All[i].Name, got, want)
		}
	}
}

func TestOf(t *testing.T) {
	for release, want := range map[string]string{
		"3.0.0": "next-auth 3", "3.29.10": "next-auth 3", "3.30.0": "next-auth 3", "4.0.0": "next-auth 3",
		"4.0.1": "next-auth 4", "4.24.15": "next-auth 4", "4.99.0": "next-auth 4",
		"5.0.0-beta.23": "next-auth 5", "5.0.0-beta.32": "next-auth 5", "5.0.0-rc.1": "next-auth 5", "5.0.0": "next-auth 5", "5.1.0": "next-auth 5",
	} {
		if l, err := Of(release); err != nil || l.Name != want {
			t.Errorf("%s: got %+v, %v; want %s", release, l, err, want)
		}
	}
}

// The values agree with each other, and the first line holds its own files.
func TestLines(t *testing.T) {
	if All[0].Package != NextAuth {
		t.Errorf("hints would suggest %s", All[0].Name)
	}
	for _, l := range All {
		for _, release := range []string{l.First, l.Last} {
			if of, err := Of(release); err != nil || of != l {
				t.Errorf("%s: %s is of %+v, %v", l.Name, release, of, err)
			}
		}
		if (l.Folder == "") != (l.Package == NextAuth) || !slices.Contains(Packages(), l.Package) || PackageOf(path.Join(l.Folder, "v1/x.js.diff")) != l.Package {
			t.Errorf("%s: the folder %q does not lead to %s", l.Name, l.Folder, l.Package)
		}
		if l.Calls.Driver == "" || l.Source() == "" || l.Mark == "" || l.Extend == "" || l.Spec == "" || l.Range == "" {
			t.Errorf("%+v lacks a value", l)
		}
	}
}

// A release with a number of another line gets the diffs of a number of its own line.
func TestNumber(t *testing.T) {
	renumbered := 0
	for _, l := range All {
		renumbered += len(l.Renumbered)
		for release, number := range l.Renumbered {
			if of, err := Of(number); err != nil || of != l || l.Number(release) != number {
				t.Errorf("%s: %s counts as %s, of %+v, %v", l.Name, release, number, of, err)
			}
			if l.RangeOf(release) != release || l.ExtendOf(release) != l.Package+"@"+release {
				t.Errorf("%s: %s is selected by %s and extended as %s", l.Name, release, l.RangeOf(release), l.ExtendOf(release))
			}
		}
		if l.RangeOf(l.Last) != l.Range || l.ExtendOf(l.Last) != l.Extend {
			t.Errorf("%s: %s is selected by %s and extended as %s", l.Name, l.Last, l.RangeOf(l.Last), l.ExtendOf(l.Last))
		}
		if l.Number(l.Last) != l.Last {
			t.Errorf("%s: %s counts as %s", l.Name, l.Last, l.Number(l.Last))
		}
	}
	if renumbered == 0 {
		t.Error("no release has a number of another line")
	}
}
