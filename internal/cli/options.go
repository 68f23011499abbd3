package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// common are the options of every command.
type common struct {
	dir     string
	json    bool
	quiet   bool
	verbose bool
	format  report.Format // from --json and --format
}

func (o *common) register(root *cobra.Command) {
	o.format = report.Text
	f := root.PersistentFlags()
	f.StringVarP(&o.dir, "dir", "C", ".", "work on the project in `DIR`")
	f.BoolVar(&o.json, "json", false, "print one JSON document (docs/commands.md)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print errors and warnings only")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print ids, diffs and directories too")
	_ = root.MarkPersistentFlagDirname("dir")
}

func registerFormat(cmd *cobra.Command) {
	var names []string
	for _, format := range report.Formats {
		names = append(names, string(format))
	}
	cmd.Flags().String("format", string(report.Text), "print `FORMAT`: "+strings.Join(names, ", ")+" (docs/builds.md)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// chooseFormat brings --format, which only some commands have, and --json together.
func (o *common) chooseFormat(cmd *cobra.Command) error {
	if o.json {
		o.format = report.JSON
	}
	flag := cmd.Flags().Lookup("format")
	if flag == nil || !flag.Changed {
		return nil
	}
	format := report.Format(flag.Value.String())
	switch {
	case !slices.Contains(report.Formats, format):
		o.format = report.Text
		return usageError(hint.Text("use one of "+flag.Usage[strings.Index(flag.Usage, ": ")+2:strings.Index(flag.Usage, " (")]), "--format: unknown format %q", format)
	case o.json && format != report.JSON:
		return usageError(helpOf(cmd), "--json and --format %s contradict each other", format)
	}
	o.format = format
	return nil
}

// copyOptions choose copies of next-auth.
type copyOptions struct {
	ifPresent bool
	all       bool
	chosen    []string
}

func (o *copyOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.ifPresent, "if-present", false, "exit 0 if no next-auth is installed")
	f.BoolVar(&o.all, "all", false, "select the copies of the whole workspace, even from one of its packages")
	registerChosen(cmd, &o.chosen)
}

// list is the value of a flag that can be repeated. The one of pflag allocates 4 KB for
// each command, at every start.
type list []string

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func (l *list) String() string {
	if len(*l) == 0 {
		return ""
	}
	return fmt.Sprint([]string(*l))
}

// Type makes completion offer the flag again.
func (l *list) Type() string { return "stringArray" }

func registerChosen(cmd *cobra.Command, chosen *[]string) {
	cmd.Flags().Var((*list)(chosen), "copy", "select copies by `PATH|RANGE`: a copy's directory, or releases such as 4.24.x (repeatable)")
}

// planOptions are those of every command that compares files with diffs.
type planOptions struct {
	copyOptions
	set     string
	patches string
	strict  bool
}

func (o *planOptions) register(cmd *cobra.Command) {
	o.registerDiffs(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "treat any modified file as drift, even if the diff applies")
	o.copyOptions.register(cmd)
}

// registerDiffs registers the options that choose diffs.
func (o *planOptions) registerDiffs(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.set, "set", patchset.Default, "`SET` of diffs: "+strings.Join(patchset.SetNames, ", "))
	f.StringVar(&o.patches, "patches", "", "add your own diffs from `DIR`")
	_ = cmd.MarkFlagDirname("patches")
	_ = cmd.RegisterFlagCompletionFunc("set", cobra.FixedCompletions(patchset.SetNames, cobra.ShellCompDirectiveNoFileComp))
}

func registerDryRun(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVarP(dryRun, "dry-run", "n", false, "print what would change and write nothing")
}

func registerKeepCache(cmd *cobra.Command, keepCache *bool) {
	cmd.Flags().BoolVar(keepCache, "keep-cache", false, "leave Next.js's build caches alone, even if they hold old code")
}

// again returns the flags, other than -C, that a suggested command needs to mean
// the same.
func (o *planOptions) again() string {
	var b strings.Builder
	if o.set != patchset.Default {
		b.WriteString(" --set " + o.set)
	}
	if o.patches != "" {
		b.WriteString(" --patches " + hint.Quote(o.patches))
	}
	if o.strict {
		b.WriteString(" --strict")
	}
	if o.all {
		b.WriteString(" --all")
	}
	for _, word := range o.chosen {
		b.WriteString(" --copy " + hint.Quote(word))
	}
	return b.String()
}
