package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// In a provider of @auth/core, fetch is the helper's, in the whole file.
func TestImportRule(t *testing.T) {
	w := invented(authCore, "a")
	all, err := w.contents()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(c *content) bool { return c.rule.path == "providers/github.js" })
	text, patched, err := all[i].diff()
	if err != nil {
		t.Fatal(err)
	}
	if want := "import { proxyFetch as fetch } from \"../lib/proxy.js\";\n" + string(all[i].bytes); string(patched) != want {
		t.Errorf("got %q, want %q", patched, want)
	}
	if !strings.HasPrefix(string(text), "Releases: >=4.99.0 <=4.99.0\nuserinfo and ") {
		t.Errorf("the diff begins with %.80q", text)
	}
	if got, want := all[i].name(), "patches/packages/@auth/core/v4.99.0/providers/github.js.diff"; got != want {
		t.Errorf("the diff's name is %s, want %s", got, want)
	}
}

// Whatever a person must look at stops the program, which names the file and the release.
func TestSourceRefuses(t *testing.T) {
	const github, other = "providers/github.js", "providers/other.js"
	add := func(name, code string) func(*work) {
		return func(w *work) { w.packages[0][name] = append(w.packages[0][name], code...) }
	}
	put := func(name, code string) func(*work) {
		return func(w *work) { w.packages[0][name] = []byte(code) }
	}
	list := func(content string) func(*work) {
		return func(w *work) { w.setClean(map[string][]string{github: {string(patchset.BlobID([]byte(content)))}}) }
	}
	for name, test := range map[string]struct {
		spoil func(*work)
		want  string
	}{
		"a variable":               {add(github, "const fetch = 1;\n"), github + `: 4.99.0: "fetch" is no call of fetch`},
		"a function":               {add(github, "function fetch() {}\n"), github + `: 4.99.0: "function fetch(" is no call`},
		"a parameter":              {add(github, "export const c = fetch => fetch(1);\n"), github + `: 4.99.0: "fetch" is no call`},
		"a method":                 {add(github, "globalThis.fetch(1);\n"), github + `: 4.99.0: ".fetch(" is no call`},
		"a string":                 {add(github, "throw new Error(\"fetch failed\");\n"), github + `: 4.99.0: "fetch" is no call`},
		"behind a string with /*":  {add(github, "const a = \"*/*\", fetch = 1;\n"), github + `: 4.99.0: "fetch" is no call`},
		"a comment alone":          {put(github, "/** fetch(1) */\n// fetch(2)\n"), github + ": 4.99.0: f98015e65871062be596a9c0e62ecdf718d67f9d makes no request, and is not listed as clean"},
		"listed, but with a call":  {func(w *work) { list(string(w.packages[0][github]))(w) }, "makes requests, but is listed as clean"},
		"listed, and never there":  {list("x"), github + ": no release has the clean content"},
		"a provider without rule":  {put(other, "await fetch(1);\n"), other + ": 4.99.0 has no rule for this file, which makes requests"},
		"fetch passed on":          {put(other, "a(fetch);\n"), other + ": 4.99.0 has no rule"},
		"a library without a rule": {put("lib/other.js", "return globalThis.fetch;\n"), "lib/other.js: 4.99.0 has no rule"},
		"another name for ?? fetch": {
			put("lib/other.js", "(provider.mine ?? fetch)();\n"), "lib/other.js: 4.99.0 has no rule",
		},
		"two places in providers.js": {
			add(providersFile, "(normalized[customFetch] = userOptions?.[customFetch]);\n"), providersFile + ": ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := invented(authCore, "a")
			test.spoil(&w)
			_, err := generate(nil, []work{w})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %q", err, test.want)
			}
		})
	}
}

// setClean gives the work a line of its own that lists clean contents.
func (w *work) setClean(clean map[string][]string) {
	own := *w.Line
	own.Clean = clean
	w.Line = &own
}

// What makes no request needs no rule.
func TestSourceAccepts(t *testing.T) {
	const github = "providers/github.js"
	for name, spoil := range map[string]func(*work){
		"a clean content": func(w *work) {
			clean := []byte("/** none */\n")
			w.packages = append([]npmreleases.Package{{}}, w.packages...)
			w.releases = append([]npmreleases.Release{{Version: "4.98.0"}}, w.releases...)
			for name, content := range w.packages[1] {
				w.packages[0][name] = content
			}
			w.packages[0][github] = clean
			w.setClean(map[string][]string{github: {string(patchset.BlobID(clean))}})
		},
		"in browsers":      func(w *work) { w.packages[0]["lib/utils/webauthn-client.js"] = []byte("await fetch(1);\n") },
		"customFetch":      func(w *work) { w.packages[0]["lib/x.js"] = []byte("(provider[customFetch] ?? fetch)(...args);\n") },
		"a symbol's name":  func(w *work) { w.packages[0]["lib/x.js"] = []byte("Symbol(\"custom-fetch\");\n") },
		"a source":         func(w *work) { w.packages[0]["src/x.js"] = []byte("fetch(1);\n") },
		"its declarations": func(w *work) { w.packages[0]["lib/x.d.ts"] = []byte("fetch(1);\n") },
	} {
		t.Run(name, func(t *testing.T) {
			w := invented(authCore, "a")
			spoil(&w)
			all, err := w.contents()
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(all, func(c *content) bool { return c.rule.path == github })
			if all[i].ranges() != ">=4.99.0 <=4.99.0" {
				t.Errorf("the diff is for %s", all[i].ranges())
			}
		})
	}
}
