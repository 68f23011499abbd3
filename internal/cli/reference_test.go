package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/proxypatch/proxypatch/internal/report"
)

// The generators stand in tests, so that nothing of them is linked into the program.

const referenceDir = "../../docs/reference"

// TestReference compares docs/reference with the commands; UPDATE=1 writes it.
func TestReference(t *testing.T) {
	dir := t.TempDir()
	must(t, doc.GenMarkdownTree(documented(), dir))
	want := readPages(t, dir)
	if os.Getenv("UPDATE") != "" {
		must(t, os.RemoveAll(referenceDir))
		must(t, os.CopyFS(referenceDir, os.DirFS(dir)))
	}
	if diff := cmp.Diff(want, readPages(t, referenceDir)); diff != "" {
		t.Errorf("docs/reference is not that of the commands; UPDATE=1 go test ./internal/cli -run TestReference (-commands +docs):\n%s", diff)
	}
}

// TestManPage makes the man page, as the file $PROXYPATCH_MAN if that is set, as
// a release does. Its date is that of $SOURCE_DATE_EPOCH.
func TestManPage(t *testing.T) {
	file := os.Getenv("PROXYPATCH_MAN")
	if file == "" {
		file = filepath.Join(t.TempDir(), "proxypatch.1")
	}
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, md2man.Render([]byte(manual(t))), 0o644))

	mandoc, err := exec.LookPath("mandoc")
	switch {
	case err == nil:
	case os.Getenv("CI") != "" && runtime.GOOS == "linux":
		t.Fatal(err)
	default:
		t.Skipf("skipped reading the man page: %v", err)
	}
	if out, err := exec.Command(mandoc, "-T", "lint", "-W", "warning", file).CombinedOutput(); err != nil {
		t.Errorf("mandoc -T lint: %v\n%s", err, out)
	}
	out, err := exec.Command(mandoc, "-T", "ascii", "-O", "width=130", file).Output()
	must(t, err)
	text := regexp.MustCompile(".\b").ReplaceAllString(string(out), "") // bold is a letter over itself
	for _, want := range []string{
		"PROXYPATCH(1)",
		"-C, --dir=DIR\n",
		"proxypatch apply [flags]\n",
		"4  drift        a file is missing, or is neither the released nor the patched one\n",
		"git apply --directory=node_modules/next-auth FILE\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the man page:\n%s", want, text)
		}
	}
}

// manual returns the man page as md2man's Markdown: one page for all commands.
func manual(t *testing.T) string {
	date := time.Unix(0, 0)
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		must(t, err)
		date = time.Unix(seconds, 0)
	}
	root := documented()
	var b strings.Builder
	fmt.Fprintf(&b, "%% %q %q %q %q %q\n", "PROXYPATCH", "1", date.UTC().Format(time.DateOnly), "proxypatch", "User commands")
	fmt.Fprintf(&b, "# NAME\nproxypatch - %s\n\n", root.Short)
	b.WriteString("# SYNOPSIS\n**proxypatch** [*COMMAND*] [*FLAGS*]\n\n")
	fmt.Fprintf(&b, "# DESCRIPTION\n%s\n\n", root.Long)
	b.WriteString("# COMMANDS\n")
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() && cmd.GroupID == commands {
			fmt.Fprintf(&b, "## %s\n%s.\n\n", cmd.UseLine(), cmd.Short)
			if cmd.Long != "" {
				fmt.Fprintf(&b, "%s\n\n", cmd.Long)
			}
			manualFlags(&b, cmd.LocalFlags())
		}
	}
	b.WriteString("# FLAGS OF ALL COMMANDS\n")
	manualFlags(&b, root.PersistentFlags())
	fmt.Fprintf(&b, "# EXIT STATUS\n%s\n\n", fenceIndented(report.ExitCodesHelp()))
	fmt.Fprintf(&b, "# EXAMPLES\n%s\n", fenceIndented(root.Example))
	return b.String()
}

func manualFlags(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if f.Shorthand != "" {
			fmt.Fprintf(b, "**-%s**, ", f.Shorthand)
		}
		fmt.Fprintf(b, "**--%s**", f.Name)
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			fmt.Fprintf(b, "=*%s*", value)
		}
		fmt.Fprintf(b, "\n: %s", usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			fmt.Fprintf(b, " (default %s)", f.DefValue)
		}
		b.WriteString("\n\n")
	})
}

// documented returns the commands as the generators take them: as Markdown.
func documented() *cobra.Command {
	var out bytes.Buffer
	root := newProgram(&out, &out).rootCommand()
	root.DisableAutoGenTag = true
	var prepare func(cmd *cobra.Command)
	prepare = func(cmd *cobra.Command) {
		cmd.Long = fenceIndented(cmd.Long)
		for _, sub := range cmd.Commands() {
			prepare(sub)
		}
	}
	prepare(root)
	return root
}

// fenceIndented puts fences around the indented lines of a help text, which
// Markdown would join.
func fenceIndented(text string) string {
	return indented.ReplaceAllString(text, "```\n$0```\n")
}

var indented = regexp.MustCompile(`(?m)(?:^  .*(?:\n|\z))+`)

// readPages returns the files of a directory by name.
func readPages(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	pages := map[string]string{}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		must(t, err)
		pages[entry.Name()] = string(data)
	}
	return pages
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
