package apply

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/safefile"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

// The invented package of these tests: two files, each with one line to change.
const (
	client = "core/lib/oauth/client.js"
	azure  = "providers/azure-ad.js"
)

func diffOf(path, from, to string) string {
	return "Releases: >=4.0.1 <=4.24.15\nwhy\n\n" +
		"diff --git a/" + path + " b/" + path + "\n" +
		"index " + string(patchset.BlobID([]byte(from+"\n"))) + ".." + string(patchset.BlobID([]byte(to+"\n"))) + " 100644\n" +
		"--- a/" + path + "\n+++ b/" + path + "\n@@ -1 +1 @@\n-" + from + "\n+" + to + "\n"
}

func testLibrary(t *testing.T, set string) *patchset.Library {
	t.Helper()
	library, err := patchset.Open(fstest.MapFS{
		"v4.2.1/" + client + ".diff":             {Data: []byte(diffOf(client, "client", "CLIENT"))},
		"v4.2.1/" + azure + ".diff":              {Data: []byte(diffOf(azure, "azure", "AZURE"))},
		"tutorial/v4.2.1/" + client + ".diff":    {Data: []byte(diffOf(client, "client", "tutorial"))},
		"superseded/1/v4.2.1/" + azure + ".diff": {Data: []byte(diffOf(azure, "azure", "old"))},
		"helper/proxy.js":                        {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
		"helper/proxy.mjs":                       {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
	}, set)
	if err != nil {
		t.Fatal(err)
	}
	return library
}

// newPackage writes a pristine invented package.
func newPackage(t *testing.T) detect.Install {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, client, "client\n")
	write(t, dir, azure, "azure\n")
	write(t, dir, "package.json", "{}")
	return detect.Install{Path: "node_modules/next-auth", Dir: dir, Name: "next-auth", Release: "4.2.1"}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree returns the content of every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if link, err := os.Readlink(path); err == nil {
			files[filepath.ToSlash(name)] = "-> " + link
			return nil
		}
		data, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func newPlan(t *testing.T, set string, goal Goal, installs ...detect.Install) *Plan {
	t.Helper()
	plan, err := New(installs, testLibrary(t, set), Options{Goal: goal, Lock: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(plan.Close)
	return plan
}

func TestOrderOfWriting(t *testing.T) {
	order := func(plan *Plan) (paths []string) {
		for _, file := range plan.Copies[0].Files {
			paths = append(paths, string(file.Action)+" "+file.Path)
		}
		return paths
	}
	install := newPackage(t)
	plan := newPlan(t, patchset.Default, Patch, install)
	want := []string{"add " + line.All[0].Helper, "patch " + client, "patch " + azure}
	if diff := cmp.Diff(want, order(plan)); diff != "" {
		t.Errorf("apply (-want +got):\n%s", diff)
	}
	if err := plan.Commit(); err != nil {
		t.Fatal(err)
	}
	plan.Close()
	want = []string{"restore " + client, "restore " + azure, "remove " + line.All[0].Helper}
	if diff := cmp.Diff(want, order(newPlan(t, patchset.Default, Restore, install))); diff != "" {
		t.Errorf("revert (-want +got):\n%s", diff)
	}
}

// Copies are always locked in the same order.
func TestCopiesAreSorted(t *testing.T) {
	first, second := newPackage(t), newPackage(t)
	given := []detect.Install{second, first}
	var dirs []string
	for _, c := range newPlan(t, patchset.Default, Patch, given...).Copies {
		dirs = append(dirs, c.Dir)
	}
	if diff := cmp.Diff([]string{first.Dir, second.Dir}, dirs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if given[0].Dir != second.Dir {
		t.Error("the caller's copies were sorted")
	}
}

func TestSupersededIsOutdated(t *testing.T) {
	install := newPackage(t)
	before := tree(t, install.Dir)
	write(t, install.Dir, azure, "old\n")
	plan := newPlan(t, patchset.Default, Patch, install)
	if file := plan.Copies[0].Files[2]; file.State != patchset.Outdated || file.By == nil || file.Action != Update {
		t.Errorf("got %+v", file)
	}
	plan.Close()
	plan = newPlan(t, patchset.Default, Restore, install)
	if err := plan.Commit(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, install.Dir)); diff != "" {
		t.Errorf("revert (-want +got):\n%s", diff)
	}
}

// If a later file fails, of the same copy or of another one, everything done before is
// undone, and no temporary file stays.
func TestFailurePutsEverythingBack(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"last file changed": func(t *testing.T, dir string) {
			write(t, dir, azure, "changed meanwhile\n")
		},
		"last file replaced by a directory": func(t *testing.T, dir string) {
			remove(t, dir, azure)
			write(t, dir, azure+"/x", "")
		},
		"last file gone": func(t *testing.T, dir string) { remove(t, dir, azure) },
		"directory became a link": func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, "providers"), filepath.Join(dir, "elsewhere")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("elsewhere", filepath.Join(dir, "providers")); err != nil {
				t.Skip(err)
			}
		},
		"no place for a temporary file": func(t *testing.T, dir string) {
			remove(t, dir, azure)
			remove(t, dir, "providers")
		},
		"a helper appeared": func(t *testing.T, dir string) { write(t, dir, line.All[0].Helper, "other\n") },
	} {
		t.Run(name, func(t *testing.T) {
			first, second := newPackage(t), newPackage(t)
			plan := newPlan(t, patchset.Default, Patch, first, second)
			spoil(t, second.Dir)
			before := []map[string]string{tree(t, first.Dir), tree(t, second.Dir)}
			err := plan.Commit()
			var commit *safefile.CommitError
			if !errors.As(err, &commit) || len(commit.Left) > 0 {
				t.Errorf("got %v; want a CommitError with nothing left", err)
			}
			after := []map[string]string{tree(t, first.Dir), tree(t, second.Dir)}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("not put back (-want +got):\n%s", diff)
			}
		})
	}
}

// If the disk has no room for all new files, no file was replaced yet. So nothing needs
// to be restored, for which there may be no room either.
func TestAllIsStagedFirst(t *testing.T) {
	first, second := newPackage(t), newPackage(t)
	plan := newPlan(t, patchset.Default, Patch, first, second)
	remove(t, second.Dir, azure)
	remove(t, second.Dir, "providers")
	before, files := stat(t, first.Dir, client), tree(t, first.Dir)
	if err := plan.Commit(); err == nil {
		t.Fatal("committed")
	}
	if diff := cmp.Diff(files, tree(t, first.Dir)); diff != "" {
		t.Errorf("left behind (-want +got):\n%s", diff)
	}
	if !os.SameFile(before, stat(t, first.Dir, client)) {
		t.Error("the first copy was written to before all of the second was staged")
	}
}

func stat(t *testing.T, dir, name string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
		t.Fatal(err)
	}
}

// The directory that is opened must be the one that was found.
func TestDirectorySwapped(t *testing.T) {
	project := t.TempDir()
	dir := filepath.Join(project, "node_modules", "next-auth")
	write(t, dir, "package.json", `{"name": "next-auth", "version": "4.2.1"}`)
	workspace, err := detect.Open(project)
	if err != nil {
		t.Fatal(err)
	}
	found, err := workspace.Find(false)
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	write(t, other, client, "client\n")
	if err := errors.Join(os.Rename(dir, dir+"-away"), os.Symlink(other, dir)); err != nil {
		t.Skip(err)
	}
	before := tree(t, other)
	plan, err := New(found.Copies, testLibrary(t, patchset.Default), Options{Goal: Patch, Lock: true})
	if err == nil || !strings.Contains(err.Error(), "was replaced while proxypatch was running") {
		t.Errorf("got the plan %v and the error %v", plan, err)
	}
	if diff := cmp.Diff(before, tree(t, other)); diff != "" {
		t.Error(diff)
	}
}

func TestCommitNeedsTheLock(t *testing.T) {
	install := newPackage(t)
	before := tree(t, install.Dir)
	plan, err := New([]detect.Install{install}, testLibrary(t, patchset.Default), Options{Goal: Patch})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if err := plan.Commit(); !errors.Is(err, errNotLocked) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, tree(t, install.Dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	install := newPackage(t)
	library := testLibrary(t, patchset.Default)
	options := Options{Goal: Patch, Lock: true}
	holder := newPlan(t, patchset.Default, Patch, install)

	defer func(d time.Duration) { safefile.LockWait = d }(safefile.LockWait)
	safefile.LockWait = 40 * time.Millisecond
	_, err := New([]detect.Install{install}, library, options)
	where := (*CopyError)(nil)
	if !errors.Is(err, safefile.ErrBusy) || !errors.As(err, &where) || where.Copy.Dir != install.Dir || where.File != "" {
		t.Errorf("while it is held: %v", err)
	}

	safefile.LockWait = time.Minute
	got := make(chan error)
	go func() {
		plan, err := New([]detect.Install{install}, library, options)
		if err == nil {
			plan.Close()
		}
		got <- err
	}()
	holder.Close()
	if err := <-got; err != nil {
		t.Errorf("after it was given back: %v", err)
	}
}

// A run that only reads takes no lock and removes nothing.
func TestLookingTakesNoLock(t *testing.T) {
	install := newPackage(t)
	newPlan(t, patchset.Default, Patch, install)
	leftover := "providers/" + safefile.NewTempName("x")
	write(t, install.Dir, leftover, "")
	plan, err := New([]detect.Install{install}, testLibrary(t, patchset.Default), Options{Goal: Patch})
	if err != nil {
		t.Fatal(err)
	}
	plan.Close()
	if _, found := tree(t, install.Dir)[leftover]; !found {
		t.Error("the leftover was removed")
	}
}

func TestApplyAndRevertAtOnce(t *testing.T) {
	install := newPackage(t)
	library := testLibrary(t, patchset.Default)
	var workers sync.WaitGroup
	for i := range 16 {
		workers.Go(func() {
			plan, err := New([]detect.Install{install}, library, Options{Goal: Goal(i % 2), Lock: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer plan.Close()
			if plan.Blocked() {
				t.Errorf("blocked: %+v", plan.Copies[0].Files)
				return
			}
			if err := plan.Commit(); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	plan := newPlan(t, patchset.Default, Restore, install)
	if err := plan.Commit(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{client: "client\n", azure: "azure\n", "package.json": "{}"}
	if diff := cmp.Diff(want, tree(t, install.Dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
