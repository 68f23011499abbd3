package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "exit 0 only if everything is patched (for CI, before the build)",
		RunE:  func(*cobra.Command, []string) error { return a.check() },
	}
	a.planFlags(cmd)
	a.keepCacheFlag(cmd)
	a.formatFlag(cmd)
	return cmd
}

// check says whether every copy is in the wanted state. It writes nothing.
func (a *app) check() error {
	a.report.Command = "check"
	plan, err := a.plan(apply.Options{Goal: apply.Patch})
	if plan == nil {
		return err
	}
	defer plan.Close()
	a.report.judgeAgents(plan, a.set)
	pending := plan.Changes()
	a.report.unpatched = unpatched(plan)
	switch {
	case plan.Blocked():
		a.report.Summary = "not as proxypatch leaves it"
	case pending == 0:
		a.report.Summary = count(plan.Files()) + " patched"
		if err := a.checkCaches(plan); err != nil {
			return err
		}
	default:
		a.report.Summary = count(pending) + " not patched"
		a.report.problem(exitPending, count(pending)+" can be patched, but "+isAre(pending)+" not", "proxypatch apply"+a.sameFlags()).together = true
	}
	a.report.Copies = a.copies(plan, checking)
	a.show()
	return nil
}

// unpatched returns a problem for each file that would change.
func unpatched(plan *apply.Plan) []problem {
	var files []problem
	for _, c := range plan.Copies {
		for i := range c.Files {
			if !c.Files[i].Changes() {
				continue
			}
			p := problem{Severity: "error", Exit: exitPending.String()}
			p.at(c, c.Files[i].Path)
			p.Message = p.Path + ": can be patched, but is not"
			files = append(files, p)
		}
	}
	return files
}

// ownApps are the Next.js apps whose builds a check is for: those of the package
// that it is run in or, in the root, all.
func (a *app) ownApps() ([]nextDir, error) {
	project := a.report.project
	apps, err := nextApps(&project.Workspace)
	return slices.DeleteFunc(apps, func(app nextDir) bool {
		return !a.all && !project.Home.Is(project.Root()) && !project.Home.Is(app.pkg)
	}), err
}

// checkCaches makes it a reason to fail that a build would use old code.
func (a *app) checkCaches(plan *apply.Plan) error {
	apps, err := a.ownApps()
	if err != nil {
		return err
	}
	found, err := a.caches(plan, apps, before)
	if err != nil {
		return err
	}
	a.warnUnknown(found)
	a.report.Caches = found.report(checking)
	if stale := found.stale(); len(stale) > 0 {
		a.report.Summary += ", but a build may use old code"
		a.report.problem(exitPending, strings.Join(stale, ", ")+" may hold next-auth as it was before", "proxypatch apply"+a.sameFlags()+" deletes it; --keep-cache leaves it out of account")
	}
	return nil
}
