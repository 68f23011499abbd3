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
			if d := cmp.Diff(test.want, diff.Conflict([]byte(test.old), failed)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
