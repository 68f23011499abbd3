package foreign

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
	"github.com/proxypatch/proxypatch/patches"
)

// embedded returns the diffs of a release, without the lines before them.
func embedded(t *testing.T, release *patchset.Selection) []string {
	t.Helper()
	var all []string
	for _, target := range release.Targets {
		for _, diff := range target.Diffs(nil) {
			data, err := fs.ReadFile(patches.FS, diff.Name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(data[bytes.Index(data, []byte("diff --git ")):]))
		}
	}
	return all
}

func TestOrigin(t *testing.T) {
	for _, test := range []struct {
		of       *line.Line
		release  string
		other    string // a release with other diffs
		tutorial bool   // the tutorial has diffs for that one
	}{
		{line.All[0], "4.24.15", "4.2.1", true},
		{line.All[1], "0.41.3", "0.34.2", false},
	} {
		t.Run(test.of.Name, func(t *testing.T) { testOrigin(t, test.of, test.release, test.other, test.tutorial) })
	}
}

func testOrigin(t *testing.T, of *line.Line, release, other string, tutorial bool) {
	t.Helper()
	libraries := map[string]*patchset.Library{}
	diffs := func(set, release string) []string {
		t.Helper()
		library, err := patchset.Open(patches.FS, set)
		if err != nil {
			t.Fatal(err)
		}
		libraries[set] = library
		selection, err := library.For(of, release)
		if err != nil {
			t.Fatal(err)
		}
		return embedded(t, selection)
	}
	source, err := fs.ReadFile(patches.FS, of.Source())
	if err != nil {
		t.Fatal(err)
	}
	stamped := func(revision int) string { return string(stamp.Helper(source, revision)) }
	adds := func(at, content string) string { return string(patchset.Format(at, nil, []byte(content), 0o644)) }
	helper, older := adds(of.Helper, string(source)), adds(of.Helper, stamped(1))
	wanted := diffs(patchset.Default, release)
	ours := strings.Join(wanted, "")
	own := "diff --git a/index.js b/index.js\n--- a/index.js\n+++ b/index.js\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
	for name, c := range map[string]struct {
		text string
		want Origin
	}{
		"as export writes it":           {helper + ours, Current},
		"in another order":              {ours + helper, Current},
		"from the project":              {strings.NewReplacer(" a/", " a/node_modules/"+of.Package+"/", " b/", " b/node_modules/"+of.Package+"/").Replace(helper) + ours, Current},
		"with the line ends of Windows": {strings.ReplaceAll(helper+ours, "\n", "\r\n"), Current},
		"of an older proxypatch":        {older + ours, Outdated},
		"of a newer proxypatch":         {adds(of.Helper, stamped(9999)) + ours, Newer},
		"of another release":            {helper + strings.Join(diffs(patchset.Default, other), ""), Outdated},
		"without the helper":            {ours, Outdated},
		"without a file":                {helper + strings.Join(wanted[1:], ""), Outdated},
		"twice":                         {helper + ours + wanted[0], Outdated},
		"of somebody else":              {own, Stranger},
		"nothing":                       {"", Stranger},
		"joined":                        {helper + ours + own, Mixed},
		"the helper was changed":        {adds(of.Helper, string(source)+"\n") + ours, Mixed},
		"the helper is elsewhere":       {adds(path.Dir(of.Helper)+"/other.js", string(source)) + ours, Mixed},
		"a line was changed":            {helper + strings.Replace(ours, "\n+", "\n+ ", 1), Mixed},
	} {
		p := &Patch{parts: partsOf("x.patch", []byte(c.text)), readable: true}
		got, err := p.Origin(libraries[patchset.Default], of, release)
		if err != nil || got != c.want {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if !tutorial {
		return
	}
	p := &Patch{parts: partsOf("x.patch", []byte(strings.Join(diffs(patchset.Tutorial, other), ""))), readable: true}
	for set, want := range map[string]Origin{patchset.Default: Outdated, patchset.Tutorial: Current} {
		if got, err := p.Origin(libraries[set], of, other); err != nil || got != want {
			t.Errorf("the tutorial's, for the set %s: got %v, %v", set, got, err)
		}
	}
}
