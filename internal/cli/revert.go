package cli

import (
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
)

// revertCommand takes copies back to what they were without proxypatch, whichever
// set was applied.
func (p *program) revertCommand() *cobra.Command {
	o := &writeOptions{}
	cmd := &cobra.Command{
		Use:   "revert",
		Short: "remove the patch and restore every byte",
		RunE: p.run("revert", func(*cobra.Command, []string) error {
			return p.write(o, apply.Restore, reverted)
		}),
	}
	o.register(cmd)
	return cmd
}

var reverted = wording{
	done:    "%s restored",
	would:   "%s would be restored; nothing was written",
	nothing: func(int) string { return "nothing to restore: no file is patched" }, // the plan has no helper to count
}
