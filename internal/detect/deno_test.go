package detect

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Deno reads comments and trailing commas, but not in strings.
func TestWithoutComments(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"plain":           {`{"a": [1, "b"]}`, `{"a":[1,"b"]}`},
		"line comments":   {"{ // why\n\"a\": 1 // , \n}", `{"a":1}`},
		"block comments":  {`{/* { */ "a": /**/ 1 /* , */}`, `{"a":1}`},
		"trailing commas": {"{\"a\": [1, /* , */ ],\n // end\n}", `{"a":[1]}`},
		"in strings":      {`{"a": "// /* ,] \" // \\", "b": ",}"}`, `{"a":"// /* ,] \" // \\","b":",}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			var got any
			if err := json.Unmarshal(withoutComments([]byte(test.text)), &got); err != nil {
				t.Fatal(err)
			}
			if text, err := json.Marshal(got); err != nil || string(text) != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
	for _, broken := range []string{"", "/", "//", "/*", `"`, `"\`, ",", ",/", "{,"} {
		if got := withoutComments([]byte(broken)); len(got) != len(broken) {
			t.Errorf("%q became %q", broken, got)
		}
	}
}

// The packages of a Deno workspace may be listed in deno.json alone.
func TestDenoWorkspace(t *testing.T) {
	const web, settings = "apps/web/package.json", `"workspace": ["./apps/*",], // all`
	for name, test := range map[string]struct {
		files map[string]string
		found bool
	}{
		"deno.json":             {map[string]string{"deno.json": "{" + settings + "\n}", web: "{}"}, true},
		"deno.jsonc":            {map[string]string{"deno.jsonc": "{" + settings + "\n}", web: "{}"}, true},
		"deno.json comes first": {map[string]string{"deno.json": "{}", "deno.jsonc": "{" + settings + "\n}", web: "{}"}, false},
		"members":               {map[string]string{"deno.json": `{"workspace": {"members": ["apps/web"]}}`, web: "{}"}, true},
		"another manager's":     {map[string]string{"deno.json": "{" + settings + "\n}", "package-lock.json": "{}", web: "{}"}, false},
		"not a list":            {map[string]string{"deno.json": `{"workspace": 1}`, web: "{}"}, false},
		"broken":                {map[string]string{"deno.json": `{"workspace": [`, web: "{}"}, false},
		"broken elsewhere":      {map[string]string{"deno.json": `{"tasks": 1, "workspace": ["apps/web"]}`, web: "{}"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, test.files)
			w, err := Open(filepath.Join(dir, "apps", "web"))
			if err != nil {
				t.Fatal(err)
			}
			if found := len(w.Packages) == 2 && w.Root().Dir == dir; found != test.found {
				t.Errorf("the packages are %+v", w.Packages)
			}
		})
	}
}

func TestDenoTasks(t *testing.T) {
	dir := newTree(t, map[string]string{"deno.json": `{"tasks": {"a": "next build", "b": {"command": "c", "dependencies": ["a"]}, "d": {}, "e": 1}}`})
	tasks, file, err := DenoTasks(dir)
	if diff := cmp.Diff(map[string]string{"a": "next build", "b": "c", "d": "", "e": ""}, tasks); diff != "" || file != "deno.json" || err != nil {
		t.Errorf("%s, %v (-want +got):\n%s", file, err, diff)
	}
}
