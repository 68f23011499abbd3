package line

import (
	"slices"
	"testing"
)

// calls are those of all lines.
var calls = []Calls{nextAuthCalls, authCoreCalls, nextAuth3Calls}

// A kind names one call, and a request too: verify counts a call by the request that
// arrives.
func TestCallsDiffer(t *testing.T) {
	for _, c := range calls {
		seen := map[string]bool{}
		always := 0
		for _, call := range c.Kinds {
			for _, name := range []string{call.Kind, call.Request} {
				if seen[name] {
					t.Errorf("%s: %q is there twice", c.Driver, name)
				}
				seen[name] = true
			}
			if call.File == c.Always {
				always++
			}
		}
		for kind, code := range c.Code {
			if !seen[kind] || code == "" {
				t.Errorf("%s: code %q of %q, which is no kind", c.Driver, code, kind)
			}
		}
		if always == 0 {
			t.Errorf("%s: no call of %s", c.Driver, c.Always)
		}
	}
}

// A copy makes the calls of its files, and those of Always in any case.
func TestCallsOfACopy(t *testing.T) {
	kinds := func(has func(file, code string) bool) (kinds []string) {
		for _, call := range authCoreCalls.Of(has) {
			kinds = append(kinds, call.Kind)
		}
		return kinds
	}
	none := kinds(func(file, code string) bool { return false })
	if len(none) != 6 || none[0] != "discovery" {
		t.Errorf("an empty copy: got %q", none)
	}
	old := kinds(func(file, code string) bool { return code == "" })
	if len(old) != len(authCoreCalls.Kinds)-3 || slices.Contains(old, "apple token") || slices.Contains(old, "tiktok token") || !slices.Contains(old, "tiktok userinfo") {
		t.Errorf("without some code: got %q", old)
	}
	if all := kinds(func(file, code string) bool { return true }); len(all) != len(authCoreCalls.Kinds) {
		t.Errorf("all files: got %q", all)
	}
}
