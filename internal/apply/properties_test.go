package apply

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

// ownLibrary is a library with only these diffs of a user.
func ownLibrary(t testing.TB, diffs ...*patchset.Diff) *patchset.Library {
	t.Helper()
	library, err := patchset.Open(fstest.MapFS{
		"helper/proxy.js":  {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
		"helper/proxy.mjs": {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
	}, patchset.None)
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Add(diffs); err != nil {
		t.Fatal(err)
	}
	return library
}

// Copies are patched and reverted with generated diffs. Planning changes nothing and gives
// the same Plan twice, applying twice equals applying once, the order of the copies does
// not matter, and reverting restores every byte.
func TestPlansByChance(t *testing.T) {
	n := 20
	if gate.Wanted(t, "differential") {
		n = 400
	}
	applied := 0
	for seed := range n {
		if plansByChance(t, uint64(seed)) {
			applied++
		}
	}
	casecount.AtLeast(t, "random trees patched and reverted", applied, n/4)
}

// plansByChance reports whether the copies could be patched.
func plansByChance(t *testing.T, seed uint64) bool {
	t.Helper()
	g := difftest.New(seed)
	var library *patchset.Library
	var content []byte
	for library == nil {
		before, _, text := g.Change()
		if diff, err := patchset.Parse("own.diff", text); err == nil {
			library, content = ownLibrary(t, diff), before
		}
	}
	installs := make([]detect.Install, 2+seed%2)
	for i := range installs {
		installs[i] = newPackage(t)
		write(t, installs[i].Dir, difftest.Name, string(content))
	}
	before := trees(t, installs)
	first := planned(t, installs, library)
	if diff := cmp.Diff(first, planned(t, installs, library)); diff != "" {
		t.Fatalf("planned twice (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(before, trees(t, installs)); diff != "" {
		t.Fatalf("planning changed (-was +is):\n%s", diff)
	}
	backwards := []detect.Install{}
	for _, install := range installs {
		backwards = append([]detect.Install{install}, backwards...)
	}
	if diff := cmp.Diff(first, planned(t, backwards, library)); diff != "" {
		t.Fatalf("in the other order (-in order +backwards):\n%s", diff)
	}
	order := installs
	if seed%4 < 2 {
		order = backwards
	}
	if !commit(t, order, library, Patch) {
		if diff := cmp.Diff(before, trees(t, installs)); diff != "" {
			t.Fatalf("a refusal changed (-was +is):\n%s", diff)
		}
		return false
	}
	once := trees(t, installs)
	if !commit(t, order, library, Patch) {
		t.Fatal("refused the second time")
	}
	if diff := cmp.Diff(once, trees(t, installs)); diff != "" {
		t.Fatalf("applying again changed (-once +twice):\n%s", diff)
	}
	if cmp.Equal(before, once) {
		return false // the file looks patched, so reverting would change it
	}
	if !commit(t, order, library, Restore) {
		t.Fatal("revert is refused")
	}
	for i, was := range before {
		is := trees(t, installs)[i]
		if diff := cmp.Diff(was.Content, is.Content); diff != "" {
			t.Fatalf("reverting left (-was +is):\n%s", diff)
		}
	}
	return true
}

// outcome is what a Plan says about one file of one copy.
type outcome struct {
	Dir, Path     string
	State         patchset.State
	Action        Action
	Before, After string
	Err           string
}

// planned returns what a Plan says, by directory.
func planned(t *testing.T, installs []detect.Install, library *patchset.Library) map[string][]outcome {
	t.Helper()
	plan, err := New(installs, library, Options{Goal: Patch})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	all := map[string][]outcome{}
	for _, c := range plan.Copies {
		for _, f := range c.Files {
			all[c.Dir] = append(all[c.Dir], outcome{c.Dir, f.Path, f.State, f.Action, string(f.Before), string(f.After), fmt.Sprint(f.Err)})
		}
	}
	return all
}

// commit carries a Plan out, and reports false if it is blocked.
func commit(t *testing.T, installs []detect.Install, library *patchset.Library, goal Goal) bool {
	t.Helper()
	plan, err := New(installs, library, Options{Goal: goal, Lock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if plan.Blocked() {
		return false
	}
	if err := plan.Commit(); err != nil {
		t.Fatal(err)
	}
	return true
}

// onDisk is a package on disk: the contents and the times of its files.
type onDisk struct {
	Content map[string]string
	Times   map[string]string
}

func trees(t *testing.T, installs []detect.Install) []onDisk {
	t.Helper()
	var all []onDisk
	for _, install := range installs {
		d := onDisk{tree(t, install.Dir), map[string]string{}}
		for name := range d.Content {
			info, err := os.Lstat(install.Dir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			d.Times[name] = info.ModTime().String()
		}
		all = append(all, d)
	}
	return all
}
