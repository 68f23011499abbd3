package main

import (
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "print the diff that apply would make, for git apply",
		Long: `diff prints the changes that apply would make as one git diff, with paths
relative to the package. To apply it with git instead:

  outside a repository, in the package's directory:
    git apply -p1 FILE
  inside a repository, from its top:
    git apply --directory=node_modules/next-auth FILE

From a subdirectory of a repository git skips the files and exits 0.`,
		RunE: func(*cobra.Command, []string) error { return a.diff() },
	}
	a.planFlags(cmd)
	return cmd
}

// diff prints what apply would do to the files' bytes. It writes nothing.
func (a *app) diff() error {
	a.report.Command = "diff"
	plan, err := a.plan(apply.Options{Goal: apply.Patch})
	if plan == nil {
		return err
	}
	defer plan.Close()
	a.report.Copies = a.copies(plan, planning)
	if plan.Blocked() {
		return nil
	}
	for _, c := range plan.Copies {
		for i := range c.Files {
			if file := &c.Files[i]; file.Changes() {
				a.report.Diff += string(patchset.Format(file.Path, file.Before, file.After, file.Mode()))
			}
		}
	}
	if !a.json && !a.quiet {
		a.ui.raw(a.report.Diff)
	}
	return nil
}
