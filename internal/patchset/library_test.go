package patchset

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
)

func diffFor(releases, path, from, to string) string {
	header := ""
	if releases != "" {
		header = "Releases: " + releases + "\n"
	}
	return header + "diff --git a/" + path + " b/" + path + "\n" +
		"index " + string(BlobID([]byte(from+"\n"))) + ".." + string(BlobID([]byte(to+"\n"))) + " 100644\n" +
		"--- a/" + path + "\n+++ b/" + path + "\n@@ -1 +1 @@\n-" + from + "\n+" + to + "\n"
}

func testFS() fstest.MapFS {
	helper := &fstest.MapFile{Data: []byte("// proxypatch helper revision 2 sha256:54cf25904acf2628db2a19df10603f844fd80d775ee228b382a58a968648c56f\nhelper\n")}
	files := fstest.MapFS{"helper/proxy.js": helper, "helper/proxy.mjs": helper}
	for name, text := range map[string]string{
		"v4.2.1/a.js.diff":                diffFor(">=4.0.1 <4.10.0", "a.js", "a1", "A1"),
		"v4.10.0/a.js.diff":               diffFor(">=4.10.0 <=4.24.15", "a.js", "a2", "A2"),
		"v4.2.1/b.js.diff":                diffFor(">=4.2.0 <=4.24.15", "b.js", "b", "B"),
		"v4.11.0/new.js.diff":             diffFor(">=4.11.0 <=4.24.15", "new.js", "n", "N"),
		"tutorial/v4.2.1/a.js.diff":       diffFor(">=4.0.1 <4.10.0", "a.js", "a1", "T1"),
		"superseded/1/v4.2.1/old.js.diff": diffFor(">=4.0.1 <4.10.0", "old.js", "o", "O"),
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// selected describes a Selection with names: path, wanted diffs, others.
type selected struct {
	Newer     bool
	Uncovered []string
	Wanted    map[string][]string
	Others    map[string][]string
}

func selectedOf(t *testing.T, s *Selection) selected {
	t.Helper()
	got := selected{Newer: s.Newer, Wanted: map[string][]string{}, Others: map[string][]string{}}
	for _, gap := range s.Uncovered {
		got.Uncovered = append(got.Uncovered, gap.Path)
	}
	for _, target := range s.Targets {
		for _, d := range target.Diffs(nil) {
			got.Wanted[target.Path] = append(got.Wanted[target.Path], d.Name)
		}
		others, err := target.Others()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range others {
			got.Others[target.Path] = append(got.Others[target.Path], d.Name)
		}
	}
	return got
}

func TestSelection(t *testing.T) {
	tutorialAndOld := map[string][]string{"a.js": {"tutorial/v4.2.1/a.js.diff"}, "old.js": {"superseded/1/v4.2.1/old.js.diff"}}
	for name, test := range map[string]struct {
		set, release string
		own          string
		want         selected
	}{
		"a release": {Default, "4.2.1", "", selected{
			Uncovered: []string{"new.js"},
			Wanted:    map[string][]string{"a.js": {"v4.2.1/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"}},
			Others:    tutorialAndOld,
		}},
		"another": {Default, "4.12.0", "", selected{
			Wanted: map[string][]string{"a.js": {"v4.10.0/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"}, "new.js": {"v4.11.0/new.js.diff"}},
			Others: tutorialAndOld,
		}},
		"before a file's first": {Default, "4.1.0", "", selected{
			Uncovered: []string{"b.js", "new.js"},
			Wanted:    map[string][]string{"a.js": {"v4.2.1/a.js.diff"}},
			Others:    tutorialAndOld,
		}},
		"newer than all": {Default, "4.24.16", "", selected{
			Newer:  true,
			Wanted: map[string][]string{"a.js": {"v4.10.0/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"}, "new.js": {"v4.11.0/new.js.diff"}},
			Others: tutorialAndOld,
		}},
		"the tutorial": {Tutorial, "4.2.1", "", selected{
			Wanted: map[string][]string{"a.js": {"tutorial/v4.2.1/a.js.diff"}},
			Others: map[string][]string{
				"a.js": {"v4.10.0/a.js.diff", "v4.2.1/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"},
				"new.js": {"v4.11.0/new.js.diff"}, "old.js": {"superseded/1/v4.2.1/old.js.diff"},
			},
		}},
		"the tutorial, of a later release": {Tutorial, "4.12.0", "", selected{
			Uncovered: []string{"a.js"},
			Wanted:    map[string][]string{},
			Others: map[string][]string{
				"a.js": {"v4.10.0/a.js.diff", "v4.2.1/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"},
				"new.js": {"v4.11.0/new.js.diff"}, "old.js": {"superseded/1/v4.2.1/old.js.diff"},
			},
		}},
		"one's own after the set's": {Default, "4.12.0", diffFor("", "a.js", "A2", "mine"), selected{
			Wanted: map[string][]string{"a.js": {"v4.10.0/a.js.diff", "own"}, "b.js": {"v4.2.1/b.js.diff"}, "new.js": {"v4.11.0/new.js.diff"}},
			Others: tutorialAndOld,
		}},
		"one's own does not make a release newer": {Default, "4.24.16", diffFor(">=4.0.1", "a.js", "A2", "mine"), selected{
			Newer:  true,
			Wanted: map[string][]string{"a.js": {"v4.10.0/a.js.diff", "own"}, "b.js": {"v4.2.1/b.js.diff"}, "new.js": {"v4.11.0/new.js.diff"}},
			Others: tutorialAndOld,
		}},
		"one's own that leaves the release out": {Default, "4.12.0", diffFor(">=4.0.1 <4.2.0", "a.js", "A2", "mine"), selected{
			Uncovered: []string{"a.js"},
			Wanted:    map[string][]string{"a.js": {"v4.10.0/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"}, "new.js": {"v4.11.0/new.js.diff"}},
			Others:    tutorialAndOld,
		}},
		"one's own alone does not make a release newer": {None, "4.12.0", diffFor(">=4.0.1 <4.2.0", "mine.js", "m", "M"), selected{
			Uncovered: []string{"mine.js"},
			Wanted:    map[string][]string{},
			Others: map[string][]string{
				"a.js": {"tutorial/v4.2.1/a.js.diff", "v4.10.0/a.js.diff", "v4.2.1/a.js.diff"}, "b.js": {"v4.2.1/b.js.diff"},
				"new.js": {"v4.11.0/new.js.diff"}, "old.js": {"superseded/1/v4.2.1/old.js.diff"},
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			library, err := Open(testFS(), test.set)
			if err != nil {
				t.Fatal(err)
			}
			if test.own != "" {
				own, err := Parse("own", []byte(test.own))
				if err != nil {
					t.Fatal(err)
				}
				if err := library.Add([]*Diff{own}); err != nil {
					t.Fatal(err)
				}
			}
			s, err := library.For(line.All[0], test.release)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, selectedOf(t, s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An embedded diff with an open range would match releases that no one has checked.
func TestOpenRangeIsNotEmbedded(t *testing.T) {
	for _, releases := range []string{"", ">=4.0.1", "<=4.24.15", "4.x"} {
		files := testFS()
		files["v4.2.1/b.js.diff"].Data = []byte(diffFor(releases, "b.js", "b", "B"))
		if _, err := Open(files, Default); err == nil || !strings.HasPrefix(err.Error(), "v4.2.1/b.js.diff: ") {
			t.Errorf("%q: got %v", releases, err)
		}
	}
}

// In a newer release an unchanged file gets the diff of its content.
func TestNewerReleaseWithKnownContent(t *testing.T) {
	library, err := Open(testFS(), Default)
	if err != nil {
		t.Fatal(err)
	}
	s, err := library.For(line.All[0], "4.24.99")
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		"a1\n": "v4.2.1/a.js.diff", "A1\n": "v4.2.1/a.js.diff", "a2\n": "v4.10.0/a.js.diff", "other\n": "v4.10.0/a.js.diff",
	} {
		if got := s.Targets[0].Diffs([]byte(content)); len(got) != 1 || got[0].Name != want {
			t.Errorf("%q: got %v, want %s", content, got, want)
		}
	}
}

func TestParseHelper(t *testing.T) {
	const good = "// proxypatch helper revision 7 sha256:9e2ec912af5dff2a72300863864fc4da04e81999339d9fac5c7590ba8a3f4e11\nbody\n"
	if h, ok := ParseHelper([]byte(good)); !ok || h.Revision != 7 {
		t.Errorf("got %+v, %v", h, ok)
	}
	for name, content := range map[string]string{
		"empty":        "",
		"no marker":    "\"use strict\";\n",
		"body changed": good + " ",
		"no body":      "// proxypatch helper revision 7 sha256:",
		"not in front": "\n" + good,
	} {
		if _, ok := ParseHelper([]byte(content)); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}
