package patchset_test

import (
	"testing"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
)

// A diff changes the file that git apply changes, or is refused.
func TestHeaders(t *testing.T) {
	git := difftest.NewGit(t)
	files := []string{
		"f.js", "f.js.new", "f.js.orig", "g.js", "my f.js", "my f.js.new", "a/f.js", "a/f.js.new", "b/f.js", "b/f.js.new",
		"core/f.js", "core/f.js.new", "core/g.js", "core/core/f.js", "new/core/f.js", "old/core/f.js", "lib/f.js", "lib/f.js.new",
	}
	const refused = ""
	for _, test := range []struct{ header, want string }{
		{"diff --git a/f.js b/f.js\n--- a/f.js\n+++ b/f.js\n", "f.js"},
		{"diff --git a/core/f.js b/core/f.js\n--- a/core/f.js\n+++ b/core/f.js\n", "core/f.js"},
		{"diff --git a/f.js b/f.js\nindex 1111111..2222222 100644\n", "f.js"},
		{"diff --git a/f.js b/f.js\n--- a/f.js\n", refused},
		{"diff --git a/my f.js b/my f.js\n--- a/my f.js\t\n+++ b/my f.js\t\n", "my f.js"},
		{"diff --git a/f.js b/f.js\n--- a/f.js\t2026-01-01 00:00:00 +0000\n+++ b/f.js\t2026-01-01 00:00:00 +0000\n", "f.js"},
		{"diff --git a/f.js b/f.js\n--- a/f.js\t1970-01-01 00:00:00 +0000\n+++ b/f.js\n", "f.js"},
		{"diff --git i/f.js w/f.js\n--- i/f.js\n+++ w/f.js\n", "f.js"},
		{"diff --git a/f.js b/f.js.new\n--- a/f.js\n+++ b/f.js.new\n", refused},
		{"diff --git a/f.js b/f.js\n--- a/f.js\n+++ b/f.js.new\n", refused},
		{"diff --git a/g.js b/g.js\n--- a/f.js\n+++ b/f.js\n", "f.js"},
		{"diff --git a/f.js b/g.js\n--- a/f.js\n+++ b/f.js\n", "f.js"},
		{"diff --git a/f.js b/f.js\n--- /dev/null\n+++ b/f.js\n", refused},
		{"diff --git a/f.js b/f.js\n--- a/f.js\n+++ /dev/null\n", refused},
		{"diff --git f.js f.js\n--- f.js\n+++ f.js\n", refused},
		{"diff --git core/f.js core/f.js\n--- core/f.js\n+++ core/f.js\n", "f.js"},
		{"diff --git \"a/f.js\" \"b/f.js\"\n--- \"a/f.js\"\n+++ \"b/f.js\"\n", refused},

		{"--- a/f.js\n+++ b/f.js\n", "f.js"},
		{"--- a/core/f.js\n+++ b/core/f.js\n", "core/f.js"},
		{"--- a/f.js\n+++ b/f.js.new\n", "f.js"},
		{"--- a/core/f.js\n+++ b/core/f.js.new\n", "core/f.js"},
		{"--- a/f.js.orig\n+++ b/f.js\n", "f.js"},
		{"--- a/core/g.js\n+++ b/core/f.js\n", "core/f.js"},
		{"--- b/f.js\n+++ a/f.js.new\n", "f.js"},
		{"--- a/f.js\n+++ a/f.js\n", "f.js"},
		{"--- a/my f.js\n+++ b/my f.js.new\n", "my f.js"},
		{"--- a/f.js\t2026-01-01 00:00:00.000000000 +0000\n+++ b/f.js.new\t2026-01-01 00:00:00.000000000 +0000\n", "f.js"},
		{"--- a/f.js\t2026-01-01 00:00:00 +0000\n+++ b/f.js\n", "f.js"},
		{"--- a/f.js 2026-01-01 00:00:00 +0000\n+++ b/f.js 2026-01-01 00:00:00 +0000\n", refused},
		{"--- a/f.js\t1970-01-01 00:00:00 +0000\n+++ b/f.js\n", refused},
		{"--- a/f.js\tx\t1970-01-01 00:00:00 +0000\n+++ b/f.js\n", refused},
		{"--- a/f.js\n+++ b/f.js\t1970-01-01 00:00:00 +0000\n", refused},
		{"--- /dev/null\n+++ b/f.js\n", refused},
		{"--- a/f.js\n+++ /dev/null\n", refused},
		{"--- \"a/f.js\"\n+++ \"b/f.js\"\n", refused},
		{"--- a/f.js\n+++ \"b/f.js.new\"\n", refused},
		{"--- a//f.js\n+++ b//f.js\n", refused},

		{"--- f.js\n+++ f.js\n", "f.js"},
		{"--- f.js\n+++ f.js.new\n", "f.js"},
		{"--- f.js.orig\n+++ f.js\n", "f.js"},
		{"--- f.js\n+++ b/f.js\n", "f.js"},
		{"--- f.js\n+++ b/f.js.new\n", "f.js.new"},
		{"--- a/f.js\n+++ f.js\n", "f.js"},
		{"--- a/f.js\n+++ f.js.new\n", "f.js.new"},
		{"--- lib/f.js\n+++ b/core/f.js\n", "core/f.js"},
		{"--- core\n+++ core/f.js\n", refused},
		{"--- f.js\n+++ core/f.js\n", refused},
		{"--- old/core/f.js\n+++ new/core/f.js\n", refused},
		{"--- lib/f.js\n+++ core/f.js.new\n", refused},
	} {
		diff := []byte(test.header + changeB)
		d, err := patchset.Parse("x.diff", diff)
		got := refused
		if err == nil {
			got = d.Path
		}
		theirs := git.Target([]byte(abc), diff, files)
		if got != test.want || got != refused && got != theirs {
			t.Errorf("goes to %q, want %q, git's %q: %v\n%s", got, test.want, theirs, err, test.header)
		}
	}
}

// Names that begin with neither a/ nor b/ are kept whole, as with git apply -p0.
func TestHeadersWithoutPrefix(t *testing.T) {
	git := difftest.NewGit(t)
	files := []string{"f.js", "f.js.new", "core/f.js", "core/f.js.new", "core/lib/f.js"}
	for header, want := range map[string]string{
		"--- core/f.js\n+++ core/f.js\n":         "core/f.js",
		"--- core/f.js\n+++ core/f.js.new\n":     "core/f.js",
		"--- core/f.js.new\n+++ core/f.js\n":     "core/f.js",
		"--- core/lib/f.js\n+++ core/lib/f.js\n": "core/lib/f.js",
	} {
		diff := []byte(header + changeB)
		d, err := patchset.Parse("x.diff", diff)
		if err != nil {
			t.Errorf("%v\n%s", err, header)
			continue
		}
		if theirs := git.Target([]byte(abc), diff, files, "-p0"); d.Path != want || d.Path != theirs {
			t.Errorf("goes to %q, want %q, git's %q\n%s", d.Path, want, theirs, header)
		}
	}
}
