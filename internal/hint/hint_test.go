package hint

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHint(t *testing.T) {
	for name, test := range map[string]struct{ got, want Hint }{
		"words":     {Text("upgrade it"), Hint{Text: "upgrade it"}},
		"a command": {Run("npm ci"), Hint{"npm ci", "npm ci", []string{"npm ci"}}},
		"an entry":  {Keep("a: {b: 1}"), Hint{Text: "a: {b: 1}", Kept: []string{"a: {b: 1}"}}},
		"a purpose": {To("to get it back", "npm ci"), Hint{"to get it back: npm ci", "npm ci", []string{"npm ci"}}},
		"nothing":   {Join(), Hint{}},
		"a command between words": {
			Join(Text("run "), Run("npm ci"), Text(", then again")),
			Hint{"run npm ci, then again", "npm ci", []string{"npm ci"}},
		},
		"two commands": {
			Join(Run("pnpm prune"), Text(", or "), Run("pnpm install")),
			Hint{"pnpm prune, or pnpm install", "pnpm prune", []string{"pnpm prune", "pnpm install"}},
		},
		"two ways": {
			Run("npm ci").Or(Join(Text("or enter "), Keep("a: {b: 1}"))),
			Hint{"npm ci\nor enter a: {b: 1}", "npm ci", []string{"npm ci", "a: {b: 1}"}},
		},
		"only the second has a command": {
			Text("ask for it").Or(Run("npm ci")),
			Hint{"ask for it\nnpm ci", "npm ci", []string{"npm ci"}},
		},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Two hints made from a third do not change it.
func TestHintIsShared(t *testing.T) {
	common := Join(Run("one"), Run("two"), Run("three"))
	first, second := common.Or(Run("first")), common.Or(Run("second"))
	if first.Kept[3] != "first" || second.Kept[3] != "second" || len(common.Kept) != 3 {
		t.Errorf("got %q and %q of %q", first.Kept, second.Kept, common.Kept)
	}
}

// TestMadeByConstructors allows only this package to build hints, so that every hint contains its command.
func TestMadeByConstructors(t *testing.T) {
	literal, files := regexp.MustCompile(`\bhint\.Hint\{[^}]`), 0
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if literal.Match(source) {
			t.Errorf("%s puts a hint together by itself", path)
		}
		files++
		return err
	})
	if err != nil || files < 100 {
		t.Errorf("%d files were read: %v", files, err)
	}
}

func TestJSON(t *testing.T) {
	for want, document := range map[string]any{
		`{"message":"m"}`: struct {
			Message string `json:"message"`
			Hint
		}{"m", Hint{}},
		`{"hint":"run npm ci","run":"npm ci","line":1}`: struct {
			Hint
			Line int `json:"line"`
		}{Join(Text("run "), Run("npm ci")), 1},
	} {
		if got, err := json.Marshal(document); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}
