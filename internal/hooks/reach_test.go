package hooks

import (
	"strings"
	"testing"
)

func TestEndsBefore(t *testing.T) {
	for script, want := range map[string]bool{
		"exit 0 && patch-package":                      true,
		"exit 0; patch-package":                        true,
		"exit\npatch-package":                          true,
		"a && exit 0 && patch-package":                 true,
		"exit 1 || patch-package":                      true,
		"! exit 0; patch-package":                      true,
		"{ a; exit 0; } && patch-package":              true,
		"(exit 0; patch-package)":                      true,
		"exec a && patch-package":                      true,
		"exec a; npx patch-package --error-on-fail":    true,
		"a && exit 0 || exit 1; patch-package":         true,
		"patch-package; exit 0":                        false,
		"exec patch-package":                           false,
		"exec 2>&1; patch-package":                     false,
		"a && exit 0; patch-package":                   false,
		"a || exit 1; patch-package":                   false,
		"a && exit 0 || patch-package":                 false,
		"(exit 0) && patch-package":                    false,
		"exit 0 & patch-package":                       false,
		"exit 0 | patch-package":                       false,
		"if a; then exit 0; fi; patch-package":         false,
		"exit 0 && a; patch-package; exit 0 && b":      true,
		"exit 0 && a":                                  false,
		"exit 0 '":                                     false,
		"patch-package && exit 0 && patch-package --x": false,
		"": false,
	} {
		if got := EndsBefore(script, "patch-package"); got != want {
			t.Errorf("%q: got %v, want %v", script, got, want)
		}
	}
}

// What a real sh runs is never hidden.
func TestNothingHidden(t *testing.T) {
	needsShell(t)
	var all []string
	for i, before := range []string{
		"", "exit 0 && ", "exit 1 || ", "false && exit 0; ", "true || exit 1; ", "(exit 0) && ", "! exit 0; ", "exit 0 & ", "exit 0 | true; ",
		"exec true; ", "exec 2>/dev/null; ", "{ exit 0; }; ", "if false; then exit 0; fi; ", "false && exit 0 || ", "true && exit 0 || ",
	} {
		for j, script := range scripts() {
			if (i+j)%8 == 0 {
				all = append(all, before+script)
			}
		}
	}
	hidden := 0
	for i, got := range runAll(t, 0, all) {
		if !EndsBefore(all[i], "next") {
			continue
		}
		hidden++
		if strings.Contains(got, "built") {
			t.Errorf("%q builds", all[i])
		}
	}
	if hidden < len(all)/5 {
		t.Errorf("next is hidden in only %d of %d scripts", hidden, len(all))
	}
}

func TestHidden(t *testing.T) {
	for _, test := range []struct {
		scripts map[string]string
		want    string
	}{
		{map[string]string{"postinstall": "exit 0; patch-package", "build": "next build"}, "postinstall"},
		{map[string]string{"prepare": "exec patch-package", "postinstall": "exit 0; patch-package"}, ""},
		{map[string]string{"prepare": "exec a; patch-package", "postinstall": "exit 0; patch-package"}, "postinstall"},
		{map[string]string{"note": "echo patch-package # patch-package", "postinstall": "exit 0; patch-package"}, "postinstall"},
		{nil, ""},
	} {
		if got := Hidden(test.scripts, "patch-package"); got != test.want {
			t.Errorf("%v: got %q", test.scripts, got)
		}
	}
}

// Megabytes of parentheses would crash the parser.
func TestLongScripts(t *testing.T) {
	script := strings.Repeat("(", 8<<20) + "patch-package"
	if HasComment(script) || EndsBefore(script, "patch-package") || !Names(script, "patch-package") || EndsWith(Follow(script, applyCommand), applyCommand) {
		t.Error("a script that is not parsed has answers")
	}
}
