package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

type initOptions struct {
	dryRun bool
	undo   bool
	chosen []string
}

func (p *program) initCommand() *cobra.Command {
	o := &initOptions{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "add install and build hooks to package.json",
		Long: `init adds "proxypatch apply" to the scripts that the package manager runs after
an install, and "proxypatch check" before every "next build" of the project. It
keeps what is there and installs nothing. A second run changes nothing. If apply
would refuse what is installed, so does init. If the package manager patches all
copies itself, as after export, init adds only the check.`,
		RunE: p.run("init", func(*cobra.Command, []string) error { return p.init(o) }),
	}
	registerDryRun(cmd, &o.dryRun)
	cmd.Flags().BoolVar(&o.undo, "undo", false, "remove the hooks that init added")
	registerChosen(cmd, &o.chosen)
	return cmd
}

// init writes the hooks into the project's package.json files, or takes them
// out, or changes nothing at all.
func (p *program) init(o *initOptions) error {
	p.report.DryRun = o.dryRun
	if o.undo && len(o.chosen) > 0 {
		return usageError(hint.Run("proxypatch init --undo"), "--undo and --copy contradict each other")
	}
	workspace, err := p.openWorkspace()
	if err != nil {
		return err
	}
	if !o.undo && built.HasServer(workspace.Home.Dir) {
		return &standaloneError{workspace.Display(workspace.Home.Dir)}
	}
	if !o.dryRun {
		lock, err := hooks.Lock(workspace)
		if err != nil {
			return &systemError{err}
		}
		defer lock.Close()
	}
	planned, err := p.planHooks(o, workspace)
	if err != nil {
		return err
	}
	if !o.undo {
		var refused bool
		planned, refused, err = p.judgeHooks(o, planned)
		if err != nil || refused {
			return err
		}
	}
	changes := planned.Changes()
	if !o.dryRun {
		if err := planned.Commit(); err != nil {
			p.report.Problems = []report.Problem{} // of installs with hooks that were not written
			return err
		}
	}
	p.warnOfHooks(planned)
	p.reportHooks(o, planned, changes)
	return nil
}

func (p *program) planHooks(o *initOptions, workspace *detect.Workspace) (*hooks.Plan, error) {
	if o.undo {
		return hooks.Uninstall(workspace)
	}
	return p.installHooks(o, workspace, "")
}

// installHooks plans hooks beside what patches at installs itself, if that is not empty.
func (p *program) installHooks(o *initOptions, workspace *detect.Workspace, native string) (*hooks.Plan, error) {
	chosen, err := p.hookChoice(o.chosen)
	if err != nil {
		return nil, err
	}
	apps, _ := nextApps(workspace) // only to name them
	return hooks.Install(workspace, hooks.Options{Copies: chosen, Apps: hookApps(apps), Native: native})
}

func hookApps(apps []nextDir) []hooks.App {
	var all []hooks.App
	for _, app := range apps {
		all = append(all, hooks.App{Dir: app.dir, Package: app.pkg})
	}
	return all
}

// judgeHooks returns the plan that fits what is installed. It reports whether apply would
// refuse that, as the hooks run it, and why. It warns of what an install only has to add.
func (p *program) judgeHooks(o *initOptions, planned *hooks.Plan) (fitting *hooks.Plan, refused bool, err error) {
	options := p.hookOptions(o, planned)
	t, err := p.open(options, apply.Options{Goal: apply.Patch})
	switch {
	case errors.Is(err, detect.ErrNotFound):
		return planned, false, p.warnNotInstalled(err, planned)
	case err != nil:
		return planned, false, p.warnNotRead(err, planned)
	}
	defer t.plan.Close()
	if native := p.patchedBy(t.plan); native != "" {
		if planned, err = p.installHooks(o, p.situation.workspace, native); err != nil {
			return nil, false, err
		}
	}
	refused, err = p.refuseHooks(t, planned, options.set)
	return planned, refused, err
}

// refuseHooks reports whether apply would refuse the copies, and warns.
func (p *program) refuseHooks(t *target, planned *hooks.Plan, set string) (refused bool, err error) {
	p.report.Add(t.warnings...)
	reasons, missing := p.judgeInstalls(t.plan, planned)
	p.report.Add(missing...)
	if len(reasons) > 0 {
		p.report.Add(reasons...)
		p.report.Summary = "nothing was written"
		return true, nil
	}
	agents, _ := report.JudgeAgents(t.plan, set)
	for _, missing := range p.explainAll(agents) {
		p.report.Add(report.Warning(missing.Message+failing(planned, "; until this is fixed, %s with exit code 7", ""), missing.Hint))
	}
	patches, err := p.laterFailures(t)
	if err != nil {
		return false, err
	}
	p.report.Add(patches...)
	return false, p.warnOfAgents(t, set)
}

// judgeInstalls returns why apply would refuse copies, and warnings of those that an install
// has to patch.
func (p *program) judgeInstalls(plan *apply.Plan, planned *hooks.Plan) (reasons, warnings []report.Problem) {
	for _, reason := range p.situation.refusals(plan, apply.Patch) {
		problem := p.situation.explain(reason)
		if _, missing := errors.AsType[*nativeError](reason); missing {
			warnings = append(warnings, report.Warning(problem.Message+failing(planned, "; until this is fixed, %s", ""), problem.Hint))
		} else {
			reasons = append(reasons, problem)
		}
	}
	return reasons, warnings
}

// warnNotRead warns that the system does not show what is installed. Other errors about it
// are returned: apply would end with them at each install.
func (p *program) warnNotRead(err error, planned *hooks.Plan) error {
	code, advice := p.situation.judge(err)
	if code != report.Failed {
		return err
	}
	p.report.Add(report.Warning(err.Error()+failing(planned, "; until this is fixed, %s with exit code 1", ""), p.situation.typeable(advice)))
	return nil
}

// hookOptions returns the options with which the hook applies. It works on the whole
// workspace.
func (p *program) hookOptions(o *initOptions, planned *hooks.Plan) *planOptions {
	plain := &planOptions{set: patchset.Default, copyOptions: copyOptions{all: true, chosen: o.chosen}}
	words := planned.Patching()
	hook, elsewhere, cmd := &writeOptions{}, &common{}, &cobra.Command{}
	hook.register(cmd)
	elsewhere.register(cmd)
	expands := slices.ContainsFunc(words, func(word string) bool { return strings.Contains(word, "$") }) // only sh knows its value
	if len(words) == 0 || expands || cmd.ParseFlags(words) != nil || elsewhere.dir != "." {
		return plain
	}
	root := p.situation.workspace.Root().Dir
	for i, word := range hook.chosen {
		if !detect.IsRange(word) {
			hook.chosen[i] = filepath.Join(root, filepath.FromSlash(word))
		}
	}
	if hook.patches != "" && !filepath.IsAbs(hook.patches) {
		hook.patches = filepath.Join(root, hook.patches)
	}
	hook.all = true
	return &hook.planOptions
}

// warnOfHooks adds the warnings of a plan before those of what is installed.
func (p *program) warnOfHooks(planned *hooks.Plan) {
	installed := p.report.Problems
	p.report.Problems = []report.Problem{}
	for _, w := range planned.Warnings {
		p.report.Add(report.Warning(w.Message, p.situation.typeable(w.Hint)))
	}
	p.report.Add(installed...)
}

// failing says in a format which of installs and builds will fail, unless their proxypatch
// has a flag. It says nothing if none will.
func failing(planned *hooks.Plan, format, unless string) string {
	fails := planned.Failing(unless)
	if fails == "" {
		return ""
	}
	return fmt.Sprintf(format, fails)
}

func (p *program) warnNotInstalled(absent error, planned *hooks.Plan) error {
	workspace := p.situation.workspace
	install, err := workspace.Uninstalled()
	if err != nil {
		return &systemError{err}
	}
	if install.Text == "" {
		install = workspace.AddToRoot(line.All[0].Spec)
	}
	p.report.Add(report.Warning(absent.Error()+failing(planned, "; until one is, %s with exit code 6", "--if-present"), install))
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
	p.report.Notes = plan.Notes
}
