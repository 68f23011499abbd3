package apply

import (
	"bytes"
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
)

// ownLibrary is a library that wants nothing but these diffs of a person's own.
func ownLibrary(t testing.TB, diffs ...*patchset.Diff) *patchset.Library {
	t.Helper()
	library, err := patchset.Open(fstest.MapFS{
		"helper/proxy.js": {Data: patchset.StampHelper([]byte("\nhelper\n"), 3)},
	}, patchset.None)
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Add(diffs); err != nil {
		t.Fatal(err)
	}
	return library
}

// checkClassify holds what classify makes of a content against the diff alone.
func checkClassify(t testing.TB, diff *patchset.Diff, content []byte) State {
	t.Helper()
	selection, err := ownLibrary(t, diff).For("4.2.1")
	if err != nil {
		t.Fatal(err)
	}
	target := selection.Targets[0]
	read := func(content []byte) reading {
		r, err := classify(target, content, Patch)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := read(content)
	on, onErr := diff.Apply(content)
	off, offErr := diff.Reverse(content)
	switch r.state {
	case Drifted:
		if r.err == nil {
			t.Fatalf("drifted without a reason: %q", content)
		}
		if onErr == nil {
			back, err := diff.Reverse(on)
			if err == nil && bytes.Equal(back, content) && offErr != nil && diff.Old != patchset.BlobID(on) {
				t.Fatalf("%q takes the diff and gives it back, but is %s: %v", content, r.state, r.err)
			}
		}
		return r.state
	case Patched, PatchedModified:
		if offErr != nil || !bytes.Equal(off, r.base) || !bytes.Equal(r.wanted, content) {
			t.Fatalf("%q is %s, but gives %q: %v", content, r.state, off, offErr)
		}
	case Pristine, ModifiedFits:
		if onErr != nil || !bytes.Equal(on, r.wanted) || !bytes.Equal(r.base, content) {
			t.Fatalf("%q is %s, but makes %q: %v", content, r.state, on, onErr)
		}
	default:
		t.Fatalf("%q is %s", content, r.state)
	}
	if again := read(r.wanted); again.state != Patched && again.state != PatchedModified || !bytes.Equal(again.base, r.base) {
		t.Fatalf("%q becomes %q, which is %s and would go back to %q", content, r.wanted, again.state, again.base)
	}
	return r.state
}

// Whatever a file and a diff are, the state that the file is in agrees with what
// the diff does to it: what is put on is seen to be on, and comes off to the byte.
func TestStatesByChance(t *testing.T) {
	n := 5_000
	if gate.Wanted(t, "differential") {
		n = 100_000
	}
	g := difftest.New(1)
	states := map[State]int{}
	for range n {
		c := g.Case()
		if diff, err := patchset.Parse("own.diff", c.Diff); err == nil {
			states[checkClassify(t, diff, c.Content)]++
		}
	}
	for _, state := range []State{Pristine, Patched, ModifiedFits, PatchedModified, Drifted} {
		casecount.AtLeast(t, fmt.Sprintf("random files that were %s", state), states[state], n/200)
	}
}

// A diff that makes the released bytes of other ones would count as not applied.
func TestResultThatIsAsReleased(t *testing.T) {
	text := fmt.Sprintf("diff --git a/f.js b/f.js\nindex %s..%s 100644\n--- a/f.js\n+++ b/f.js\n@@ -1,3 +1,4 @@\n a\n+\n \n b\n",
		patchset.BlobID([]byte("a\n\n\nb\n")), patchset.BlobID([]byte("a\n\n\n\nb\n")))
	d, err := patchset.Parse("own.diff", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if state := checkClassify(t, d, []byte("a\n\nb\n")); state != Drifted {
		t.Errorf("is %s", state)
	}
}

func FuzzClassify(f *testing.F) {
	g := difftest.New(2)
	for range 100 {
		c := g.Case()
		f.Add(c.Content, c.Diff)
	}
	f.Fuzz(func(t *testing.T, content, diff []byte) {
		if d, err := patchset.Parse("own.diff", diff); err == nil {
			checkClassify(t, d, content)
		}
	})
}

// Copies are patched and reverted by generated diffs: planning changes nothing
// and comes twice to the same Plan, applying twice is applying once, the order of
// the copies does not matter, and reverting gives every byte back.
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
		return false // it looks as if the diff were on, so reverting would take it off
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

// outcome is what a Plan says of one file of one copy.
type outcome struct {
	Dir, Path     string
	State         State
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

// onDisk is a package on disk: what its files hold, and when they were written.
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
