package safefile

import (
	"strings"
	"testing"
)

func TestIsTempName(t *testing.T) {
	end := strings.Repeat("AZ27Q", 6)[:tempLength]
	for name, want := range map[string]bool{
		NewTempName("azure-ad.js"):              true,
		NewTempName("x"):                        true,
		".proxypatch-x-" + end:                  true,
		".proxypatch-notes.md":                  false,
		".proxypatch-x.js":                      false,
		".proxypatch-x.js-" + end[1:]:           false,
		".proxypatch-x.js-" + end + "A":         false,
		".proxypatch-x.js-" + end[1:] + "1":     false,
		".proxypatch-x.js-" + end[1:] + "a":     false,
		".proxypatch-x.js-" + "A1" + end[2:]:    false,
		".proxypatch--" + end:                   false,
		".proxypatch-" + end:                    false,
		"proxypatch-x.js-" + end:                false,
		".proxypatch-x-" + end + ".md":          false,
		".proxypatch-stamp":                     false,
		"a.proxypatch-x.js-" + end:              false,
		".proxypatch-x-" + strings.ToLower(end): false,
	} {
		if got := IsTempName(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
