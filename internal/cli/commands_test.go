package cli

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxypatch/proxypatch/internal/hooks"
)

// TestHooksKnowAllCommands holds the list by which init and doctor read scripts to the commands and flags that exist.
func TestHooksKnowAllCommands(t *testing.T) {
	root := newProgram(&bytes.Buffer{}, &bytes.Buffer{}).rootCommand()
	var want []string
	for _, c := range hooks.Commands {
		want = append(want, c.Name)
	}
	got := namesOf(root.Commands())
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-hooks +root):\n%s", diff)
	}
	if first := hooks.Commands[0].Name; root.RunE == nil || first != "apply" {
		t.Errorf("without a command %s would run", first)
	}
	flags := map[string]bool{}
	for _, cmd := range append([]*cobra.Command{root}, root.Commands()...) {
		cmd.InheritedFlags() // which merges them
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal == "" {
				flags[f.Name] = true
				if f.Shorthand != "" {
					flags[f.Shorthand] = true
				}
			}
		})
	}
	if diff := cmp.Diff(hooks.ValueFlags, slices.Sorted(maps.Keys(flags))); diff != "" {
		t.Errorf("flags with values (-hooks +root):\n%s", diff)
	}
}

// Help is printed without templates: text/template calls methods by name, so the linker
// would keep every exported method of every type, and the program grow by 2 MB.
func TestNoTemplates(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"Help", "Usage", "Version"} {
			if call := "Set" + word + "Template("; bytes.Contains(text, []byte(call)) {
				t.Errorf("%s calls %s", file, call)
			}
		}
	}
}

// A command that is made alone is the same as among all.
func TestOneCommand(t *testing.T) {
	var out bytes.Buffer
	all := newProgram(&out, &out).rootCommand()
	for _, m := range newProgram(&out, &out).makers() {
		among, _, err := all.Find([]string{m.name})
		if err != nil {
			t.Fatal(err)
		}
		root := newProgram(&out, &out).rootCommand(m.name, "--json")
		alone, _, err := root.Find([]string{m.name})
		if err != nil {
			t.Fatal(err)
		}
		if alone.Name() != m.name || len(root.Commands()) != 2 { // and help
			t.Errorf("%s: made %v", m.name, namesOf(root.Commands()))
		}
		if diff := cmp.Diff(among.UsageString(), alone.UsageString()); diff != "" {
			t.Errorf("%s (-among all +alone):\n%s", m.name, diff)
		}
	}
}
