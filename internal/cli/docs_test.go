package cli

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxypatch/proxypatch/internal/report"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var exitRow = regexp.MustCompile(`(?m)^\| (\d) \| ([a-z ]+) \| (.*) \|$`)

func TestExitCodesAreDocumented(t *testing.T) {
	var want []string
	for _, e := range report.ExitCodes {
		want = append(want, fmt.Sprintf("%d %s: %s", e.Code, e.Name, e.Meaning))
	}
	const name = "docs/commands.md"
	var got []string
	for _, m := range exitRow.FindAllStringSubmatch(strings.ReplaceAll(readDoc(t, name), "`", ""), -1) {
		got = append(got, fmt.Sprintf("%s %s: %s", m[1], m[2], m[3]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-code +document):\n%s", name, diff)
	}
}

var flagRow = regexp.MustCompile("(?m)^\\| `(?:-\\w`, `)?--([a-z-]+)")

func TestFlagsAreDocumented(t *testing.T) {
	have := map[string]bool{}
	var collect func(cmd *cobra.Command)
	collect = func(cmd *cobra.Command) {
		if cmd.Name() == "completion" {
			return // cobra's own
		}
		cmd.InitDefaultHelpFlag()
		note := func(f *pflag.Flag) { have[f.Name] = true }
		cmd.Flags().VisitAll(note)
		cmd.PersistentFlags().VisitAll(note)
		for _, sub := range cmd.Commands() {
			collect(sub)
		}
	}
	var out bytes.Buffer
	collect(newProgram(&out, &out).rootCommand())

	documented := map[string]bool{}
	for _, m := range flagRow.FindAllStringSubmatch(readDoc(t, "docs/commands.md"), -1) {
		documented[m[1]] = true
	}
	if diff := cmp.Diff(have, documented); diff != "" {
		t.Errorf("docs/commands.md (-flags +documented):\n%s", diff)
	}
}

func TestCommandsAreDocumented(t *testing.T) {
	var out bytes.Buffer
	readme := readDoc(t, "README.md")
	for _, cmd := range newProgram(&out, &out).rootCommand().Commands() {
		if name := cmd.Name(); name != "help" && !strings.Contains(readme, name) {
			t.Errorf("README.md does not mention %s", name)
		}
	}
}
