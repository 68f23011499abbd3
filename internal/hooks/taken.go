package hooks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// takenFlags are the flags of the postinstall that exists, which every new hook needs to
// mean the same.
type takenFlags struct {
	plain        string // flags without values, as a hook writes them
	set, patches string // their values; empty without the flag
	lost         string // a flag that other scripts can't have in the same way
}

// takeFlags reads the words after proxypatch in a postinstall.
func takeFlags(words []string) takenFlags {
	var t takenFlags
	if elsewhere(words) {
		return takenFlags{lost: "-C"}
	}
	for _, flag := range []string{"--if-present", "--strict"} {
		if slices.Contains(words, flag) || slices.Contains(words, flag+"=true") {
			t.plain += " " + flag
		}
	}
	for flag, value := range map[string]*string{"set": &t.set, "patches": &t.patches} {
		values := valuesOf(flag, words)
		if len(values) == 0 {
			continue
		}
		if *value = values[len(values)-1]; !Quotable(*value) {
			*value, t.lost = "", "--"+flag
		}
	}
	return t
}

// elsewhere reports whether proxypatch works on another directory.
func elsewhere(words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return strings.HasPrefix(word, "-C") || word == "--dir" || strings.HasPrefix(word, "--dir=")
	})
}

// warnAboutFlags says that new hooks lack a flag of the postinstall that exists.
func (p *Plan) warnAboutFlags(root *File) {
	if flag := p.choice.taken.lost; flag != "" && p.Changes() > 0 {
		p.warn(fmt.Sprintf("%s: init can't repeat %s of postinstall in the hooks that it adds", root.Path, flag),
			hint.Text("add the same flag to them, with a value that fits each script's directory"))
	}
}
