package edit

import (
	"errors"
	"testing"
)

const (
	patchKey = "next-auth@4.24.15"
	file     = "patches/next-auth@4.24.15.patch"
)

// TestYAML sets and removes an entry, and one that is deeper, in files as people write them.
func TestYAML(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after string
		none          bool // there is no file
	}{
		"no file":    {"", "patchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n", true},
		"empty file": {"", "\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch", false},
		"packages and comments": {
			before: "# Our workspace.\npackages:\n  - apps/* # all\n\n# the end\n",
			after:  "# Our workspace.\npackages:\n  - apps/* # all\n\n# the end\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n",
		},
		"CRLF and a mark": {
			before: "\ufeffpackages:\r\n- a\r\n",
			after:  "\ufeffpackages:\r\n- a\r\npatchedDependencies:\r\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\r\n",
		},
		"no line break at the end": {
			before: "a: 1\nb: [\n\tc\n]",
			after:  "a: 1\nb: [\n\tc\n]\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch",
		},
		"other entries": {
			before: "catalog:\n    é: 'x'\npatchedDependencies: # ours\n    # the first\n    \"lodash@4\":   'p.patch'\nz: 1\n",
			after:  "catalog:\n    é: 'x'\npatchedDependencies: # ours\n    next-auth@4.24.15: patches/next-auth@4.24.15.patch\n    # the first\n    \"lodash@4\":   'p.patch'\nz: 1\n",
		},
		"in braces": {
			before: "é: {b: é}\npatchedDependencies: {lodash@4: p.patch}\n",
			after:  "é: {b: é}\npatchedDependencies: {next-auth@4.24.15: patches/next-auth@4.24.15.patch, lodash@4: p.patch}\n",
		},
		"empty braces": {
			before: "patchedDependencies: { }\n",
			after:  "patchedDependencies: {next-auth@4.24.15: patches/next-auth@4.24.15.patch }\n",
		},
		"braces over several lines": {
			before: "patchedDependencies: { # ours\r\n  lodash@4: p.patch,\r\n  a: b\r\n}\r\n",
			after:  "patchedDependencies: { # ours\r\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch,\r\n  lodash@4: p.patch,\r\n  a: b\r\n}\r\n",
		},
		"braces with spaces": {
			before: "patchedDependencies: {  lodash@4: p.patch }\n",
			after:  "patchedDependencies: {  next-auth@4.24.15: patches/next-auth@4.24.15.patch, lodash@4: p.patch }\n",
		},
		"empty braces over several lines": {
			before: "patchedDependencies: {\n}\n",
			after:  "patchedDependencies: {next-auth@4.24.15: patches/next-auth@4.24.15.patch\n}\n",
		},
		"no value": {
			before: "patchedDependencies:\n# none yet\npackageExtensions: \n",
			after:  "patchedDependencies: #\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n# none yet\npackageExtensions: \n",
		},
		"no value at the end of the file": {
			before: "a: 1\npatchedDependencies:",
			after:  "a: 1\npatchedDependencies: #\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch",
		},
		"no value before a comment": {
			before: "\"patchedDependencies\":  # none yet\r\na: 1\r\n",
			after:  "\"patchedDependencies\":  ## none yet\r\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\r\na: 1\r\n",
		},
		"null": {
			before: "packageExtensions:\n    next-auth@4: null\n    '@auth/core': ~\npatchedDependencies: ~ # none yet\n",
			after:  "packageExtensions:\n    next-auth@4: null\n    '@auth/core': ~\npatchedDependencies: #~ # none yet\n    next-auth@4.24.15: patches/next-auth@4.24.15.patch\n",
		},
		"an end of the document": {
			before: "---\na: |+\n  b\n\n...\n# the end",
			after:  "---\na: |+\n  b\n\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n...\n# the end",
		},
		"all in braces": {
			before: "{packages: [a]}",
			after:  "{patchedDependencies: { next-auth@4.24.15: patches/next-auth@4.24.15.patch }, packages: [a]}",
		},
		"a start of the document": {
			before: "---\na: &x {b: c}\nd: *x\n",
			after:  "---\na: &x {b: c}\nd: *x\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n",
		},
		"only comments": {
			before: "# nothing\n",
			after:  "# nothing\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n",
		},
		"a block of text that keeps its end": {
			before: "a: |+\n  text\n\n",
			after:  "a: |+\n  text\n\npatchedDependencies:\n  next-auth@4.24.15: patches/next-auth@4.24.15.patch\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(tc.before)
			if tc.none {
				data = nil
			}
			d, err := ParseYAML(data)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Set(file, "patchedDependencies", patchKey); err != nil {
				t.Fatal(err)
			}
			if got := string(d.Bytes()); got != tc.after {
				t.Errorf("got\n%q, want\n%q", got, tc.after)
			}
			if text, ok := d.Text("patchedDependencies", patchKey); !ok || text != file {
				t.Errorf("the entry is %q", text)
			}
			deep := []string{"packageExtensions", "@auth/core", "dependencies", "https-proxy-agent"}
			if err := d.Set("7", deep...); err != nil {
				t.Fatal(err)
			}
			if text, ok := d.Text(deep...); !ok || text != "7" {
				t.Errorf("the deep entry is %q in\n%s", text, d.Bytes())
			}
			if err := d.Unset("patchedDependencies", patchKey); err != nil {
				t.Fatal(err)
			}
			if err := d.Unset(deep...); err != nil {
				t.Fatal(err)
			}
			if got := d.Bytes(); string(got) != tc.before || (got == nil) != tc.none {
				t.Errorf("undo gave\n%q", got)
			}
		})
	}
}

// TestYAMLRefused leaves files alone whose form is not safe to change.
func TestYAMLRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		line int
	}{
		"an anchor":                {"a: 1\npatchedDependencies: &x\n  b: c\nd: *x\n", 2},
		"an alias":                 {"a: &x {b: c}\n\npatchedDependencies: *x\n", 3},
		"an empty tag":             {"patchedDependencies: !!null\n", 1},
		"an empty anchor":          {"patchedDependencies: &x\na: *x\n", 1},
		"null on its own line":     {"patchedDependencies:\n  ~\n", 1},
		"null in braces":           {"{patchedDependencies: ~}\n", 1},
		"a list":                   {"patchedDependencies: [a]\n", 1},
		"a text without its end":   {"a: |\n  text", 1},
		"an anchor on its own":     {"patchedDependencies:\n  &x\n  a: b\n", 1},
		"a question mark":          {"? patchedDependencies\n: a: b\n", 1},
		"a text in several quotes": {"patchedDependencies: \"a\n  b\"\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseYAML([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			err = d.Set(file, "patchedDependencies", patchKey)
			wrong, ok := errors.AsType[*SyntaxError](err)
			if !ok {
				t.Fatalf("got %v and\n%s", err, d.Bytes())
			}
			if _, twice := errors.AsType[*SyntaxError](wrong.Err); twice {
				t.Errorf("names the line twice: %v", err)
			}
			if wrong.Line != tc.line {
				t.Errorf("line %d, want %d", wrong.Line, tc.line)
			}
			if string(d.Bytes()) != tc.text {
				t.Errorf("changed:\n%s", d.Bytes())
			}
		})
	}
	for _, text := range []string{"a: 1\n---\nb: 2\n", "- a\n", "a: [\n", "\tb: c\n"} {
		if _, err := ParseYAML([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		} else if _, ok := errors.AsType[*SyntaxError](err); !ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
