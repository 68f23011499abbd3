package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/report"
)

const longHelp = `proxypatch makes an installed NextAuth.js work behind a corporate proxy.

It finds node_modules/next-auth, checks its release, and adds a few lines and
one file that send its requests through https_proxy. Without a command it does
what "proxypatch apply" does. "proxypatch revert" restores every byte.`

// maker makes a command of a name.
type maker struct {
	name string
	make func() *cobra.Command
}

// makers returns what makes each command, in the order of the help.
func (p *program) makers() []maker {
	return []maker{
		{"apply", p.applyCommand},
		{"check", p.checkCommand},
		{"diff", p.diffCommand},
		{"doctor", p.doctorCommand},
		{"revert", p.revertCommand},
		{"verify", p.verifyCommand},
		{"init", p.initCommand},
		{"export", p.exportCommand},
		{"releases", p.releasesCommand},
		{"version", p.versionCommand},
	}
}

// rootCommand makes the commands. If the first of the arguments names one, it makes no
// other, because that would take longer than all the rest of proxypatch version.
func (p *program) rootCommand(args ...string) *cobra.Command {
	root := p.applyCommand()
	root.Use = "proxypatch"
	root.Short = "make an installed NextAuth.js work behind a corporate proxy"
	root.Long = longHelp
	root.Example = "  proxypatch --dry-run   show what would change\n  proxypatch             patch\n  proxypatch check       exit 0 only if patched"
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SuggestionsMinimumDistance = 2
	showVersion := root.Flags().Bool("version", false, "print the version")
	apply, version := root.RunE, p.versionCommand().RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *showVersion {
			return version(cmd, args)
		}
		return apply(cmd, args)
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return p.understand(cmd) }
	p.register(root)

	root.AddGroup(&cobra.Group{ID: commands, Title: "Commands:"}, &cobra.Group{ID: topics, Title: "Help topics:"})
	makers := p.makers()
	if at := slices.IndexFunc(makers, func(m maker) bool { return len(args) > 0 && m.name == args[0] }); at >= 0 {
		makers = makers[at : at+1]
		root.CompletionOptions.DisableDefaultCmd = true
	} else {
		root.AddCommand(p.exitCodesTopic())
	}
	for _, m := range makers {
		cmd := m.make()
		cmd.GroupID = commands
		root.AddCommand(cmd)
	}
	root.SetHelpCommand(helpCommand(root))
	root.SetCompletionCommandGroupID(commands)
	p.wrapHelp(root)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	takeUsageErrors(root)
	return root
}

// understand judges the flags that commands have in common.
func (p *program) understand(cmd *cobra.Command) error {
	if err := p.chooseFormat(cmd); err != nil {
		return err
	}
	if p.format == report.GitHub {
		report.Disarm(p.Streams)
	}
	if p.quiet && p.verbose {
		return usageError(helpOf(cmd), "--quiet and --verbose contradict each other")
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) { // most likely a variable that is not set
		if f.Value.String() == "" {
			err = usageError(helpOf(cmd), "--%s is empty", f.Name)
		}
	})
	return err
}

// helpOf returns what shows the help of a command.
func helpOf(cmd *cobra.Command) hint.Hint { return hint.Run(cmd.CommandPath() + " --help") }

// takeUsageErrors makes every command exit with 2 on arguments and flags it
// does not know; cobra alone would let some pass and give others exit code 1.
func takeUsageErrors(cmd *cobra.Command) {
	help := helpOf(cmd)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err, help) })
	if !cmd.Runnable() { // cobra would show its help for any arguments
		cmd.Args, cmd.RunE = nil, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	accepts := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if accepts == nil {
			accepts = noArgs
		}
		if err := accepts(cmd, args); err != nil {
			return usageError(help, "%w", err)
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
func flagError(cmd *cobra.Command, err error, help hint.Hint) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usageError(help, "%w", err)
	}
	name := unknown.GetSpecifiedName()
	if name == "version" || name == "V" {
		return usageError(hint.Run(cmd.Root().Name()+" version"), "%w", err)
	}
	if like := flagLike(cmd, name); like != "" && unknown.GetSpecifiedShortnames() == "" {
		return usageError(help, "%w; did you mean --%s?", err, like)
	}
	return usageError(help, "%w", err)
}

// flagLike returns the flag of a command that is most like a name; empty if none
// is.
func flagLike(cmd *cobra.Command, name string) (like string) {
	least := 3 // a slip or two
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if n := levenshtein.ComputeDistance(strings.ToLower(name), f.Name); n < least {
			like, least = f.Name, n
		}
	})
	return like
}
