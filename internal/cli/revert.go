package cli

import (
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
)

func (a *app) revertCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revert",
		Short: "take the patch back, to the byte",
		RunE:  func(*cobra.Command, []string) error { return a.revert() },
	}
	a.planFlags(cmd)
	a.dryRunFlag(cmd)
	a.keepCacheFlag(cmd)
	return cmd
}

// revert takes all copies back to what they were without proxypatch, whichever
// set was applied, or changes nothing at all.
func (a *app) revert() error {
	return a.write("revert", apply.Restore, reverted)
}

var reverted = wording{
	done:    "%s restored",
	would:   "%s would be restored; nothing was written",
	nothing: "nothing to take back: %s not patched",
}
