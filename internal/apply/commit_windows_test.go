package apply

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

// TestTargetHeldOpen holds the last file open once the others are written. An editor or a
// virus scanner does so; the file can then be read but not replaced.
func TestTargetHeldOpen(t *testing.T) {
	install := newPackage(t)
	before := tree(t, install.Dir)
	name, err := windows.UTF16PtrFromString(filepath.Join(install.Dir, filepath.FromSlash(azure)))
	if err != nil {
		t.Fatal(err)
	}
	held, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = newPlan(t, patchset.Default, Patch, install).Commit()
	windows.CloseHandle(held)
	if err == nil {
		t.Error("a file that is held open was replaced")
	}
	if diff := cmp.Diff(before, tree(t, install.Dir)); diff != "" {
		t.Errorf("not put back (-before +after):\n%s", diff)
	}
}

// TestReadOnlyTarget has a file with the read-only attribute. NTFS may refuse to replace
// it, Wine replaces it; both must be all or nothing.
func TestReadOnlyTarget(t *testing.T) {
	install := newPackage(t)
	target := filepath.Join(install.Dir, filepath.FromSlash(azure))
	if err := os.Chmod(target, 0o444); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(target, 0o644) })
	want := tree(t, install.Dir)
	err := newPlan(t, patchset.Default, Patch, install).Commit()
	t.Logf("Commit: %v", err)
	if err == nil {
		want[client], want[azure] = "CLIENT\n", "AZURE\n"
		want["core/lib/proxy.js"] = string(stamp.Helper([]byte("\nhelper\n"), 3))
	}
	if diff := cmp.Diff(want, tree(t, install.Dir)); diff != "" {
		t.Errorf("half done (-want +got):\n%s", diff)
	}
}

// TestLongPath patches a package whose path is longer than Windows' old MAX_PATH.
func TestLongPath(t *testing.T) {
	install := newPackage(t)
	before := tree(t, install.Dir)
	deep := filepath.Join(t.TempDir(), strings.Repeat("d", 120), strings.Repeat("e", 120))
	if err := os.MkdirAll(filepath.Dir(deep), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(deep, os.DirFS(install.Dir)); err != nil {
		t.Fatal(err)
	}
	install.Dir = deep
	plan := newPlan(t, patchset.Default, Patch, install)
	if err := plan.Commit(); err != nil {
		t.Fatal(err)
	}
	plan.Close()
	if tree(t, deep)[client] != "CLIENT\n" {
		t.Error("not patched")
	}
	if err := newPlan(t, patchset.Default, Restore, install).Commit(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, deep)); diff != "" {
		t.Errorf("not reverted (-before +after):\n%s", diff)
	}
}
