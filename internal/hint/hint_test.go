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
		"a command": {Run("npm ci"), Hint{"npm ci", "npm ci", []Phrase{{"npm ci", true}}}},
		"an entry":  {Keep("a: {b: 1}"), Hint{Text: "a: {b: 1}", Kept: []Phrase{{"a: {b: 1}", false}}}},
		"a purpose": {To("to get it back", "npm ci"), Hint{"to get it back: npm ci", "npm ci", []Phrase{{"npm ci", true}}}},
		"nothing":   {Join(), Hint{}},
		"a command between words": {
			Join(Text("run "), Run("npm ci"), Text(", then again")),
			Hint{"run npm ci, then again", "npm ci", []Phrase{{"npm ci", true}}},
		},
		"two commands": {
			Join(Run("pnpm prune"), Text(", or "), Run("pnpm install")),
			Hint{"pnpm prune, or pnpm install", "pnpm prune", []Phrase{{"pnpm prune", true}, {"pnpm install", true}}},
		},
		"two ways": {
			Run("npm ci").Or(Join(Text("or enter "), Keep("a: {b: 1}"))),
			Hint{"npm ci\nor enter a: {b: 1}", "npm ci", []Phrase{{"npm ci", true}, {"a: {b: 1}", false}}},
		},
		"only the second has a command": {
			Text("ask for it").Or(Run("npm ci")),
			Hint{"ask for it\nnpm ci", "npm ci", []Phrase{{"npm ci", true}}},
		},
		"the first of two ways": {
			To("install", "npm ci").Or(Run("npm install")).First(),
			To("install", "npm ci"),
		},
		"the first of two ways, in words": {
			Text("ask").Or(Run("npm ci")).First(),
			Text("ask"),
		},
		"commands rewritten": {
			Join(Text("first: "), Run("check"), Text(" and "), Keep("check && x"), Text(" or "), Run("apply")).Rewrite(strings.ToUpper),
			Join(Text("first: "), Run("CHECK"), Text(" and "), Keep("check && x"), Text(" or "), Run("APPLY")),
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
	if first.Kept[3].Text != "first" || second.Kept[3].Text != "second" || len(common.Kept) != 3 {
		t.Errorf("got %v and %v of %v", first.Kept, second.Kept, common.Kept)
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
