package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

func (p *program) diffCommand() *cobra.Command {
	o, noPager := &planOptions{}, false
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "print what apply would change, as a diff for git apply",
		Long: `diff prints the changes that apply would make as one git diff, with paths
relative to the package. To apply it with git instead:

  outside a repository, in the package's directory:
    git apply -p1 FILE
  inside a repository, from its top:
    git apply --directory=node_modules/next-auth FILE

The package of next-auth 5 is @auth/core. From a subdirectory of a repository, git
skips the files and exits 0. If several copies of next-auth need different diffs,
choose one with --copy.`,
		RunE: p.run("diff", func(*cobra.Command, []string) error {
			p.paging = !noPager
			return p.diff(o)
		}),
	}
	o.register(cmd)
	cmd.Flags().BoolVar(&noPager, "no-pager", false, "print the diff without a pager")
	return cmd
}

// diff prints what apply would do to the files' bytes, once for copies that
// need the same. It writes nothing.
func (p *program) diff(o *planOptions) error {
	p.report.Set = o.set
	t, err := p.open(o, apply.Options{Goal: apply.Patch, Shared: true})
	if err != nil {
		return p.absent(err, o.ifPresent)
	}
	defer t.plan.Close()
	p.report.Add(t.warnings...)
	p.report.Copies = p.situation.copiesOf(t.plan, t.project, report.Planning)
	if t.plan.Blocked() {
		p.report.Add(p.explainAll(report.Judge(t.plan, apply.Patch))...)
		return nil
	}
	p.report.Diff, err = commonDiff(t)
	return err
}

// commonDiff returns the diff that all copies need.
func commonDiff(t *target) (string, error) {
	common := ""
	for _, c := range t.plan.Copies {
		switch text := diffOf(c); {
		case text == "" || text == common:
		case common != "":
			return "", usageError(hint.Text("choose with --copy PATH or --copy RELEASE: "+t.project.Names()), "the copies of next-auth need different diffs for the same paths")
		default:
			common = text
		}
	}
	return common, nil
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
