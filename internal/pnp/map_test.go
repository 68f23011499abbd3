package pnp

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/pnptest"
)

// project is the data of a workspace with two packages. The root provides an agent for web,
// and app has its own. docs gets next-auth under another name.
const project = `{
  "__info": ["It's generated \\ \u0041"],
  "dependencyTreeRoots": [{"name": "root", "reference": "workspace:."}, {"name": "app", "reference": "workspace:app"}, {"name": "docs", "reference": "workspace:docs"}],
  "enableTopLevelFallback": true,
  "fallbackExclusionList": [["root", ["workspace:."]], ["app", ["workspace:app"]], ["docs", ["workspace:docs"]]],
  "fallbackPool": [["ms", "npm:2.1.3"]],
  "packageRegistryData": [
    [null, [[null, {"packageLocation": "./", "packageDependencies": [["https-proxy-agent", "npm:7.0.6"], ["root", "workspace:."]], "linkType": "SOFT"}]]],
    ["app", [["workspace:app", {"packageLocation": "./app/", "packageDependencies": [["app", "workspace:app"], ["next-auth", "virtual:a1#npm:4.24.15"]], "linkType": "SOFT"}]]],
    ["docs", [["workspace:docs", {"packageLocation": "./docs/", "packageDependencies": [["auth4", ["next-auth", "virtual:b2#npm:4.24.15"]]], "linkType": "SOFT"}]]],
    ["https-proxy-agent", [
      ["npm:5.0.1", {"packageLocation": "./.yarn/cache/https-proxy-agent-npm-5.0.1-aa.zip/node_modules/https-proxy-agent/", "packageDependencies": [], "linkType": "HARD"}],
      ["npm:7.0.6", {"packageLocation": "./.yarn/cache/https-proxy-agent-npm-7.0.6-bb.zip/node_modules/https-proxy-agent/", "packageDependencies": [["ms", "npm:2.1.3"]], "linkType": "HARD"}]
    ]],
    ["ms", [["npm:2.1.3", {"packageLocation": "./.yarn/unplugged/ms-npm-2.1.3-cc/node_modules/ms/", "packageDependencies": [], "linkType": "HARD"}]]],
    ["next-auth", [
      ["npm:4.24.15", {"packageLocation": "../cache/next-auth-npm-4.24.15-dd.zip/node_modules/next-auth/", "packageDependencies": [["next-auth", "npm:4.24.15"]], "linkType": "SOFT"}],
      ["virtual:a1#npm:4.24.15", {"packageLocation": "./.yarn/__virtual__/next-auth-virtual-a1/2/cache/next-auth-npm-4.24.15-dd.zip/node_modules/next-auth/", "packageDependencies": [["https-proxy-agent", "npm:5.0.1"], ["nodemailer", null]], "packagePeers": ["nodemailer"], "linkType": "HARD"}],
      ["virtual:b2#npm:4.24.15", {"packageLocation": "./.yarn/__virtual__/next-auth-virtual-b2/2/cache/next-auth-npm-4.24.15-dd.zip/node_modules/next-auth/", "packageDependencies": [["https-proxy-agent", null]], "packagePeers": ["https-proxy-agent"], "linkType": "HARD"}]
    ]],
    ["root", [["workspace:.", {"packageLocation": "./", "packageDependencies": [["https-proxy-agent", "npm:7.0.6"]], "linkType": "SOFT"}]]]
  ]
}`

// loaders are the forms of the files that yarn writes.
var loaders = map[string]func(data string) map[string]string{
	"yarn 4": func(data string) map[string]string {
		return map[string]string{Loader: "#!/usr/bin/env node\n\"use strict\";\n\n" + pnptest.State(data) +
			"\nfunction $$SETUP_STATE(hydrateRuntimeState, basePath) {\n  return hydrateRuntimeState(JSON.parse(RAW_RUNTIME_STATE), {basePath: basePath || __dirname});\n}\n"}
	},
	"yarn 3": func(data string) map[string]string {
		return map[string]string{Loader: "function $$SETUP_STATE(hydrateRuntimeState, basePath) {\n  return hydrateRuntimeState(JSON.parse(" + pnptest.Quote(data) + "), {basePath: basePath || __dirname});\n}\n"}
	},
	"yarn 3.0": func(data string) map[string]string {
		return map[string]string{Loader: "function $$SETUP_STATE(hydrateRuntimeState, basePath) {\n  return hydrateRuntimeState(" + data + ", {basePath: basePath || __dirname});\n}\n"}
	},
	"pnpEnableInlining: false": func(data string) map[string]string {
		return map[string]string{
			Loader: "function $$SETUP_STATE(hydrateRuntimeState, basePath) {\n  return hydrateRuntimeState(JSON.parse(fs.readFileSync(pnpDataFilepath, 'utf8')), {basePath: basePath || __dirname});\n}\nfunction hydrateRuntimeState(data, { basePath }) {",
			Data:   data,
		}
	},
	"ends of lines of Windows": func(data string) map[string]string {
		return map[string]string{Loader: strings.ReplaceAll(pnptest.State(data), "\n", "\r\n")}
	},
}

func place(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRead(t *testing.T) {
	for name, form := range loaders {
		t.Run(name, func(t *testing.T) {
			m, err := Read(place(t, form(project)))
			if err != nil {
				t.Fatal(err)
			}
			var roots []string
			for _, p := range m.Roots {
				roots = append(roots, p.Name+" "+filepath.ToSlash(strings.TrimPrefix(p.Dir, m.Dir)))
			}
			if diff := cmp.Diff([]string{"root ", "app /app", "docs /docs"}, roots); diff != "" {
				t.Errorf("packages of the workspace (-want +got):\n%s", diff)
			}
			if len(m.Packages) != 10 {
				t.Errorf("%d packages, not 10", len(m.Packages))
			}
		})
	}
}

func TestResolve(t *testing.T) {
	m, err := parse(filepath.FromSlash("/home/ada/shop"), []byte(project))
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.FromSlash("/home/ada/cache/next-auth-npm-4.24.15-dd.zip/node_modules/next-auth")
	tests := []struct{ from, path, want string }{
		{"app", "next-auth", "virtual:a1#npm:4.24.15"},
		{"app/src/pages", "next-auth", "virtual:a1#npm:4.24.15"},
		{"docs", "auth4", "virtual:b2#npm:4.24.15"},
		{"docs", "next-auth", ""},
		{"app", "https-proxy-agent", ""}, // the workspace's packages may not fall back
		{".", "https-proxy-agent", "npm:7.0.6"},
		{"app", "next-auth https-proxy-agent", "npm:5.0.1"}, // its own
		{"docs", "auth4 https-proxy-agent", "npm:7.0.6"},    // a peer that is not there; the root's
		{"app", "next-auth nodemailer", ""},                 // a peer that no one has
		{"app", "next-auth ms", "npm:2.1.3"},                // from the pool
		{"docs", "auth4 https-proxy-agent ms", "npm:2.1.3"}, // of an agent
		{"..", "next-auth", "outside"},                      // another project's
		{"elsewhere", "https-proxy-agent", "npm:7.0.6"},     // the innermost package around it is the root
		{".yarn/unplugged/ms-npm-2.1.3-cc/node_modules/ms", "next-auth", ""},
	}
	for _, test := range tests {
		p := m.At(filepath.Join(m.Dir, filepath.FromSlash(test.from)))
		got := ""
		if p == nil {
			got = "outside"
		}
		for _, name := range strings.Fields(test.path) {
			if p != nil {
				p = m.Resolve(p, name)
			}
		}
		if p != nil {
			got = p.Reference
			if m.At(p.Location) != p {
				t.Errorf("%s: %s is found as another package", p.Location, p.Reference)
			}
		}
		if want := test.want; got != want && !(want == "" && p == nil) {
			t.Errorf("%s from %s: %q, not %q", test.path, test.from, got, want)
		}
		if p != nil && p.Name == "next-auth" && p.Dir != archive {
			t.Errorf("%s is in %s, not in %s", p.Reference, p.Dir, archive)
		}
	}
}

func TestWithoutFallback(t *testing.T) {
	data := strings.Replace(project, `"enableTopLevelFallback": true`, `"enableTopLevelFallback": false, "EnableTopLevelFallback": true`, 1)
	m, err := parse(filepath.FromSlash("/home/ada/shop"), []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	auth := m.Resolve(m.At(filepath.Join(m.Dir, "docs")), "auth4")
	for _, name := range []string{"https-proxy-agent", "ms"} {
		if p := m.Resolve(auth, name); p != nil {
			t.Errorf("next-auth gets %s %s", name, p.Reference)
		}
	}
	if !slices.Contains(m.At(m.Dir).Names(), "https-proxy-agent") || !m.At(m.Dir).Depends("https-proxy-agent") || auth.Depends("https-proxy-agent") {
		t.Error("own dependencies are wrong")
	}
}

func TestRealPath(t *testing.T) {
	for path, want := range map[string]string{
		"/p/.yarn/__virtual__/a-virtual-0f/0/cache/a.zip/node_modules/a":                "/p/.yarn/cache/a.zip/node_modules/a",
		"/p/.yarn/__virtual__/a-virtual-0f/1/packages/a":                                "/p/packages/a",
		"/p/.yarn/$$virtual/a-virtual-0f/2/c/a.zip/node_modules/a":                      "/c/a.zip/node_modules/a",
		"/p/.yarn/__virtual__/a-virtual-0f/9/c/a.zip":                                   "/c/a.zip",
		"/p/.yarn/__virtual__/a-virtual-0f/99999999999/c":                               "/p/.yarn/__virtual__/a-virtual-0f/99999999999/c",
		"/p/.yarn/__virtual__/a-virtual-0f/-1/c":                                        "/p/.yarn/__virtual__/a-virtual-0f/-1/c",
		"/p/.yarn/__virtual__/not-hexadecimal/1/c":                                      "/p/.yarn/__virtual__/not-hexadecimal/1/c",
		"/p/.yarn/__virtual__/a-0f/1/b/__virtual__/c-0f/1/d":                            "/p/d",
		"/p/.yarn/__virtual__/0f/0/__virtual__/0f/0/__virtual__/0f/0/__virtual__/0f/0/": "/p/.yarn",
		"/p/.yarn/__virtual__":                                                          "/p/.yarn/__virtual__",
		"/p/.yarn/cache":                                                                "/p/.yarn/cache",
		"/D:/p/.yarn/__virtual__/a-0f/3/C:/cache/a.zip":                                 "/C:/cache/a.zip",
	} {
		if got := realPath(path); got != want {
			t.Errorf("%s is %s, not %s", path, got, want)
		}
	}
}

func TestPortable(t *testing.T) {
	for windows, want := range map[string]string{
		`C:/code/shop`:          "/C:/code/shop",
		`d:/`:                   "/d:/",
		`//server/share/a`:      "/unc/server/share/a",
		"/home/ada":             "/home/ada",
		"/home/ada/C:/code":     "/home/ada/C:/code",
		"/unc-server/share/C:/": "/unc-server/share/C:/",
	} {
		if got := portable(windows); got != want {
			t.Errorf("%s is %s, not %s", windows, got, want)
		}
		if got := strings.ReplaceAll(onWindows(want), `\`, "/"); got != windows {
			t.Errorf("%s leads back to %s", windows, got)
		}
	}
	if got := onWindows("/C:"); got != `C:\` {
		t.Errorf("a drive is %s", got)
	}
}

// TestOtherDrive finds a package in a cache on another drive.
func TestOtherDrive(t *testing.T) {
	data := `{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "../../C:/cache/a.zip/node_modules/a/", "packageDependencies": []}]]]]}`
	m, err := parse("D:/shop", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	p := m.Packages[0]
	if got, want := portable(p.Dir), "/C:/cache/a.zip/node_modules/a"; got != want {
		t.Errorf("it is in %s, not in %s", got, want)
	}
	if m.At(p.Location) != p {
		t.Error("it is not found by its location")
	}
}

// TestBroken: each way in which the files can be broken has an error that names the file.
func TestBroken(t *testing.T) {
	many := strings.Repeat(`["npm:1", {"packageLocation": "./"}],`, maxPackages) + `["npm:1", {"packageLocation": "./"}]`
	inYarn4 := loaders["yarn 4"]
	tests := map[string]struct {
		files map[string]string
		in    string // the file that the error names
		says  string
	}{
		"empty":              {map[string]string{Loader: ""}, Loader, "does not have the data of yarn 3 or 4"},
		"yarn 2":             {map[string]string{Loader: "module.exports = setup();"}, Loader, "does not have the data"},
		"truncated":          {map[string]string{Loader: inYarn4(project)[Loader][:900]}, Loader, "ends in the middle of its data"},
		"ends in an escape":  {map[string]string{Loader: `const RAW_RUNTIME_STATE = '{\`}, Loader, "ends in the middle of its data"},
		"unknown escape":     {map[string]string{Loader: `const RAW_RUNTIME_STATE = '{\u0022a`}, Loader, `has an escape that yarn does not write: "\\u"`},
		"object without end": {map[string]string{Loader: `hydrateRuntimeState({"a": [`}, Loader, "is not valid JSON"},
		"no JSON":            {inYarn4(`{"packageRegistryData": [}`), Loader, "is not valid JSON"},
		"two objects":        {inYarn4(`{} {}`), Loader, "has more than one value"},
		"no object":          {inYarn4(`[]`), Loader, "has data that yarn does not write"},
		"nested too deeply":  {inYarn4(`{"a": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`), Loader, "has data with too many levels"},
		"wrong registry":     {inYarn4(`{"packageRegistryData": {"next-auth": []}}`), Loader, "has data that yarn does not write"},
		"wrong pair":         {inYarn4(`{"packageRegistryData": [["next-auth"]]}`), Loader, "a list does not have two entries"},
		"wrong dependency":   {inYarn4(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./a/", "packageDependencies": [["b", ["c"]]]}]]]]}`), Loader, "a list does not have two entries"},
		"wrong target":       {inYarn4(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./a/", "packageDependencies": [["b", 7]]}]]]]}`), Loader, "has data that yarn does not write"},
		"half a name":        {inYarn4(`{"packageRegistryData": [[null, [["npm:1", {"packageLocation": "./"}]]]]}`), Loader, "has a package without a name or without a reference"},
		"no location":        {inYarn4(`{"packageRegistryData": [["a", [["npm:1", {"PackageLocation": "./a/"}]]]]}`), Loader, "has no valid location for a"},
		"location with NUL":  {inYarn4(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./\u0000/"}]]]]}`), Loader, "has no valid location for a"},
		"long location":      {inYarn4(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./` + strings.Repeat("__virtual__/0f/0/", 300) + `"}]]]]}`), Loader, "has no valid location for a"},
		"too many packages":  {inYarn4(`{"packageRegistryData": [["a", [` + many + `]]]}`), Loader, "has more than 100000 packages"},
		"too many values":    {inYarn4(`{"a": [` + strings.Repeat("0,", maxCommas+1) + `0]}`), Loader, "commas in its data"},
		"too large":          {map[string]string{Loader: strings.Repeat(" ", maxManifest+1)}, Loader, "the limit is"},
		"no data beside":     {map[string]string{Loader: "hydrateRuntimeState(JSON.parse(fs.readFileSync"}, Loader, "does not have the data"},
		"broken beside":      {map[string]string{Loader: "hydrateRuntimeState(JSON.parse(fs.readFileSync", Data: "{"}, Data, "is not valid JSON"},
		"large beside":       {map[string]string{Loader: "hydrateRuntimeState(JSON.parse(fs.readFileSync", Data: strings.Repeat(" ", maxManifest+1)}, Data, "the limit is"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := place(t, test.files)
			_, err := Read(dir)
			broken, ok := errors.AsType[*Error](err)
			if !ok || broken.Path != filepath.Join(dir, test.in) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got the error %v, which does not say that %s %s", err, test.in, test.says)
			}
		})
	}
	if _, err := Read(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without files the error is %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, Loader), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); !errors.As(err, new(*Error)) {
		t.Errorf("for a directory in place of %s the error is %v", Loader, err)
	}
}

// TestCycle: packages may depend on each other and on packages that are not there.
func TestCycle(t *testing.T) {
	m, err := parse(filepath.FromSlash("/p"), []byte(`{"packageRegistryData": [["a", [["npm:1", {"packageLocation": "./a/", "packageDependencies": [["b", "npm:1"], ["c", "npm:1"]]}]]],
		["b", [["npm:1", {"packageLocation": "./b/", "packageDependencies": [["a", "npm:1"]]}]]]], "dependencyTreeRoots": [{"name": "gone", "reference": "workspace:gone"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a := m.Packages[0]
	if m.Resolve(m.Resolve(a, "b"), "a") != a || m.Resolve(a, "c") != nil || m.Roots != nil {
		t.Errorf("wrong packages: %v", m)
	}
}

func FuzzManifest(f *testing.F) {
	for _, form := range loaders {
		files := form(project)
		f.Add([]byte(files[Loader]))
		f.Add([]byte(files[Data]))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		data, err := inlined(text)
		if err != nil {
			data = text
		}
		m, err := parse(filepath.FromSlash("/p"), data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Error("the data is not JSON")
		}
		for _, p := range m.Packages {
			if m.At(p.Location) == nil && m.byLocation["/p"] != nil && strings.HasPrefix(p.Location, m.Dir+string(filepath.Separator)) {
				t.Errorf("no package is at %s", p.Location)
			}
			if dir := portable(p.Dir); realPath(dir) != dir {
				t.Errorf("%s has virtual parts", p.Dir)
			}
			for _, name := range p.Names() {
				m.Resolve(p, name)
			}
		}
	})
}
