package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
)

// TestWaysStayWhole looks at what a terminal may break: a word of a line is all up to a blank.
func TestWaysStayWhole(t *testing.T) {
	entry := `"pnpm": {"a": {"b": "7"}}`
	for name, test := range map[string]struct {
		hint hint.Hint
		want [][]string
	}{
		"nothing":   {hint.Hint{}, nil},
		"a command": {hint.To("to get the file back", "npm ci"), [][]string{{"to", "get", "the", "file", "back:", "npm ci"}}},
		"a command between words": {
			hint.Join(hint.Text("set it, run "), hint.Run("rm -rf node_modules && pnpm install"), hint.Text(", then proxypatch")),
			[][]string{{"set", "it,", "run", "rm -rf node_modules && pnpm install,", "then", "proxypatch"}},
		},
		"two commands": {detect.PNPM.Prune(), [][]string{{"pnpm prune"}, {"or", "rm -rf node_modules && pnpm install"}}},
		"two ways, one with an entry": {
			hint.Run("pnpm add -w it").Or(hint.Join(hint.Text("or enter "), hint.Keep(entry), hint.Text("; then "), hint.Run("pnpm install"))),
			[][]string{{"pnpm add -w it"}, {"or", "enter", entry + ";", "then", "pnpm install"}},
		},
		"a phrase that begins another": {
			hint.Join(hint.Text("put "), hint.Keep("proxypatch check"), hint.Text(" before it: "), hint.Keep("proxypatch check && …")),
			[][]string{{"put", "proxypatch check", "before", "it:", "proxypatch check && …"}},
		},
		"a directory with marks of sentences": {
			hint.Join(hint.Run("proxypatch apply -C 'what is, in it'"), hint.Text(" deletes it")),
			[][]string{{"proxypatch apply -C 'what is, in it'", "deletes", "it"}},
		},
		"an escape sequence": {hint.Run("proxypatch -C '\x1b[2J a'"), [][]string{{`proxypatch -C '\x1b[2J a'`}}},
	} {
		var got [][]string
		for _, way := range waysOf(test.hint) {
			words := strings.Fields(way)
			for i := range words {
				words[i] = strings.ReplaceAll(words[i], "\x00", " ")
			}
			got = append(got, words)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
