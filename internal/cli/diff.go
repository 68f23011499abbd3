package cli

import (
	"strings"

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

From a subdirectory of a repository git skips the files and exits 0. Where
several copies of next-auth need different diffs, --copy says whose is printed.`,
		RunE: func(*cobra.Command, []string) error { return a.diff() },
	}
	a.planFlags(cmd)
	cmd.Flags().BoolVar(&a.noPager, "no-pager", false, "do not show the diff through a pager")
	return cmd
}

// diff prints what apply would do to the files' bytes, once for copies that
// need the same. It writes nothing.
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
		switch text := diffOf(c); {
		case text == "" || text == a.report.Diff:
		case a.report.Diff != "":
			a.report.Diff = ""
			return usageError("choose with --copy PATH or --copy RELEASE: "+a.report.project.Names(), "the copies of next-auth need different diffs, with the same paths in them")
		default:
			a.report.Diff = text
		}
	}
	if a.forPeople() && !a.quiet {
		a.ui.diff(a.report.Diff, !a.noPager)
	}
	return nil
}

// diffOf returns the diff of one copy, empty if nothing would change.
func diffOf(c *apply.Copy) string {
	var b strings.Builder
	for i := range c.Files {
		if file := &c.Files[i]; file.Changes() {
			b.Write(patchset.Format(file.Path, file.Before, file.After, file.Mode()))
		}
	}
	return b.String()
}
