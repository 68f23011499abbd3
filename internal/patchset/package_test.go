package patchset

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
)

// twoLines has diffs for files of next-auth and of @auth/core, one with the same path.
func twoLines() fstest.MapFS {
	files := testFS()
	for name, text := range map[string]string{
		"packages/@auth/core/v0.37.1/a.js.diff":              diffFor(">=0.37.1 <0.40.0", "a.js", "c1", "C1"),
		"packages/@auth/core/v0.40.0/a.js.diff":              diffFor(">=0.40.0 <=0.41.3", "a.js", "c2", "C2"),
		"packages/@auth/core/v0.40.0/providers/apple.diff":   diffFor(">=0.40.0 <=0.41.3", "providers/apple", "p", "P"),
		"superseded/1/packages/@auth/core/v0.37.1/a.js.diff": diffFor(">=0.37.1 <0.40.0", "a.js", "c1", "S1"),
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// Each line has its own diffs, and its ranges are of the package that holds the files.
func TestSelectionOfAnotherPackage(t *testing.T) {
	old := map[string][]string{"a.js": {"superseded/1/packages/@auth/core/v0.37.1/a.js.diff"}}
	for name, test := range map[string]struct {
		release string
		want    selected
	}{
		"an older one": {"0.39.1", selected{
			Uncovered: []string{"providers/apple"},
			Wanted:    map[string][]string{"a.js": {"packages/@auth/core/v0.37.1/a.js.diff"}},
			Others:    old,
		}},
		"the newest": {"0.41.3", selected{
			Wanted: map[string][]string{"a.js": {"packages/@auth/core/v0.40.0/a.js.diff"}, "providers/apple": {"packages/@auth/core/v0.40.0/providers/apple.diff"}},
			Others: old,
		}},
		"newer than all": {"0.42.0", selected{
			Newer:  true,
			Wanted: map[string][]string{"a.js": {"packages/@auth/core/v0.40.0/a.js.diff"}, "providers/apple": {"packages/@auth/core/v0.40.0/providers/apple.diff"}},
			Others: old,
		}},
	} {
		library, err := Open(twoLines(), Default)
		if err != nil {
			t.Fatal(err)
		}
		s, err := library.For(line.All[1], test.release)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, selectedOf(t, s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A user's own diff is for the package that its path or its folder names.
func TestPackageOfOwnDiffs(t *testing.T) {
	for _, test := range []struct{ name, path, pkg, want string }{
		{"x.diff", "a.js", "next-auth", "a.js"},
		{"x.diff", "node_modules/next-auth/a.js", "next-auth", "a.js"},
		{"x.diff", "node_modules/@auth/core/lib/a.js", "@auth/core", "lib/a.js"},
		{"@auth/core/x.diff", "lib/a.js", "@auth/core", "lib/a.js"},
		{"@auth/core/x.diff", "node_modules/next-auth/a.js", "next-auth", "a.js"},
		{"@auth/corex/x.diff", "a.js", "next-auth", "a.js"},
		{"packages/@auth/core/v0.41.3/a.js.diff", "a.js", "@auth/core", "a.js"},
		{"@auth/core/x.diff", "core/lib/proxy.js", "@auth/core", "core/lib/proxy.js"},
		{"x.diff", "lib/proxy.js", "next-auth", "lib/proxy.js"},
	} {
		d, err := Parse(test.name, []byte(diffFor("", test.path, "x", "y")))
		if err != nil || d.Package != test.pkg || d.Path != test.want {
			t.Errorf("%s, %s: got %+v, %v", test.name, test.path, d, err)
		}
	}
	for _, test := range []struct{ name, path, want string }{
		{"@auth/core/x.diff", "lib/Proxy.js", "lib/proxy.js is the file that proxypatch adds"},
		{"x.diff", "node_modules/@auth/core/lib/proxy.js", "lib/proxy.js is the file that proxypatch adds"},
		{"x.diff", "node_modules/@auth/core/package.json", "package.json names the release, so it must not be patched"},
		{"x.diff", "node_modules/@auth/core/../x.js", `"../x.js" is not a path inside the package`},
	} {
		if d, err := Parse(test.name, []byte(diffFor("", test.path, "x", "y"))); err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s, %s: got %+v, %v", test.name, test.path, d, err)
		}
	}
}

// Own diffs go to their line. Without any diff, a line says so.
func TestAddToLine(t *testing.T) {
	own, err := Parse("@auth/core/x.diff", []byte(diffFor("", "a.js", "x", "y")))
	if err != nil {
		t.Fatal(err)
	}
	library, err := Open(twoLines(), None)
	if err != nil || !library.Empty() {
		t.Fatal(err, library)
	}
	if err := library.Add([]*Diff{own}); err != nil || library.Empty() {
		t.Fatal(err)
	}
	four, err := library.For(line.All[0], "4.2.1")
	if err != nil || four.Nothing == nil || four.Nothing.Reason != "none of your diffs is for next-auth" {
		t.Errorf("got %+v, %v", four, err)
	}
	five, err := library.For(line.All[1], "0.41.3")
	if err != nil || five.Nothing != nil || len(selectedOf(t, five).Wanted["a.js"]) != 1 {
		t.Errorf("got %+v, %v", five, err)
	}
}

// Each form has a helper of its own.
func TestHelperOfLine(t *testing.T) {
	files := twoLines()
	files["helper/proxy.mjs"] = &fstest.MapFile{Data: []byte("// proxypatch helper revision 7 sha256:9e2ec912af5dff2a72300863864fc4da04e81999339d9fac5c7590ba8a3f4e11\nbody\n")}
	library, err := Open(files, Default)
	if err != nil {
		t.Fatal(err)
	}
	four, err := library.For(line.All[0], "4.2.1")
	if err != nil || four.Helper.Revision != 2 {
		t.Fatal(four, err)
	}
	five, err := library.For(line.All[1], "0.41.3")
	if err != nil || five.Helper.Revision != 7 {
		t.Fatal(five, err)
	}
	if state, err := five.ClassifyHelper(four.Helper.Content); state != Outdated {
		t.Errorf("the older helper of another form is %s, %v", state, err)
	}
	if state, err := five.ClassifyHelper(five.Helper.Content); state != Patched {
		t.Errorf("its own is %s, %v", state, err)
	}
	if !RefersToHelper(line.All[1], "providers/x.js", []byte(`import { proxyFetch as fetch } from "../lib/proxy.js";`)) || RefersToHelper(line.All[1], "providers/x.js", []byte(`require("../core/lib/proxy")`)) {
		t.Error("which files load the helper depends on the line")
	}
}

// A content that makes no request needs no diff.
func TestCleanContent(t *testing.T) {
	l := *line.All[1]
	l.Clean = map[string][]string{"providers/apple": {string(BlobID([]byte("clean\n")))}}
	library, err := Open(twoLines(), Default)
	if err != nil {
		t.Fatal(err)
	}
	library.lines[&l] = library.lines[line.All[1]]
	s, err := library.For(&l, "0.39.1")
	if err != nil || len(s.Uncovered) != 1 {
		t.Fatal(s, err)
	}
	if gap := s.Uncovered[0]; !gap.Clean([]byte("clean\n")) || gap.Clean([]byte("other\n")) {
		t.Errorf("got %+v", gap)
	}
}
