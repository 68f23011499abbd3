package patchset_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

// A diff may apply to its own result again. A patched file still counts as patched, even
// if other lines have changed.
func TestTakenOffBeforePutOn(t *testing.T) {
	const client = "core/lib/oauth/client.js"
	const lines = "a\nb\nc\n"
	pristine, patched := "one\ntwo\n"+lines, "one\ntwo\n"+lines+lines
	diff := "Releases: >=4.0.1 <=4.24.15\nwhy\n\n" +
		"diff --git a/" + client + " b/" + client + "\n" +
		"index " + string(patchset.BlobID([]byte(pristine))) + ".." + string(patchset.BlobID([]byte(patched))) + " 100644\n" +
		"--- a/" + client + "\n+++ b/" + client + "\n@@ -3,3 +3,6 @@\n a\n b\n c\n+a\n+b\n+c\n"
	library, err := patchset.Open(fstest.MapFS{
		"v4.2.1/" + client + ".diff": {Data: []byte(diff)},
		"helper/proxy.js":            {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
		"helper/proxy.mjs":           {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
	}, patchset.Default)
	if err != nil {
		t.Fatal(err)
	}
	selection, err := library.For(line.All[0], "4.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]patchset.State{
		pristine: patchset.Pristine, patched: patchset.Patched,
		"other" + pristine[3:]: patchset.ModifiedFits, "other" + patched[3:]: patchset.PatchedModified,
	} {
		r, err := selection.Targets[0].Classify([]byte(content))
		if err != nil || r.State != want {
			t.Errorf("%q is %s, %v; want %s", content, r.State, r.Err, want)
		}
	}
}

func TestRefersToHelper(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          bool
	}{
		{"core/lib/oauth/client.js", `require("../proxy")`, true},
		{"core/lib/oauth/client.js", "import('../proxy.js')", true},
		{"core/lib/other.js", "require('./proxy')", true},
		{"providers/x.mjs", "from `../core/lib/proxy.js`", true},
		{"index.js", `require("./core/lib/proxy")`, true},
		{"index.js", `require("core/lib/proxy")`, false},
		{"core/lib/oauth/client.js", `require("./proxy")`, false},
		{"core/lib/oauth/client.js", `require("../proxy-agent")`, false},
		{"core/lib/oauth/client.js", "", false},
	} {
		if got := patchset.RefersToHelper(line.All[0], test.name, []byte(test.content)); got != test.want {
			t.Errorf("%s with %s: %v", test.name, test.content, got)
		}
	}
}

// ownTarget is the file of a user's own diff, without any other diff.
func ownTarget(t testing.TB, diff *patchset.Diff) patchset.Target {
	t.Helper()
	library, err := patchset.Open(fstest.MapFS{
		"helper/proxy.js":  {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
		"helper/proxy.mjs": {Data: stamp.Helper([]byte("\nhelper\n"), 3)},
	}, patchset.None)
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Add([]*patchset.Diff{diff}); err != nil {
		t.Fatal(err)
	}
	selection, err := library.For(line.All[0], "4.2.1")
	if err != nil {
		t.Fatal(err)
	}
	return selection.Targets[0]
}

// checkClassify compares the result of Classify with what the diff alone does.
func checkClassify(t testing.TB, diff *patchset.Diff, content []byte) patchset.State {
	t.Helper()
	target := ownTarget(t, diff)
	read := func(content []byte) patchset.Reading {
		r, err := target.Classify(content)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := read(content)
	if !target.Wanted() { // its Releases: line excludes this release
		if r.State != patchset.Pristine || !bytes.Equal(r.Base, content) || !bytes.Equal(r.Wanted, content) {
			t.Fatalf("%q is %s by a diff that is not for its release", content, r.State)
		}
		return r.State
	}
	on, onErr := diff.Apply(content)
	off, offErr := diff.Reverse(content)
	switch r.State {
	case patchset.Drifted:
		if r.Err == nil {
			t.Fatalf("drifted without a reason: %q", content)
		}
		if onErr == nil {
			back, err := diff.Reverse(on)
			if err == nil && bytes.Equal(back, content) && offErr != nil && diff.Old != patchset.BlobID(on) {
				t.Fatalf("%q takes the diff and gives it back, but is %s: %v", content, r.State, r.Err)
			}
		}
		return r.State
	case patchset.Patched, patchset.PatchedModified:
		if offErr != nil || !bytes.Equal(off, r.Base) || !bytes.Equal(r.Wanted, content) {
			t.Fatalf("%q is %s, but gives %q: %v", content, r.State, off, offErr)
		}
	case patchset.Pristine, patchset.ModifiedFits:
		if onErr != nil || !bytes.Equal(on, r.Wanted) || !bytes.Equal(r.Base, content) {
			t.Fatalf("%q is %s, but makes %q: %v", content, r.State, on, onErr)
		}
	default:
		t.Fatalf("%q is %s", content, r.State)
	}
	if again := read(r.Wanted); again.State != patchset.Patched && again.State != patchset.PatchedModified || !bytes.Equal(again.Base, r.Base) {
		t.Fatalf("%q becomes %q, which is %s and would go back to %q", content, r.Wanted, again.State, again.Base)
	}
	return r.State
}

// For any file and diff, the file's state agrees with what the diff does to it. An
// applied diff is recognised, and reversing it restores every byte.
func TestStatesByChance(t *testing.T) {
	n := 5_000
	if gate.Wanted(t, "differential") {
		n = 100_000
	}
	g := difftest.New(1)
	states := map[patchset.State]int{}
	for range n {
		c := g.Case()
		if diff, err := patchset.Parse("own.diff", c.Diff); err == nil {
			states[checkClassify(t, diff, c.Content)]++
		}
	}
	for _, state := range []patchset.State{patchset.Pristine, patchset.Patched, patchset.ModifiedFits, patchset.PatchedModified, patchset.Drifted} {
		casecount.AtLeast(t, fmt.Sprintf("random files that were %s", state), states[state], n/200)
	}
}

// A diff whose result is the released bytes would count as not applied.
func TestResultThatIsAsReleased(t *testing.T) {
	text := fmt.Sprintf("diff --git a/f.js b/f.js\nindex %s..%s 100644\n--- a/f.js\n+++ b/f.js\n@@ -1,3 +1,4 @@\n a\n+\n \n b\n",
		patchset.BlobID([]byte("a\n\n\nb\n")), patchset.BlobID([]byte("a\n\n\n\nb\n")))
	d, err := patchset.Parse("own.diff", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if state := checkClassify(t, d, []byte("a\n\nb\n")); state != patchset.Drifted {
		t.Errorf("is %s", state)
	}
}

// A diff that adds the lines that it removes leaves nothing to do.
func TestDiffThatChangesNothing(t *testing.T) {
	text := fmt.Sprintf("diff --git a/f.js b/f.js\nindex %s..%s 100644\n--- a/f.js\n+++ b/f.js\n@@ -1 +1 @@\n-a\n+a\n",
		patchset.BlobID([]byte("a\n")), patchset.BlobID([]byte("b\n")))
	d, err := patchset.Parse("own.diff", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if state := checkClassify(t, d, []byte("a\n")); state != patchset.Patched {
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
