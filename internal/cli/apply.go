package cli

import (
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
)

func (a *app) applyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "patch next-auth (also what proxypatch does without a command)",
		RunE:  func(*cobra.Command, []string) error { return a.apply() },
	}
	a.planFlags(cmd)
	a.dryRunFlag(cmd)
	a.keepCacheFlag(cmd)
	return cmd
}

// apply brings all copies to the wanted state, or changes nothing at all.
func (a *app) apply() error {
	return a.write("apply", apply.Patch, applied)
}

var applied = wording{
	done:    "%s changed",
	would:   "%s would change; nothing was written",
	nothing: "nothing to do: %s patched already",
}
