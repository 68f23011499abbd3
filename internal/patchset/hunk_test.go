package patchset

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// numbers returns the lines from..to, each with its number.
func numbers(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		b.WriteString("line " + string(rune('a'+i-1)) + "\n")
	}
	return b.String()
}

const header = "diff --git a/f.js b/f.js\n--- a/f.js\n+++ b/f.js\n"

// middle changes line e of numbers(1, 9).
const middle = header + "@@ -2,7 +2,7 @@\n line b\n line c\n line d\n-line e\n+LINE E\n line f\n line g\n line h\n"

func TestApplyAndReverse(t *testing.T) {
	nine := numbers(1, 9)
	changed := strings.Replace(nine, "line e", "LINE E", 1)
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	for name, test := range map[string]struct {
		diff, old, want string
	}{
		"where it says":      {middle, nine, changed},
		"moved down":         {middle, "x\ny\n" + nine, "x\ny\n" + changed},
		"moved up":           {middle, strings.TrimPrefix(nine, "line a\n"), strings.TrimPrefix(changed, "line a\n")},
		"CRLF stays CRLF":    {middle, crlf(nine), crlf(changed)},
		"byte order mark":    {middle, "\ufeff" + nine, "\ufeff" + changed},
		"invalid UTF-8":      {middle, nine + "\xff\xfe\x00", changed + "\xff\xfe\x00"},
		"no newline far off": {middle, nine + "end", changed + "end"},
		"mixed endings elsewhere": {
			middle, nine + "other\r\n", changed + "other\r\n",
		},
		"no newline at the end, kept": {
			header + "@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n\\ No newline at end of file\n",
			"one\ntwo", "ONE\ntwo",
		},
		"no newline at the end, added": {
			header + "@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+two\n",
			"one\ntwo", "one\ntwo\n",
		},
		"no newline at the end, removed, CRLF": {
			header + "@@ -1,2 +1,2 @@\n one\n-two\n+two\n\\ No newline at end of file\n",
			"one\r\ntwo\r\n", "one\r\ntwo",
		},
		"start of the file": {
			header + "@@ -1,2 +1,3 @@\n+zero\n one\n two\n",
			"one\ntwo\nthree\n", "zero\none\ntwo\nthree\n",
		},
		"end of the file": {
			header + "@@ -2,2 +2,3 @@\n two\n three\n+four\n",
			"one\ntwo\nthree\n", "one\ntwo\nthree\nfour\n",
		},
		"less context in the middle, as git takes it": {
			header + "@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n four\n",
			"zero\none\ntwo\nthree\nfour\nfive\n", "zero\none\ntwo\nTHREE\nfour\nfive\n",
		},
		"two hunks, moved differently": {
			header + "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n@@ -7,3 +7,4 @@\n g\n h\n i\n+j\n",
			"a\nb\nc\nnew\nd\ne\nf\ng\nh\ni\n", "A\nb\nc\nnew\nd\ne\nf\ng\nh\ni\nj\n",
		},
		"empty context line without its space": {
			header + "@@ -1,3 +1,3 @@\n-a\n+A\n\n b\n",
			"a\n\nb\n", "A\n\nb\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, test.diff)
			got, err := d.Apply([]byte(test.old))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("Apply (-want +got):\n%s", diff)
			}
			back, err := d.Reverse(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.old, string(back)); diff != "" {
				t.Errorf("Reverse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	nine := numbers(1, 9)
	for name, test := range map[string]struct {
		diff, old string
		want      HunkError
	}{
		"context differs":        {middle, strings.Replace(nine, "line c", "line C", 1), HunkError{2, 1, 1, 0}},
		"context lacks a line":   {middle, strings.Replace(nine, "line g\n", "", 1), HunkError{2, 1, 1, 0}},
		"white space differs":    {middle, strings.Replace(nine, "line c", "line  c", 1), HunkError{2, 1, 1, 0}},
		"applied already":        {middle, strings.Replace(nine, "line e", "LINE E", 1), HunkError{2, 1, 1, 0}},
		"two places":             {middle, nine + nine, HunkError{2, 1, 1, 2}},
		"three places":           {middle, nine + nine + nine, HunkError{2, 1, 1, 3}},
		"CRLF where it changes":  {middle, strings.Replace(nine, "line e\n", "line e\r\n", 1), HunkError{2, 1, 1, 0}},
		"CRLF in the context":    {middle, strings.Replace(nine, "line c\n", "line c\r\n", 1), HunkError{2, 1, 1, 0}},
		"empty file":             {middle, "", HunkError{2, 1, 1, 0}},
		"final newline is there": {header + "@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n\\ No newline at end of file\n", "one\ntwo\n", HunkError{1, 1, 1, 0}},
		"not at the start":       {header + "@@ -1,2 +1,3 @@\n+zero\n one\n two\n", "new\none\ntwo\n", HunkError{1, 1, 1, 0}},
		"not at the end":         {header + "@@ -2,2 +2,3 @@\n two\n three\n+four\n", "one\ntwo\nthree\nnew\n", HunkError{2, 1, 1, 0}},
		"no context in the middle": {
			header + "@@ -2 +2 @@\n-two\n+TWO\n", "one\ntwo\nthree\n", HunkError{2, 1, 1, 0},
		},
		"second of two": {
			header + "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n@@ -7,3 +7,4 @@\n g\n h\n i\n+j\n",
			"a\nb\nc\nd\ne\nf\ng\nh\nI\n",
			HunkError{7, 2, 2, 0},
		},
		"out of order": {
			header + "@@ -2,3 +2,3 @@\n b\n-c\n+C\n d\n@@ -7,3 +7,3 @@\n g\n-h\n+H\n i\n",
			"a\ng\nh\ni\nb\nc\nd\n",
			HunkError{7, 2, 2, 1},
		},
		"one applied, one not": {
			header + "@@ -2,3 +2,3 @@\n b\n-c\n+C\n d\n@@ -7,3 +7,3 @@\n g\n-h\n+H\n i\n",
			"a\nb\nC\nd\ne\nf\ng\nh\ni\n",
			HunkError{2, 1, 2, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mustParse(t, test.diff).Apply([]byte(test.old))
			var hunk *HunkError
			if !errors.As(err, &hunk) {
				t.Fatalf("got %q, %v; want a HunkError", got, err)
			}
			if diff := cmp.Diff(test.want, *hunk); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got != nil {
				t.Errorf("returned %q beside the error", got)
			}
		})
	}
}

// In a known content the hunks are where the diff says, even if their lines occur twice.
func TestPinnedContentNeedsNoSearch(t *testing.T) {
	old := numbers(1, 9) + numbers(1, 9)
	changed := strings.Replace(old, "line e", "LINE E", 1)
	index := "index " + string(BlobID([]byte(old))) + ".." + string(BlobID([]byte(changed))) + " 100644\n"
	d := mustParse(t, strings.Replace(middle, "--- ", index+"--- ", 1))
	got, err := d.Apply([]byte(old))
	if err != nil || string(got) != changed {
		t.Errorf("Apply: %v\n%s", err, got)
	}
	back, err := d.Reverse([]byte(changed))
	if err != nil || string(back) != old {
		t.Errorf("Reverse: %v\n%s", err, back)
	}
}

func TestBlobID(t *testing.T) {
	// From git hash-object.
	for content, want := range map[string]ID{
		"":        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
		"hello\n": "ce013625030ba8dba906f756967f9e9ca394464a",
	} {
		if got := BlobID([]byte(content)); got != want {
			t.Errorf("BlobID(%q) = %s, want %s", content, got, want)
		}
	}
}

func mustParse(t *testing.T, text string) *Diff {
	t.Helper()
	d, err := Parse("test.diff", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// onLines returns a text of one line for each letter.
func onLines(letters string) []byte {
	return []byte(strings.Join(append(strings.Split(letters, ""), ""), "\n"))
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		text, wanted string
		want         []int
	}{
		{"aaaa", "aa", []int{0, 1, 2}},
		{"abababc", "ababc", []int{2}},
		{"aabaabaaa", "aabaaa", []int{3}},
		{"abcabcab", "abcab", []int{0, 3}},
		{"ab", "abc", nil},
		{"ab", "", nil},
		{"", "a", nil},
	} {
		text := splitLines(onLines(test.text))
		if got := slices.Collect(find(text, 0, text.count(), bytes.SplitAfter(onLines(test.wanted), []byte("\n"))[:len(test.wanted)])); !slices.Equal(got, test.want) {
			t.Errorf("%q in %q: %v, want %v", test.wanted, test.text, got, test.want)
		}
	}
}
