package patchset

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const hunk = "@@ -1 +1 @@\n-a\n+b\n"
	const from, to = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"
	for name, test := range map[string]struct {
		text string
		want Diff
	}{
		"everything": {
			"Releases: >=4.1.0 <4.13.0\nwhy it is\nand more\n\ndiff --git a/core/x.js b/core/x.js\nindex " + from + ".." + to + " 100644\n--- a/core/x.js\n+++ b/core/x.js\n" + hunk,
			Diff{Path: "core/x.js", Reason: "why it is", Old: from, New: to},
		},
		"plain diff":          {"--- a/core/x.js\n+++ b/core/x.js\n" + hunk, Diff{Path: "core/x.js"}},
		"plain diff, no a, b": {"--- core/x.js\n+++ core/x.js\n" + hunk, Diff{Path: "core/x.js"}},
		"of patch-package": {
			"diff --git a/node_modules/next-auth/core/x.js b/node_modules/next-auth/core/x.js\nindex 1111111..2222222 100644\n--- a/node_modules/next-auth/core/x.js\n+++ b/node_modules/next-auth/core/x.js\n" + hunk,
			Diff{Path: "core/x.js"},
		},
		"blank lines after it": {header + hunk + "\n  \n", Diff{Path: "f.js"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, test.text)
			got := Diff{Path: d.Path, Reason: d.Reason, Old: d.Old, New: d.New}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(Diff{}, Releases{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const hunk = "@@ -1 +1 @@\n-a\n+b\n"
	named := func(path string) string {
		return "diff --git a/" + path + " b/" + path + "\n--- a/" + path + "\n+++ b/" + path + "\n" + hunk
	}
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                   {"", "x:1: contains no diff"},
		"HTML":                      {"<html>\n", "x:1: contains no diff"},
		"two files":                 {named("a.js") + named("b.js"), "x:1: changes 2 files; split it into one diff per file"},
		"no hunk":                   {"diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n", "x:1: has no hunks"},
		"empty hunk":                {header + "@@ -1 +1 @@\n a\n", "x:6: fragment contains no changes"},
		"new file":                  {"why\n\ndiff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n", "x:3: adds a file; only existing files can be patched"},
		"deleted file":              {"diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "x:1: deletes a file; only existing files can be patched"},
		"rename":                    {"diff --git a/f b/g\nsimilarity index 50%\nrename from f\nrename to g\n--- a/f\n+++ b/g\n" + hunk, "x:1: renames or copies a file"},
		"silent rename":             {"diff --git a/f b/g\n--- a/f\n+++ b/g\n" + hunk, "x:1: renames or copies a file"},
		"binary":                    {"diff --git a/f b/f\nindex 1..2\nBinary files a/f and b/f differ\n", "x:1: changes a binary file"},
		"mode":                      {"diff --git a/f b/f\nold mode 100644\nnew mode 100755\n--- a/f\n+++ b/f\n" + hunk, "x:1: changes a file's mode"},
		"symbolic link":             {"diff --git a/f b/f\nindex 1..2 120000\n--- a/f\n+++ b/f\n" + hunk, "x:1: changes something that is not a regular file"},
		"absolute path":             {"--- /etc/x\n+++ /etc/x\n" + hunk, `x:1: "/etc/x" is not a path inside the package`},
		"out of it":                 {named("../x.js"), `x:1: "../x.js" is not a path inside the package`},
		"out, later":                {named("core/../../x.js"), `x:1: "core/../../x.js" is not a path inside the package`},
		"not clean":                 {named("core/./x.js"), `x:1: "core/./x.js" is not a path inside the package`},
		"backslash":                 {"--- a/core\\x.js\n+++ b/core\\x.js\n" + hunk, `x:1: "core\\x.js" is not a path inside the package`},
		"colon":                     {named("c:x.js"), `x:1: "c:x.js" is not a path inside the package`},
		"carriage return":           {strings.ReplaceAll(named("f.js"), "\n", "\r\n"), `x:1: "f.js\r" is not a path inside the package`},
		"NUL":                       {header + "@@ -1 +1 @@\n-a\n+b\x00\n", "x:6: contains a NUL byte; only diffs of text files are supported"},
		"the helper":                {named("core/lib/proxy.js"), "x:1: core/lib/proxy.js is the file that proxypatch adds"},
		"the helper, in capitals":   {named("core/lib/Proxy.js"), "x:1: core/lib/proxy.js is the file that proxypatch adds"},
		"package.json":              {named("package.json"), "x:1: package.json names the release, so it must not be patched"},
		"two ranges":                {"Releases: <5.0.0\nReleases: >=4.0.0\n\n" + named("f.js"), "x:2: duplicate Releases: line"},
		"insertion without context": {header + "@@ -5,0 +6 @@\n+a\n", "x:1: a hunk without context can't be reversed safely; create the diff with at least -U1"},
		"deletion without context":  {header + "@@ -5 +4,0 @@\n-a\n", "x:1: a hunk without context can't be reversed safely; create the diff with at least -U1"},
		"text after it":             {named("f.js") + "\nbye\n", "x:8: unexpected text after the last hunk"},
		"hunk cut short":            {header + "@@ -1,2 +1,2 @@\n-a\n+b\n", "x:5: fragment header miscounts lines: -1 old, -1 new"},
		"hunk without file":         {hunk, "x:1: patch fragment without file header: @@ -1,1 +1,1 @@"},
		"header without its lines":  {"diff --git ", "x:1: git file header: missing filename information"},
		"no range":                  {"why\nReleases: four\n\n" + named("f.js"), `x:2: "four" is not a range of releases`},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Parse("x", []byte(test.text))
			var parse *ParseError
			if !errors.As(err, &parse) {
				t.Fatalf("got %+v, %v; want a ParseError", d, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
