package cli

import (
	"bytes"
	"maps"
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
