package patchset

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConflict(t *testing.T) {
	nine := numbers(1, 9)
	expected := strings.Split(strings.TrimSuffix(numbers(2, 8), "\n"), "\n")
	changed := func(old, new string) []string {
		return strings.Split(strings.Replace(strings.Join(expected, "\n"), old, new, 1), "\n")
	}
	for name, test := range map[string]struct {
		diff, old string
		want      *Conflict
	}{
		"a line differs": {
			middle, strings.Replace(nine, "line e", "line E", 1),
			&Conflict{1, 1, 2, expected, 2, changed("line e", "line E"), 3},
		},
		"moved down and changed": {
			middle, "new\nnew\n" + strings.Replace(nine, "line d", "line D", 1),
			&Conflict{1, 1, 2, expected, 4, changed("line d", "line D"), 2},
		},
		"the nearer of two": {
			middle, strings.Replace(nine, "line d", "line D", 1) + strings.Replace(nine, "line d", "line D", 1),
			&Conflict{1, 1, 2, expected, 2, changed("line d", "line D"), 2},
		},
		"most lines further down": {
			middle, "line b\nline c\n" + strings.Replace(nine, "line d", "line D", 1),
			&Conflict{1, 1, 2, expected, 4, changed("line d", "line D"), 2},
		},
		"the file ends": {
			middle, numbers(1, 5),
			&Conflict{1, 1, 2, expected, 2, expected[:4], 4},
		},
		"empty file":       {middle, "", &Conflict{1, 1, 2, expected, 1, []string{}, 0}},
		"nothing is there": {middle, "x\ny\nz\n", &Conflict{1, 1, 2, expected, 2, []string{"y", "z"}, 0}},
		"CRLF throughout": {
			middle, strings.ReplaceAll(strings.Replace(nine, "line e", "line E", 1), "\n", "\r\n"),
			&Conflict{1, 1, 2, expected, 2, changed("line e", "line E"), 3},
		},
		"CRLF in one line": {
			middle, strings.Replace(nine, "line c\n", "line c\r\n", 1),
			&Conflict{1, 1, 2, expected, 2, changed("line c", "line c\r"), 1},
		},
		"should have ended": {
			header + "@@ -2,2 +2,3 @@\n two\n three\n+four\n", "one\ntwo\nthree\nnew\n",
			&Conflict{1, 1, 2, []string{"two", "three"}, 2, []string{"two", "three", "new"}, 2},
		},
		"no final newline expected": {
			header + "@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n\\ No newline at end of file\n", "one\ntwo\n",
			&Conflict{1, 1, 1, []string{"one", "two (no newline at the end)"}, 1, []string{"one", "two"}, 1},
		},
		"no final newline found": {
			header + "@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n", "one\ntwo",
			&Conflict{1, 1, 1, []string{"one", "two"}, 1, []string{"one", "two (no newline at the end)"}, 1},
		},
		"all there, but not at the start": {header + "@@ -1,2 +1,3 @@\n+zero\n one\n two\n", "new\none\ntwo\n", nil},
		"on, and changed since": {
			middle, strings.Replace(strings.Replace(nine, "line e", "LINE E", 1), "line g", "line G", 1),
			&Conflict{1, 1, 2, changed("line e", "LINE E"), 2, changed("line e\nline f\nline g", "LINE E\nline f\nline G"), 5},
		},
		"one of two is on, the other was": {
			header + "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n@@ -7,3 +7,4 @@\n g\n h\n i\n+j\n", "A\nb\nc\nd\ne\nf\nG\nh\ni\nj\n",
			&Conflict{2, 2, 7, []string{"g", "h", "i", "j"}, 7, []string{"G", "h", "i", "j"}, 0},
		},
		"one of two is on, the other is not": {
			header + "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n@@ -7,3 +7,4 @@\n g\n h\n i\n+j\n", "A\nb\nc\nd\ne\nf\ng\nh\ni\n",
			&Conflict{1, 2, 1, []string{"a", "b", "c"}, 1, []string{"A", "b", "c"}, 0},
		},
		"made for line 0": {
			header + "@@ -0,2 +1,3 @@\n one\n two\n+three\n", "x\ny\n",
			&Conflict{1, 1, 1, []string{"one", "two"}, 1, []string{"x", "y"}, 0},
		},
		"second of two": {
			header + "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n@@ -7,3 +7,4 @@\n g\n h\n i\n+j\n", "a\nb\nc\nd\ne\nf\ng\nh\nI\n",
			&Conflict{2, 2, 7, []string{"g", "h", "i"}, 7, []string{"g", "h", "I"}, 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			diff := mustParse(t, test.diff)
			_, err := diff.Apply([]byte(test.old))
			failed := (*HunkError)(nil)
			if !errors.As(err, &failed) {
				t.Fatalf("got %v; want a HunkError", err)
			}
			_, got := diff.Conflict([]byte(test.old), failed, false)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// When a diff is reversed, the file is compared with the diff's new side, unless the diff
// was never applied.
func TestConflictOff(t *testing.T) {
	for name, test := range map[string]struct {
		old  string
		want *Conflict
	}{
		"was on":   {"a\nA\nB\nb\nX\n", &Conflict{1, 1, 1, []string{"a", "A", "B", "b", "c"}, 1, []string{"a", "A", "B", "b", "X"}, 4}},
		"never on": {"X\nb\nc\n", &Conflict{1, 1, 1, []string{"a", "b", "c"}, 1, []string{"X", "b", "c"}, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			diff := mustParse(t, header+"@@ -1,3 +1,5 @@\n a\n+A\n+B\n b\n c\n")
			_, err := diff.Reverse([]byte(test.old))
			failed := (*HunkError)(nil)
			if !errors.As(err, &failed) {
				t.Fatalf("got %v; want a HunkError", err)
			}
			_, got := diff.Conflict([]byte(test.old), failed, true)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
