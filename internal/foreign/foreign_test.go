package foreign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
)

// diffOf returns a diff of one line of a file.
func diffOf(path, from, to string) string {
	return "diff --git a/" + path + " b/" + path + "\n--- a/" + path + "\n+++ b/" + path + "\n@@ -1,3 +1,3 @@\n one\n-" + from + "\n+" + to + "\n three\n"
}

func TestPartsOf(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string // the path of each part; with a "?" if it can't be read
	}{
		"nothing":                   {"", nil},
		"no diff":                   {"diff --gi\nx", nil},
		"from the package":          {diffOf("core/x.js", "a", "b"), []string{"core/x.js"}},
		"from the project":          {diffOf("node_modules/next-auth/x.js", "a", "b"), []string{"x.js"}},
		"from a package's own":      {diffOf("node_modules/kit/node_modules/next-auth/x.js", "a", "b"), []string{"x.js"}},
		"two files after a comment": {"why\n" + diffOf("x.js", "a", "b") + diffOf("y.js", "a", "b"), []string{"x.js", "y.js"}},
		"a new file":                {"diff --git a/new.js b/new.js\nnew file mode 100644\n--- /dev/null\n+++ b/new.js\n@@ -0,0 +1 @@\n+x\n", []string{"new.js?"}},
		"without an end":            {"diff --git a/x.js b/x.js", []string{"x.js?"}},
	} {
		var got []string
		for _, p := range partsOf("x.patch", []byte(test.text)) {
			path := p.path
			if p.diff == nil {
				path += "?"
			}
			got = append(got, path)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if n := len(partsOf("x.patch", []byte(strings.Repeat(diffOf("x.js", "a", "b"), 2*maxParts)))); n != maxParts {
		t.Errorf("got %d parts", n)
	}
}

// patch-package accepts files to which it can apply all diffs, or from which it can take
// all off.
func TestFailsLater(t *testing.T) {
	const old, patched, other = "one\ntwo\nthree\n", "one\n2\nthree\n", "one\nII\nthree\n"
	copy := &apply.Copy{Files: []apply.File{{Path: "x.js"}, {Path: "y.js"}}}
	both := diffOf("x.js", "two", "2") + diffOf("y.js", "two", "2")
	for name, test := range map[string]struct {
		tool, text, x, y string
		want             bool
	}{
		"all applied":        {detect.PatchPackage, both, patched, patched, false},
		"none applied":       {detect.PatchPackage, both, old, old, false},
		"one applied":        {detect.PatchPackage, both, patched, old, true},
		"lines are changed":  {detect.PatchPackage, both, other, other, true},
		"of one file":        {detect.PatchPackage, both, patched, other, true},
		"another file":       {detect.PatchPackage, diffOf("z.js", "two", "2"), other, other, false},
		"another tool":       {"npm", both, other, other, false},
		"no diff that reads": {detect.PatchPackage, "diff --git a/x.js b/x.js\n", other, other, false},
	} {
		copy.Files[0].After, copy.Files[1].After = []byte(test.x), []byte(test.y)
		p := &Patch{ForeignPatch: detect.ForeignPatch{Tool: test.tool, Runs: true}, parts: partsOf("x.patch", []byte(test.text)), readable: true}
		if got := p.FailsLater(copy); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
