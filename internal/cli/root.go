// Package cli holds the commands of proxypatch.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// flags are the values of all flags; each command registers those it takes.
type flags struct {
	dir     string
	json    bool
	format  string // once the command line is understood, json too
	quiet   bool
	verbose bool

	set       string
	patches   string
	strict    bool
	ifPresent bool
	all       bool
	chosen    []string
	keepCache bool
	dryRun    bool
	undo      bool
	noPager   bool
	node      string
	timeout   time.Duration
}

// app is one run of the program.
type app struct {
	flags
	ui     *ui
	report report
}

// Run is the whole program but for the process around it. It returns the exit
// code of docs/exit-codes.md.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return int(run(args, stdin, stdout, stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) exitCode {
	a := &app{ui: newUI(stdout, stderr), report: newReport()}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(a.ui.stdout)
	root.SetErr(a.ui.stderr)
	if err := root.Execute(); err != nil {
		a.report.fail(err)
	}
	a.conclude(args)
	if err := a.ui.out.err; err != nil {
		a.ui.problems([]problem{{Severity: "error", Message: err.Error(), Hint: "only the output is lost; what the command does is done"}})
		return exitFailed
	}
	return a.report.Exit.Code
}

const longHelp = `proxypatch makes an installed NextAuth.js 4 work behind a corporate proxy.

It finds node_modules/next-auth, checks its release, and puts in the few lines
and the one file that send its requests through https_proxy. Run without a
command it applies; "proxypatch revert" takes everything back to the byte.`

func (a *app) rootCommand() *cobra.Command {
	root := a.applyCommand()
	root.Use = "proxypatch"
	root.Short = "make an installed NextAuth.js work behind a corporate proxy"
	root.Long = longHelp
	root.Example = "  proxypatch --dry-run   show what would change\n  proxypatch             patch\n  proxypatch check       exit 0 only if patched"
	root.SilenceErrors, root.SilenceUsage = true, true

	all := root.PersistentFlags()
	all.StringVarP(&a.dir, "dir", "C", ".", "work on the project in `DIR`")
	all.BoolVar(&a.json, "json", false, "print one JSON document (docs/json.md)")
	all.BoolVarP(&a.quiet, "quiet", "q", false, "print errors and warnings only")
	all.BoolVarP(&a.verbose, "verbose", "v", false, "print ids, diffs and directories too")
	root.SuggestionsMinimumDistance = 2
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		hint := cmd.CommandPath() + " --help"
		if err := a.chooseFormat(cmd); err != nil {
			return err
		}
		if a.quiet && a.verbose {
			return usageError(hint, "--quiet and --verbose contradict each other")
		}
		var err error
		cmd.Flags().Visit(func(f *pflag.Flag) { // most likely a variable that is not set
			if f.Value.String() == "" {
				err = usageError(hint, "--%s is empty", f.Name)
			}
		})
		return err
	}
	_ = root.MarkPersistentFlagDirname("dir")

	root.AddGroup(&cobra.Group{ID: commands, Title: "Commands:"}, &cobra.Group{ID: topics, Title: "Help topics:"})
	for _, cmd := range []*cobra.Command{a.applyCommand(), a.checkCommand(), a.diffCommand(), a.doctorCommand(), a.revertCommand(), a.verifyCommand(), a.initCommand(), a.releasesCommand(), a.versionCommand()} {
		cmd.GroupID = commands
		root.AddCommand(cmd)
	}
	root.AddCommand(exitCodesTopic())
	root.SetHelpCommand(helpCommand(root))
	root.SetCompletionCommandGroupID(commands)
	a.ui.wrapHelp(root)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	takeUsageErrors(root)
	return root
}

// planFlags registers the flags of every command that makes a plan.
func (a *app) planFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.set, "set", patchset.Default, "`SET` of diffs: "+strings.Join(patchset.SetNames, ", "))
	f.StringVar(&a.patches, "patches", "", "add your own diffs from `DIR`")
	f.BoolVar(&a.strict, "strict", false, "take changed files for drift even where the diffs fit")
	a.copyFlags(cmd)
	_ = cmd.MarkFlagDirname("patches")
	_ = cmd.RegisterFlagCompletionFunc("set", cobra.FixedCompletions(patchset.SetNames, cobra.ShellCompDirectiveNoFileComp))
}

// copyFlags registers the flags that choose copies of next-auth.
func (a *app) copyFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&a.ifPresent, "if-present", false, "exit 0 if no next-auth is installed")
	f.BoolVar(&a.all, "all", false, "take the copies of the whole workspace, also from one of its packages")
	f.StringArrayVar(&a.chosen, "copy", nil, "take only the copies that are `PATH|RANGE`: a copy's directory, or releases such as 4.24.x (repeatable)")
}

func (a *app) dryRunFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&a.dryRun, "dry-run", "n", false, "say what would change and write nothing")
}

// takeUsageErrors makes every command exit with 2 on arguments and flags it
// does not know; cobra alone would let some pass and give others exit code 1.
func takeUsageErrors(cmd *cobra.Command) {
	hint := fmt.Sprintf("%s --help", cmd.CommandPath())
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err, hint) })
	if !cmd.Runnable() { // cobra would show its help for any arguments
		cmd.Args, cmd.RunE = nil, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	accepts := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if accepts == nil {
			accepts = noArgs
		}
		if err := accepts(cmd, args); err != nil {
			return usageError(hint, "%w", err)
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		takeUsageErrors(sub)
	}
}

func namesOf(commands []*cobra.Command) []string {
	var names []string
	for _, cmd := range commands {
		names = append(names, cmd.Name())
	}
	return names
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	switch {
	case cmd.HasAvailableSubCommands() && cmd.HasParent():
		return fmt.Errorf("%s needs one of %s, not %q", cmd.CommandPath(), strings.Join(namesOf(cmd.Commands()), ", "), args[0])
	case cmd.HasParent():
		return fmt.Errorf("%s takes no arguments: %q", cmd.CommandPath(), args[0])
	}
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		return fmt.Errorf("unknown command %q; did you mean %q?", args[0], like[0])
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// flagError says what was meant by a flag that a command does not know, if that
// can be guessed.
func flagError(cmd *cobra.Command, err error, hint string) error {
	unknown := (*pflag.NotExistError)(nil)
	if !errors.As(err, &unknown) {
		return usageError(hint, "%w", err)
	}
	name := unknown.GetSpecifiedName()
	if name == "version" || name == "V" {
		return usageError(cmd.Root().Name()+" version", "%w", err)
	}
	if like := flagLike(cmd, name); like != "" && unknown.GetSpecifiedShortnames() == "" {
		return usageError(hint, "%w; did you mean --%s?", err, like)
	}
	return usageError(hint, "%w", err)
}

// flagLike returns the flag of a command that is most like a name; empty if none
// is. Cobra can tell for the names of commands, so it is told that they are some.
func flagLike(cmd *cobra.Command, name string) string {
	names := &cobra.Command{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	for names.SuggestionsMinimumDistance < 2 {
		names.SuggestionsMinimumDistance++
		if like := names.SuggestionsFor(name); len(like) > 0 {
			return like[0]
		}
	}
	return ""
}
