package report

import (
	"fmt"

	"github.com/proxypatch/proxypatch/internal/term"
)

// BuildState says what of next-auth a build runs. The names are in --json.
type BuildState string

// The states of builds.
const (
	BuildPatched   BuildState = "patched"     // next-auth is bundled, with the patch
	BuildUnpatched BuildState = "unpatched"   // it is bundled, at least once without
	BuildUnbundled BuildState = "not bundled" // it is loaded from node_modules
	BuildMissing   BuildState = "not built"   // there is no finished build
	BuildPart      BuildState = "no requests" // it has only parts of next-auth that make none
	BuildUnknown   BuildState = "unknown"     // what it loads can't be found out
)

// Build is what a build of an app runs.
type Build struct {
	Path       string     `json:"path"` // of the build directory, or of the app that is not built
	State      BuildState `json:"state"`
	Standalone bool       `json:"standalone"`
	Revision   int        `json:"revision,omitempty"` // of the oldest helper in it
	Files      []string   `json:"files,omitempty"`    // without the patch, relative to Path
	Copies     []string   `json:"copies,omitempty"`   // of next-auth, loaded from node_modules

	OK      bool `json:"-"` // everything that runs has the patch
	NoAgent bool `json:"-"` // it has, and lacks only https-proxy-agent
}

// what says first in a word, and then in some, what a build runs.
func (b Build) what() (verb, string) {
	switch {
	case b.State == BuildMissing:
		return verb{"not built", term.Plain}, "no finished build"
	case b.State == BuildPart:
		return verb{"no requests", term.Plain}, "uses only parts of next-auth that make no requests"
	case b.State == BuildUnknown:
		return verb{"unknown", term.Red}, "does not show which next-auth it loads"
	case b.State == BuildUnpatched:
		return verb{"unpatched", term.Red}, fmt.Sprintf("built without the patch: %s", CountFiles(len(b.Files)))
	case b.State == BuildPatched && b.OK:
		return verb{"ok", term.Green}, "built with the patch"
	case b.State == BuildPatched && b.NoAgent:
		return verb{"no agent", term.Red}, "built with the patch, but also loads a next-auth that can't load https-proxy-agent"
	case b.State == BuildPatched:
		return verb{"pending", term.Magenta}, "built with the patch, but also loads a next-auth that is not patched"
	case len(b.Copies) == 0:
		return verb{"missing", term.Red}, "next-auth is not bundled, and not beside it"
	case b.OK:
		return verb{"ok", term.Green}, "next-auth is not bundled, and patched beside it"
	case b.NoAgent:
		return verb{"no agent", term.Red}, "next-auth is not bundled, and patched beside it, but can't load https-proxy-agent"
	}
	return verb{"pending", term.Magenta}, "next-auth is not bundled, and not fully patched beside it"
}

// Reason says what a build runs.
func (b Build) Reason() string {
	_, reason := b.what()
	return reason
}

// builds prints a line for each build.
func (t text) builds(builds []Build) {
	verbWidth, pathWidth := 0, 0
	for _, b := range builds {
		verb, _ := b.what()
		verbWidth, pathWidth = max(verbWidth, len(verb.text)), max(pathWidth, len(clean(b.Path)))
	}
	if len(builds) > 0 {
		fmt.Fprintln(t.Stdout, "builds")
	}
	for _, b := range builds {
		verb, reason := b.what()
		t.Row(verb.color, fmt.Sprintf("%-*s", verbWidth, verb.text), fmt.Sprintf("%-*s", pathWidth, clean(b.Path)), reason)
		for _, file := range b.Files {
			if t.Verbose {
				fmt.Fprintln(t.Stdout, clean("      without the patch  "+file))
			}
		}
	}
}
