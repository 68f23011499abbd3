package faults

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBuildsAreNotSearched requires that apply and revert look only at the marks of a
// build, and at nothing of it if no file changes.
func TestBuildsAreNotSearched(t *testing.T) {
	needFaults(t)
	template := one.install(t)
	write(t, filepath.Join(template, ".next/BUILD_ID"), []byte("x"))
	write(t, filepath.Join(template, ".next/server/chunks/1.js"), []byte("x"))
	write(t, filepath.Join(template, ".next/server/app/page.js"), []byte("x"))
	marks := []string{".next", ".next/BUILD_ID", ".next/standalone", "server.js"}
	for _, args := range [][]string{{"apply"}, {"apply"}, {"check"}, {"revert"}, {"revert"}} {
		before := treeOf(t, template)
		looked := map[string]bool{}
		r, err := trace(binary(t), template, args, environment(), func(c call) fault {
			name, err := filepath.Rel(template, c.path)
			if err == nil && (strings.HasPrefix(name, ".next") || name == "server.js") && !strings.Contains(name, "cache") && name != ".next/dev" {
				looked[name] = true
			}
			return fault{}
		})
		must(t, err)
		if r.status.ExitStatus() != 0 {
			t.Fatalf("%q: %s", args, r.stderr)
		}
		changed := slices.ContainsFunc(differences(before, treeOf(t, template)), func(name string) bool { return strings.Contains(name, nextAuth) })
		if changed != looked[".next/BUILD_ID"] || changed != strings.Contains(r.stderr, "was built before") {
			t.Errorf("%q changes next-auth: %v; it looks at %v and says %q", args, changed, looked, r.stderr)
		}
		for name := range looked {
			if !slices.Contains(marks, name) || !changed && name != ".next" {
				t.Errorf("%q looks at %s", args, name)
			}
		}
	}
}
