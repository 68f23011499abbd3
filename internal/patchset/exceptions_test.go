package patchset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
)

const (
	gitHeader = "diff --git a/f.js b/f.js\n--- a/f.js\n+++ b/f.js\n"
	abc       = "a\nb\nc\n"
	changeB   = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
)

// TestWhereGitDiffers has a case of each exception that docs/maintaining/patch-format.md lists: git
// applies the diff, and we refuse it or apply it differently.
func TestWhereGitDiffers(t *testing.T) {
	git := difftest.NewGit(t)
	seen := map[string]bool{}
	for _, test := range []struct{ class, content, diff string }{
		{"several places", "x\na\nb\na\nb\nx\n", gitHeader + "@@ -2,2 +2,2 @@\n-a\n+A\n b\n"},
		{beforeSpace, abc, gitHeader + "@@ -2,2 +2,2 @@\n-b\n+B\n c\n\\ No newline at end of file\n"},
		{beforeSpace, "b\nc\nd\nb\nc", gitHeader + "@@ -4,2 +1,2 @@\n-b\n+B\n c\n\\ No newline at end of file\n"},
		{"hunks out of order", "a\nb\nc\nd\ne\nf\n", gitHeader + "@@ -4,3 +4,3 @@\n d\n-e\n+E\n f\n@@ -2,2 +2,2 @@\n-b\n+B\n c\n"},
		{"more than one file", abc, gitHeader + changeB + gitHeader + strings.ReplaceAll(changeB, "b", "B")},
		{"new, deleted, renamed, copied, binary, of another mode", abc, "diff --git a/f.js b/f.js\nold mode 100644\nnew mode 100755\n--- a/f.js\n+++ b/f.js\n" + changeB},
		{"new, deleted, renamed, copied, binary, of another mode", abc, "diff --git a/f.js b/g.js\nrename from f.js\nrename to g.js\n--- a/f.js\n+++ b/g.js\n" + changeB},
		{"new, deleted, renamed, copied, binary, of another mode", abc, "diff --git a/f.js b/g.js\ncopy from f.js\ncopy to g.js\n--- a/f.js\n+++ b/g.js\n" + changeB},
		{"new, deleted, renamed, copied, binary, of another mode", abc, "diff --git a/g.js b/g.js\nnew file mode 100644\n--- /dev/null\n+++ b/g.js\n@@ -0,0 +1 @@\n+a\n"},
		{"new, deleted, renamed, copied, binary, of another mode", abc, "diff --git a/f.js b/f.js\ndeleted file mode 100644\n--- a/f.js\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-a\n-b\n-c\n"},
		{"a hunk without lines on one side", abc, gitHeader + "@@ -4,0 +4 @@\n+d\n"},
		{"text after the last hunk", abc, gitHeader + changeB + "bye\n"},
		{"a marker of a missing newline elsewhere than at a side's end", abc, gitHeader + "@@ -1,3 +1,4 @@\n a\n-b\n+B\n\\ No newline at end of file\n+b\n c\n"},
		{"a header whose lines end in CRLF", strings.ReplaceAll(abc, "\n", "\r\n"), strings.ReplaceAll(gitHeader+changeB, "\n", "\r\n")},
		{"header lines that git does not write", abc, "diff --git a/f.js b/f.js\nindex 123\n--- a/f.js\n+++ b/f.js\n" + changeB},
		{"header lines that git does not write", abc, strings.ReplaceAll(gitHeader, "a/f.js", `"a/f.js"`) + changeB},
		{"a directory without a/ and b/", abc, "--- core/f.js\n+++ core/f.js\n" + changeB},
		{"a Releases: line that gives no range, or a second one", abc, "Releases: four\n\n" + gitHeader + changeB},
		{"no hunk at all", abc, "--- a/f.js\n+++ b/f.js\n@@ -"},
		{"NUL in the diff", "a\nb\x00\nc\n", gitHeader + strings.ReplaceAll(changeB, "b", "b\x00")},
		{lfOnCRLF, strings.ReplaceAll(abc, "\n", "\r\n"), gitHeader + changeB},
	} {
		c := difftest.Case{Content: []byte(test.content), Diff: []byte(test.diff)}
		want, ok := git.Apply(c)
		if ok == (test.class == lfOnCRLF) {
			t.Errorf("%s: git applies it: %v\n%s", test.class, ok, test.diff)
		}
		if class, err := verdict(git, c, want, ok); err != nil || class != test.class {
			t.Errorf("is %q, not %q: %v\n%s", class, test.class, err, test.diff)
		}
		seen[test.class] = true
	}
	for _, e := range exceptions {
		if !seen[e.name] {
			t.Errorf("no case of %q", e.name)
		}
	}
}

// TestRefusedAsGitDoes has diffs that our engine once accepted but git refuses.
func TestRefusedAsGitDoes(t *testing.T) {
	git := difftest.NewGit(t)
	const inMiddle = "--- a/f.js\n+++ b/f.js\n@@ -2 +2 @@\n-b\n+B\n"
	for name, test := range map[string]struct{ content, diff string }{
		"the last line has no end":          {abc, gitHeader + "@@ -2,2 +2,3 @@\n b\n c\n+d"},
		"a sign before a line number":       {abc, gitHeader + strings.Replace(changeB, "+1,3", "++1,3", 1)},
		"a negative line number":            {abc, gitHeader + strings.Replace(changeB, "-1,3", "--1,3", 1)},
		"two slashes":                       {abc, strings.Replace(gitHeader, "- a/", "- a//", 1) + changeB},
		"no directory in a git diff":        {abc, strings.Replace(gitHeader, "- a/", "- ", 1) + changeB},
		"an escape that only Go knows":      {abc, strings.Replace(gitHeader, "- a/f.js", `- "a/\x66.js"`, 1) + changeB},
		"ids, but no context in the middle": {abc, "diff --git a/f.js b/f.js\nindex " + string(patchset.BlobID([]byte(abc))) + ".." + string(patchset.BlobID([]byte("a\nB\nc\n"))) + " 100644\n" + inMiddle},
	} {
		c := difftest.Case{Content: []byte(test.content), Diff: []byte(test.diff)}
		if after, ok := git.Apply(c); ok {
			t.Errorf("%s: git makes %q", name, after)
		}
		if got, err := engine(c); err == nil {
			t.Errorf("%s: we make %q", name, got)
		}
	}
}

// In a diff with both LF and CRLF, line endings are not converted.
func TestDiffWithCRLFIsTakenAsItIs(t *testing.T) {
	c := difftest.Case{
		Content: []byte("a\r\nb\r\nc\r\n"),
		Diff:    []byte(gitHeader + "@@ -1,3 +1,3 @@\n a\r\n-b\r\n+B\n c\r\n"),
	}
	want, _ := difftest.NewGit(t).Apply(c)
	if got, err := engine(c); err != nil || string(got) != string(want) || string(got) != "a\r\nB\nc\r\n" {
		t.Errorf("we make %q, git %q: %v", got, want, err)
	}
}

// Nor are they if the ids say that the diff was made from exactly these bytes.
func TestDiffOfThisContentIsTakenAsItIs(t *testing.T) {
	before, after := "a\r\nb", "a\r\nB\nc\n"
	c := difftest.Case{
		Content: []byte(before),
		Diff: []byte("diff --git a/f.js b/f.js\nindex " + string(patchset.BlobID([]byte(before))) + ".." + string(patchset.BlobID([]byte(after))) +
			" 100644\n--- a/f.js\n+++ b/f.js\n@@ -2 +2,2 @@\n-b\n\\ No newline at end of file\n+B\n+c\n"),
	}
	want, _ := difftest.NewGit(t).Apply(c)
	if got, err := engine(c); err != nil || string(got) != string(want) || string(got) != after {
		t.Errorf("we make %q, git %q: %v", got, want, err)
	}
}

// Ids that pin a content decide only between places that fit, and only if both line
// numbers agree: git uses the new one.
func TestPinnedContentWithWrongNumbers(t *testing.T) {
	content := "x\na\nb\ny\nx\na\nb\ny\nend\n"
	after := "x\na\nB\ny\nx\na\nb\ny\nend\n"
	diff := func(from, to string) []byte {
		return []byte("diff --git a/f.js b/f.js\nindex " + string(patchset.BlobID([]byte(content))) + ".." + string(patchset.BlobID([]byte(after))) +
			" 100644\n--- a/f.js\n+++ b/f.js\n@@ -" + from + ",3 +" + to + ",3 @@\n a\n-b\n+B\n y\n")
	}
	if got, err := engine(difftest.Case{Content: []byte(content), Diff: diff("2", "2")}); err != nil || string(got) != after {
		t.Errorf("%q, %v", got, err)
	}
	var hunk *patchset.HunkError
	if got, err := engine(difftest.Case{Content: []byte(content), Diff: diff("2", "6")}); !errors.As(err, &hunk) || hunk.Places != 2 {
		t.Errorf("%q, %v", got, err)
	}
}

// The harness can fail: a result that differs from git's is in no class.
func TestVerdictFindsDifferences(t *testing.T) {
	git := difftest.NewGit(t)
	c := difftest.Case{Content: []byte(abc), Diff: []byte(gitHeader + changeB)}
	for name, claim := range map[string]difftest.Result{
		"git refuses":            {After: c.Content},
		"git makes other bytes":  {After: []byte("a\nB\nc"), OK: true},
		"git applies, we do not": {After: c.Content, OK: true},
	} {
		other := c
		if name == "git applies, we do not" {
			other.Content = []byte("a\nB\nc\n")
		}
		if class, err := verdict(git, other, claim.After, claim.OK); err == nil {
			t.Errorf("%s: counts as %q", name, class)
		}
	}
}
