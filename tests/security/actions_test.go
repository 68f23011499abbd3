package security

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pinned matches an action with the full id of a commit and its release, or an action
// of this repository.
var pinned = regexp.MustCompile(`^(\./\S*|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)

var uses = regexp.MustCompile(`(?m)^[\s-]*["']?uses["']?\s*:\s*(.*?)\s*$`)

// TestActionsArePinned requires a commit for every action, because a tag can move to
// other code.
func TestActionsArePinned(t *testing.T) {
	var files []string
	for _, pattern := range []string{"workflows/*.yml", "workflows/*.yaml", "actions/*/action.y*ml"} {
		found, err := filepath.Glob(filepath.Join("../..", ".github", pattern))
		must(t, err)
		files = append(files, found...)
	}
	actions := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(t, err)
		actions += strings.Count(string(data), "uses:")
		for _, action := range unpinned(string(data)) {
			t.Errorf("%s: %s is not pinned: write OWNER/NAME@<40 digits> # vX.Y.Z", name, action)
		}
	}
	if actions == 0 {
		t.Error("there is no action in any workflow")
	}
}

// unpinned returns the actions of a workflow that can change.
func unpinned(workflow string) (found []string) {
	for _, m := range uses.FindAllStringSubmatch(workflow, -1) {
		if !pinned.MatchString(m[1]) {
			found = append(found, m[1])
		}
	}
	return found
}

func TestUnpinned(t *testing.T) {
	commit := strings.Repeat("0a", 20)
	for text, want := range map[string]bool{
		"      - uses: a/b@" + commit + " # v1.2.3":     false,
		"        uses: a/b/c@" + commit + " # v1.2.3":   false,
		"      - uses: ./":                              false,
		"      - uses: a/b@v4":                          true,
		"      - uses: a/b@" + commit:                   true, // which release?
		"      - uses: a/b@" + commit[1:] + " # v1.2.3": true,
		"      - uses: 'a/b@main'":                      true,
		"      - uses: docker://alpine:3":               true,
		"        \"uses\": a/b@main":                    true,
	} {
		if got := len(unpinned(text+"\n")) == 1; got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}
