package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/report"
)

// The headings under which --help lists commands.
const (
	commands = "commands"
	topics   = "topics"
)

// helpCommand is cobra's, except that an unknown topic is an error.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND|TOPIC]",
		Short:   "show help for a command or a topic",
		GroupID: commands,
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || cmd == nil || len(rest) > 0 {
				return usageError(hint.Run("proxypatch --help"), "unknown help topic %q", strings.Join(args, " "))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

func (p *program) exitCodesTopic() *cobra.Command {
	topic := &cobra.Command{
		Use:     "exit-codes",
		Short:   "the exit codes and what they mean",
		Long:    report.ExitCodesHelp(),
		GroupID: topics,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	topic.SetHelpFunc(func(*cobra.Command, []string) { p.Help(topic.Long + "\n") }) // a topic has no usage
	return topic
}

// wrapHelp makes the help that cobra makes fit a terminal.
func (p *program) wrapHelp(root *cobra.Command) {
	show := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		var text strings.Builder
		out := cmd.OutOrStdout()
		cmd.SetOut(&text)
		show(cmd, args)
		cmd.SetOut(out)
		p.Help(text.String())
	})
}
