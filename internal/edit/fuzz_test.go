package edit

import "testing"

// FuzzEdit sets values in any file. Removing them restores every byte.
func FuzzEdit(f *testing.F) {
	for _, text := range []string{
		"", "a: 1\n", "{a: {b: c}}", "patchedDependencies:\n  a: b\n", "a: &x\n  b: c\nd: *x\n", "\ufeff# c\r\n", "? a\n: b\n",
		"patchedDependencies:\na: 1\n", "patchedDependencies: ~ # c\r\n", "patchedDependencies:", "{\n  a: b,\n}", "a: 1\n...\n# c",
		`{}`, `{"pnpm": {}}`, "{\n\t\"pnpm\": {\n\t\t\"patchedDependencies\": {\"a\": \"b\"}\n\t}\n}\n", `{"a":1,"pnpm":{"b":2}}`, "{\r\n  \"a\": []\r\n}",
	} {
		f.Add([]byte(text))
	}
	paths := [][]string{{"patchedDependencies", "next-auth@4.24.15"}, {"pnpm", "packageExtensions", "@auth/core", "dependencies", "https-proxy-agent"}, {"a"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (Document, error){
			func(data []byte) (Document, error) { return ParseJSON(data) },
			func(data []byte) (Document, error) { return ParseYAML(data) },
		} {
			d, err := parse(data)
			if err != nil {
				continue
			}
			before := string(d.Bytes())
			var set [][]string
			for _, path := range paths {
				if d.Has(path...) || d.Set("patches/a.patch", path...) != nil {
					continue
				}
				if text, ok := d.Text(path...); !ok || text != "patches/a.patch" {
					t.Fatalf("%q at %q in\n%q", text, path, d.Bytes())
				}
				if _, err := parse(d.Bytes()); err != nil {
					t.Fatalf("%q: %v", d.Bytes(), err)
				}
				set = append(set, path)
			}
			after := string(d.Bytes())
			for i := range set {
				if err := d.Unset(set[len(set)-1-i]...); err != nil {
					t.Fatalf("%v in\n%q", err, after)
				}
			}
			if got := string(d.Bytes()); got != before {
				t.Fatalf("of\n%q came\n%q and then\n%q", before, after, got)
			}
		}
	})
}
