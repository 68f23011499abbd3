package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGlueCommands(t *testing.T) {
	for hint, want := range map[string][]string{
		"to get the released file back: npm ci": {"to", "get", "the", "released", "file", "back:", "npm ci"},
		"set globalStore = false, run rm -rf node_modules && pnpm install, then proxypatch": {
			"set", "globalStore", "=", "false,", "run", "rm -rf node_modules && pnpm install,", "then", "proxypatch",
		},
		`or give it in package.json: "pnpm": {"a": {"b": "7"}}; then pnpm install`: {
			"or", "give", "it", "in", "package.json:", `"pnpm":`, `{"a": {"b": "7"}};`, "then", "pnpm install",
		},
		"proxypatch apply -C 'what is, in it' deletes it": {"proxypatch apply -C 'what is, in it'", "deletes", "it"},
		"put proxypatch check -C web in front of it":      {"put", "proxypatch check -C web", "in", "front", "of", "it"},
		"": {},
	} {
		got := strings.Fields(glueCommands(hint))
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], glue, " ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", hint, diff)
		}
	}
}
