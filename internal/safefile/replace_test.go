package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newGroup writes files with the content "old" and returns the group that gives each
// the content "new". The first file is new.
func newGroup(t *testing.T, names ...string) *Group {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	g := &Group{Root: root, Path: "project", Explain: func(err error) error { return err }}
	for i, name := range names {
		c := &Change{Name: name, After: []byte("new")}
		if i > 0 {
			write(t, dir, name, "old")
			c.Before, c.Info, err = ReadUnlinked(root, name, MaxFile)
			if err != nil {
				t.Fatal(err)
			}
		}
		g.Changes = append(g.Changes, c)
	}
	return g
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// tree returns the content of every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestReplace(t *testing.T) {
	a, b := newGroup(t, "made", "lib/x", "y"), newGroup(t, "made", "z")
	a.Changes[2].After = nil
	var staging []int
	if err := Replace([]*Group{a, b}, func(n int) { staging = append(staging, n) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]string{{"made": "new", "lib/x": "new"}, {"made": "new", "z": "new"}}, []map[string]string{tree(t, a.Root.Name()), tree(t, b.Root.Name())}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 2}, staging); diff != "" {
		t.Errorf("staging (-want +got):\n%s", diff)
	}
}

// A change fails if the bytes have changed, even if the file's identity and time have
// not.
func TestReplaceLooksAtTheBytes(t *testing.T) {
	g := newGroup(t, "made", "x")
	dir, info := g.Root.Name(), g.Changes[1].Info
	write(t, dir, "x", "OLD")
	if err := os.Chtimes(filepath.Join(dir, "x"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if err := Replace([]*Group{g}, nil); !errors.Is(err, errChanged) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("not put back (-want +got):\n%s", diff)
	}
}

// If a file can't be restored, the files that may need it keep their new bytes too, and
// all of them are named.
func TestWhatCanNotBePutBack(t *testing.T) {
	g := newGroup(t, "helper", "lib/x", "lib/y")
	other := newGroup(t, "helper", "z")
	r := &replacement{}
	for _, g := range []*Group{other, g} {
		if err := r.stage(g); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range r.staged {
		if err := c.finish(); err != nil {
			t.Fatal(err)
		}
		r.done++
	}
	dir := g.Root.Name()
	for _, name := range []string{"lib/x", "lib/y"} { // nothing can be renamed onto it
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		write(t, dir, name+"/in the way", "")
	}
	failure := (*CommitError)(nil)
	if err := r.fail(g, fs.ErrInvalid); !errors.As(err, &failure) || !errors.Is(err, fs.ErrInvalid) {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"lib/y", "lib/x", "helper"} {
		want = append(want, filepath.Join("project", filepath.FromSlash(name)))
	}
	if diff := cmp.Diff(want, failure.Left); diff != "" || len(failure.Temporary) > 0 {
		t.Errorf("left (-want +got):\n%s%q", diff, failure.Temporary)
	}
	if tree(t, dir)["helper"] != "new" {
		t.Error("the helper is gone, and files need it")
	}
	if diff := cmp.Diff(map[string]string{"z": "old"}, tree(t, other.Root.Name())); diff != "" {
		t.Errorf("the other group (-want +got):\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	for name, before := range map[string]map[string]string{"new": {}, "in place of another": {"stamp": "old"}} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t)
			for name, content := range before {
				write(t, g.Root.Name(), name, content)
			}
			if err := Write(g.Root, "stamp", []byte("new")); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"stamp": "new"}, tree(t, g.Root.Name())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("where it can't", func(t *testing.T) {
		g := newGroup(t)
		write(t, g.Root.Name(), "stamp/in the way", "")
		if err := Write(g.Root, "stamp", []byte("new")); err == nil {
			t.Error("no error")
		}
		if diff := cmp.Diff(map[string]string{"stamp/in the way": ""}, tree(t, g.Root.Name())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestPutAside(t *testing.T) {
	g := newGroup(t)
	dir := g.Root.Name()
	write(t, dir, "cache/webpack/0.pack", "p")
	before := tree(t, dir)
	to, err := PutAside(g.Root, "cache/webpack")
	if err != nil || filepath.Dir(to) != "cache" || !IsAside(filepath.Base(to)) {
		t.Fatal(to, err)
	}
	if err := PutBack(g.Root, to, "cache/webpack"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := RemoveTemporary(g.Root, "cache/webpack"); err == nil || len(tree(t, dir)) != 1 {
		t.Errorf("a file without a temporary name was removed: %v", err)
	}
	if to, err = PutAside(g.Root, "cache/webpack"); err != nil {
		t.Fatal(err)
	}
	if err := RemoveTemporary(g.Root, to); err != nil || len(tree(t, dir)) != 0 {
		t.Errorf("%v, %q", err, tree(t, dir))
	}
}
