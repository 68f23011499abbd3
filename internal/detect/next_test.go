package detect

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNextRelease(t *testing.T) {
	next := func(version string) string { return `{"name": "next", "version": "` + version + `"}` }
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"its own":               {map[string]string{"web/node_modules/next/package.json": next("14.2.35"), "node_modules/next/package.json": next("16.4.5")}, "14.2.35"},
		"its workspace's":       {map[string]string{"web/package.json": `{}`, "node_modules/next/package.json": next("16.4.5")}, "16.4.5"},
		"none":                  {map[string]string{"web/package.json": `{}`}, ""},
		"another name":          {map[string]string{"web/node_modules/next/package.json": `{"name": "x", "version": "14.2.35"}`}, ""},
		"no JSON":               {map[string]string{"web/node_modules/next/package.json": `{`, "node_modules/next/package.json": next("16.4.5")}, ""},
		"no package.json":       {map[string]string{"web/node_modules/next/index.js": ``}, ""},
		"a file":                {map[string]string{"web/node_modules/next": ``, "node_modules/next/package.json": next("16.4.5")}, "16.4.5"},
		"a huge package.json":   {map[string]string{"web/node_modules/next/package.json": next("14.2.35") + strings.Repeat(" ", maxManifest)}, ""},
		"a version without end": {map[string]string{"web/node_modules/next/package.json": next(strings.Repeat("1", maxWord+1))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files)
			if got := (&Project{graph: newGraph()}).NextRelease(filepath.Join(dir, "web")); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Scripts run next without a dependency on it, also as Deno does.
func TestScriptsNameNext(t *testing.T) {
	for script, want := range map[string]bool{
		"next build": true, "npx next@14 build": true, "deno run -A npm:next build": true, "deno run -A npm:/next@^15 dev": true,
		"cd next/": false, "nextra": false, "deno run -A npm:next-sitemap": false,
	} {
		m := &projectManifest{Scripts: map[string]string{"x": script}}
		if got := m.namesNext(); got != want {
			t.Errorf("%s: got %v", script, got)
		}
	}
}
