package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

const helperFile = "../../patches/helper/proxy.js"

// The helper's second form is what this program makes of the first, with the same revision.
func TestSecondForm(t *testing.T) {
	forms := map[string]patchset.Helper{}
	for _, name := range []string{helperFile, "../../patches/helper/proxy.mjs"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		helper, ok := patchset.ParseHelper(content)
		if !ok {
			t.Errorf("%s: the marker does not match the content; run make stamp", name)
		}
		forms[name] = helper
	}
	first, second := forms[helperFile], forms["../../patches/helper/proxy.mjs"]
	module, err := esModule(first.Content)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(stamp.Helper(module, first.Revision)), string(second.Content)); diff != "" {
		t.Errorf("proxy.mjs is out of date; run make stamp (-want +got):\n%s", diff)
	}
}

// A step that matches nothing, or too often, stops the program, which writes nothing.
func TestStepsMatch(t *testing.T) {
	content, err := os.ReadFile(helperFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.times == 0 {
			t.Errorf("%s need not match", s.find)
		}
	}
	for name, helper := range map[string]string{
		"one too few":  strings.Replace(string(content), `require("zlib")`, `zlib`, 1),
		"one too many": string(content) + "const fs = require(\"fs\");\n",
		"none":         strings.Replace(string(content), "exports.proxyFor", "exports.other", 1),
		"twice":        string(content) + "\"use strict\";\n",
	} {
		dir := t.TempDir()
		file := dir + "/proxy.js"
		if err := os.WriteFile(file, []byte(helper), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := run([]string{file}); err == nil || !strings.Contains(err.Error(), "change the steps of tools/stamp") {
			t.Errorf("%s: %v", name, err)
		}
		if is, err := os.ReadFile(file); err != nil || string(is) != helper {
			t.Errorf("%s: the helper has changed (%v)", name, err)
		}
		if _, err := os.Stat(dir + "/proxy.mjs"); err == nil {
			t.Errorf("%s: wrote the second form", name)
		}
	}
}
