package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

type initOptions struct {
	dryRun bool
	undo   bool
}

func (p *program) initCommand() *cobra.Command {
	o := &initOptions{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "add install and build hooks to package.json",
		Long: `init adds "proxypatch apply" to the scripts that the package manager runs after
an install, and "proxypatch check" before every "next build" of the project. It
keeps what is there and installs nothing. A second run changes nothing.`,
		RunE: p.run("init", func(*cobra.Command, []string) error { return p.init(o) }),
	}
	registerDryRun(cmd, &o.dryRun)
	cmd.Flags().BoolVar(&o.undo, "undo", false, "remove the hooks that init added")
	return cmd
}

// init writes the hooks into the project's package.json files, or takes them
// out, or changes nothing at all.
func (p *program) init(o *initOptions) error {
	p.report.DryRun = o.dryRun
	workspace, err := p.openWorkspace()
	if err != nil {
		return err
	}
	if !o.dryRun {
		lock, err := hooks.Lock(workspace)
		if err != nil {
			return &systemError{err}
		}
		defer lock.Close()
	}
	plan := hooks.Install
	if o.undo {
		plan = hooks.Uninstall
	}
	planned, err := plan(workspace)
	if err != nil {
		return err
	}
	if !o.undo {
		refused, err := p.refuseHooks()
		if err != nil || refused {
			return err
		}
	}
	changes := planned.Changes()
	if !o.dryRun {
		if err := planned.Commit(); err != nil {
			return err
		}
	}
	p.reportHooks(o, planned, changes)
	return nil
}

// refuseHooks reports whether hooks could never do their work, given what is
// installed, and why. It warns where nothing is installed. All else about what is
// installed is for apply to say.
func (p *program) refuseHooks() (refused bool, err error) {
	o := &planOptions{set: patchset.Default, copyOptions: copyOptions{all: true}} // the hooks are the whole workspace's
	t, err := p.open(o, apply.Options{Goal: apply.Patch})
	switch {
	case errors.Is(err, detect.ErrNotFound):
		return false, p.warnNotInstalled(err)
	case err != nil:
		if code, _ := p.situation.judge(err); code == report.Unsupported {
			return false, err
		}
		return false, nil
	}
	defer t.plan.Close()
	p.report.Add(t.warnings...)
	for _, c := range t.plan.Copies {
		if unsupported(c) {
			p.report.Add(p.situation.explain(&report.UnpatchableError{Copy: c}))
			p.report.Summary, refused = "nothing was written", true
		}
	}
	return refused, nil
}

// unsupported reports whether a copy is of a release that can't be patched. Other
// layouts can be had for the same hooks.
func unsupported(c *apply.Copy) bool {
	_, unsupported := errors.AsType[*patchset.UnsupportedError](c.Err)
	return unsupported
}

func (p *program) warnNotInstalled(absent error) error {
	workspace := p.situation.workspace
	install, err := workspace.Uninstalled()
	if err != nil {
		return &systemError{err}
	}
	if install.Text == "" {
		install = workspace.AddToRoot("next-auth@4")
	}
	p.report.Add(report.Warning(fmt.Sprintf("%v; until one is, installs and builds fail with exit code 6", absent), install))
	return nil
}

func (p *program) reportHooks(o *initOptions, plan *hooks.Plan, changes int) {
	tense := report.Doing
	if o.dryRun {
		tense = report.Planning
	}
	switch {
	case changes == 0 && o.undo:
		p.report.Summary = "nothing to remove"
	case changes == 0:
		p.report.Summary = "nothing to do"
	case o.dryRun:
		p.report.Summary = fmt.Sprintf("%s would change; nothing was written", report.Count(changes, "script"))
	default:
		p.report.Summary = report.Count(changes, "script") + " changed"
	}
	p.report.Scripts = report.Scripts(plan, tense)
	for _, w := range plan.Warnings {
		p.report.Add(report.Warning(w.Message, p.situation.typeable(w.Hint)))
	}
	p.report.Notes = plan.Notes
}
