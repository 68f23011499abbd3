package apply

import (
	"testing"
	"testing/fstest"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// A diff may fit what it has made as well. Whatever is patched stays so, also
// where somebody has changed other lines.
func TestTakenOffBeforePutOn(t *testing.T) {
	const lines = "a\nb\nc\n"
	pristine, patched := "one\ntwo\n"+lines, "one\ntwo\n"+lines+lines
	diff := "Releases: >=4.0.1 <=4.24.15\nwhy\n\n" +
		"diff --git a/" + client + " b/" + client + "\n" +
		"index " + string(patchset.BlobID([]byte(pristine))) + ".." + string(patchset.BlobID([]byte(patched))) + " 100644\n" +
		"--- a/" + client + "\n+++ b/" + client + "\n@@ -3,3 +3,6 @@\n a\n b\n c\n+a\n+b\n+c\n"
	library, err := patchset.Open(fstest.MapFS{
		"v4.2.1/" + client + ".diff": {Data: []byte(diff)},
		"helper/proxy.js":            {Data: patchset.StampHelper([]byte("\nhelper\n"), 3)},
	}, patchset.Default)
	if err != nil {
		t.Fatal(err)
	}
	selection, err := library.For("4.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]State{
		pristine: Pristine, patched: Patched,
		"other" + pristine[3:]: ModifiedFits, "other" + patched[3:]: PatchedModified,
	} {
		r, err := classify(selection.Targets[0], []byte(content), Patch)
		if err != nil || r.state != want {
			t.Errorf("%q is %s, %v; want %s", content, r.state, r.err, want)
		}
	}
}
