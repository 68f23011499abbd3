package patches_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/patches"
)

var closedRange = regexp.MustCompile(`^>=\d+\.\d+\.\d+ <=?\d+\.\d+\.\d+$`)

// Every embedded diff names the bytes before and after, its releases and its reason. Its
// name contains its path. No two diffs of a set are for the same file of the same
// release.
func TestEmbeddedDiffs(t *testing.T) {
	diffs, err := patchset.Load(patches.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(diffs) == 0 {
		t.Fatal("no diffs are embedded")
	}
	byFile := map[string]string{}
	for _, d := range diffs {
		if !d.Pinned() {
			t.Errorf("%s: its index line has no full ids", d.Name)
		}
		if !closedRange.MatchString(d.Releases.String()) {
			t.Errorf("%s: the range %q is not closed at both ends", d.Name, d.Releases)
		}
		if d.Reason == "" {
			t.Errorf("%s: gives no reason", d.Name)
		}
		set, rest := splitSet(d.Name)
		if rest != d.Path || path.Ext(d.Name) != ".diff" {
			t.Errorf("%s: changes %s", d.Name, d.Path)
		}
		key := set + " " + d.Path + " " + string(d.Old)
		if other := byFile[key]; other != "" {
			t.Errorf("%s and %s are for the same content", d.Name, other)
		}
		byFile[key] = d.Name
	}
}

// Where output leaves out passwords, every line that the diffs know remains readable.
func TestLinesHoldNoSecret(t *testing.T) {
	tried := 0
	err := fs.WalkDir(patches.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".diff" {
			return err
		}
		data, err := fs.ReadFile(patches.FS, name)
		for line := range strings.Lines(string(data)) {
			tried++
			if masked := printable.WithoutSecrets(line); masked != line {
				t.Errorf("%s: %q becomes %q", name, line, masked)
			}
		}
		return err
	})
	if err != nil || tried < 100 {
		t.Fatal(tried, err)
	}
}

// splitSet splits "tutorial/v4.2.1/core/x.js.diff" into its set, "tutorial", and the
// path, "core/x.js".
func splitSet(name string) (set, target string) {
	parts := strings.Split(strings.TrimSuffix(name, path.Ext(name)), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "v") {
			return strings.Join(parts[:i], "/"), strings.Join(parts[i+1:], "/")
		}
	}
	return "", ""
}

// The ids that the tutorial's diffs must produce.
func TestTutorialResults(t *testing.T) {
	for name, want := range map[string]patchset.ID{
		"tutorial/v4.2.1/core/lib/oauth/client.js.diff": "1082fba1b9c00bdccbb3b6b48e4736b19c7362ea",
		"tutorial/v4.2.1/providers/azure-ad.js.diff":    "05f71718a4b9a29ad59aab2fb10efac3c446b200",
	} {
		data, err := fs.ReadFile(patches.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := patchset.Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		if d.New != want {
			t.Errorf("%s leads to %s, want %s", name, d.New, want)
		}
	}
}

func TestHelperMarker(t *testing.T) {
	revisions := map[int]bool{}
	for _, name := range []string{"helper/proxy.js", "helper/proxy.mjs"} {
		content, err := fs.ReadFile(patches.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		helper, ok := patchset.ParseHelper(content)
		if !ok {
			t.Errorf("%s: the marker does not match the content; run make stamp", name)
		}
		revisions[helper.Revision] = true
	}
	if len(revisions) != 1 {
		t.Errorf("the forms have different revisions: %v", revisions)
	}
}
