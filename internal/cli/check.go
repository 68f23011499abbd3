package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/report"
)

type checkOptions struct {
	planOptions
	keepCache bool
	built     bool
}

func (p *program) checkCommand() *cobra.Command {
	o := &checkOptions{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "exit 0 only if everything is patched (for CI, before the build)",
		Example: "  proxypatch check\n" +
			"  proxypatch check --built -C /app   # in an image, or after the build",
		RunE: p.run("check", func(*cobra.Command, []string) error {
			if o.built {
				return p.checkBuilt(o)
			}
			return p.check(o)
		}),
	}
	o.register(cmd)
	cmd.Flags().BoolVar(&o.built, "built", false, "check what was built instead, after the build or in an image")
	registerKeepCache(cmd, &o.keepCache)
	registerFormat(cmd)
	return cmd
}

// check says whether every copy is in the wanted state. It writes nothing.
func (p *program) check(o *checkOptions) error {
	p.report.Set = o.set
	t, err := p.open(&o.planOptions, apply.Options{Goal: apply.Patch, Part: true})
	if err != nil {
		return p.absent(err, o.ifPresent)
	}
	defer t.plan.Close()
	p.report.Add(t.warnings...)
	reasons, warnings := p.judge(t, apply.Patch, o.set)
	p.report.Add(append(reasons, warnings...)...)
	p.report.Add(p.situation.warnOfPatches(t.plan)...)
	p.report.Unpatched = p.explainAll(unpatched(t.plan))
	pending := t.plan.Changes()
	switch {
	case t.plan.Blocked():
		p.report.Summary = "not fully patched"
	case pending > 0:
		p.report.Summary = report.CountFiles(pending) + " not patched"
		if reason := p.situation.forApply(t.plan); reason != nil {
			together := p.situation.explain(reason)
			together.Together = true
			p.report.Add(together)
		}
	default:
		p.report.Summary = report.CountFiles(t.plan.Files()) + " patched"
		if o.keepCache {
			break
		}
		found, stale, err := p.checkCaches(t, o.all)
		if err != nil {
			return err
		}
		p.report.Caches = found
		p.report.Add(stale...)
		if slices.ContainsFunc(stale, func(s report.Problem) bool { return s.Code != report.OK }) {
			p.report.Summary += ", but a build may use old code"
		}
	}
	p.report.Copies = p.situation.copiesOf(t.plan, t.project, report.Checking)
	return nil
}

func isTraced(c *apply.Copy) bool { return c.Traced && c.Changes() > 0 }

// unpatched returns an error for each file that apply would change.
func unpatched(plan *apply.Plan) []error {
	var files []error
	for _, c := range plan.Copies {
		for i := range c.Files {
			if c.Err == nil && c.Files[i].Changes() {
				files = append(files, &unpatchedError{c, c.Files[i].Path})
			}
		}
	}
	return files
}

// checkCaches looks at the build caches that a check is for, and returns problems:
// a warning where a cache is unknown, an error where a build would use old code.
func (p *program) checkCaches(t *target, all bool) ([]report.Cache, []report.Problem, error) {
	apps, err := ownApps(&t.project.Workspace, all)
	if err != nil {
		return nil, nil, err
	}
	found, err := t.caches(apps, before, false)
	if err != nil {
		return nil, nil, err
	}
	problems := found.unknown()
	if stale := found.stale(); len(stale) > 0 {
		problems = append(problems, p.situation.explain(&staleError{stale}))
	}
	return found.report(report.Checking), problems, nil
}
