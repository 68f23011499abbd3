package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/export"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

type exportOptions struct {
	planOptions
	form   string
	dryRun bool
	undo   bool
}

func (p *program) exportCommand() *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "make the package manager itself patch next-auth",
		Long: `export writes the patch as a file of your repository, and adds the entry that names
it to your settings. pnpm, npm 12, yarn 4 and bun have their own form; for others
it is patch-package's. It installs nothing: type the command that it prints. A
second run changes nothing. After an upgrade of next-auth or proxypatch, run it
again.`,
		RunE: p.run("export", func(*cobra.Command, []string) error { return p.export(o) }),
	}
	cmd.Flags().StringVar(&o.form, "for", "", "use the form of `TOOL`: "+strings.Join(export.Forms, ", "))
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(export.Forms, cobra.ShellCompDirectiveNoFileComp))
	registerDryRun(cmd, &o.dryRun)
	cmd.Flags().BoolVar(&o.undo, "undo", false, "take out what export wrote")
	o.registerDiffs(cmd)
	o.copyOptions.register(cmd)
	return cmd
}

// export writes patches for the package manager, takes them out, or changes nothing.
func (p *program) export(o *exportOptions) error {
	p.report.DryRun = o.dryRun
	switch {
	case o.form != "" && !slices.Contains(export.Forms, o.form):
		return usageError(hint.Text("use one of "+strings.Join(export.Forms, ", ")), "--for: unknown tool %q", o.form)
	case o.undo && len(o.chosen) > 0:
		return usageError(hint.Run("proxypatch export --undo"), "--undo and --copy contradict each other")
	case o.undo && o.form != "":
		return usageError(hint.Run("proxypatch export --undo"), "--undo and --for contradict each other")
	}
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
	x := &exporting{program: p, options: o, workspace: workspace}
	err = x.run()
	if err != nil {
		p.report.Add(p.situation.explain(err))
	}
	if p.report.Exit.Code != report.OK {
		p.report.Notes, p.report.Exported = nil, nil
		if failed, ok := errors.AsType[*safefile.CommitError](err); !ok || failed.Undone() {
			p.report.Summary = "nothing was changed"
		}
	}
	return nil
}

// exporting is one run of export.
type exporting struct {
	*program
	options   *exportOptions
	workspace *detect.Workspace
	copies    []*apply.Copy // that get the patch
	guess     bool          // the form depends on a release of npm that is not known
}

func (x *exporting) run() error {
	planned, err := x.plan()
	if err != nil || planned == nil {
		return err
	}
	defer planned.Close()
	tense := report.Planning
	if !x.options.dryRun {
		tense = report.Doing
		err := planned.Commit()
		if left, ok := errors.AsType[*export.LeftError](err); ok {
			x.report.Add(report.Warning(left.Error(), hint.Hint{}))
		} else if err != nil {
			return err
		}
	}
	x.report.Exported = report.ExportOf(planned, tense)
	if x.options.dryRun {
		x.report.Diff = planned.Diff()
	}
	return x.conclude(planned)
}

// plan makes the plan; nil if the report says why there is none.
func (x *exporting) plan() (*export.Plan, error) {
	o := x.options
	if o.undo {
		library, err := openLibrary(&o.planOptions)
		if err != nil {
			return nil, err
		}
		return export.Undo(x.workspace, library)
	}
	userAgent := os.Getenv("npm_config_user_agent")
	form, err := export.Choose(x.workspace, export.Form(o.form), userAgent)
	if err != nil {
		return nil, err
	}
	x.guess = o.form == "" && export.IsGuess(x.workspace, form, userAgent)
	x.report.Set = o.set
	t, err := x.open(&o.planOptions, apply.Options{Goal: apply.Patch, Shared: true})
	if err != nil {
		return nil, x.absent(err, o.ifPresent)
	}
	defer t.plan.Close()
	x.report.Add(t.warnings...)
	if err := x.choose(t); err != nil || x.report.Exit.Code != report.OK {
		return nil, err
	}
	options := export.Options{
		Form: form, UserAgent: userAgent, Agents: o.set != patchset.None,
		Installed: slices.Concat(t.project.Copies, t.project.Others),
	}
	for _, c := range x.copies {
		options.Copies = append(options.Copies, c.Install)
	}
	planned, err := export.New(x.workspace, t.library, options)
	if err == nil {
		x.warnOfMissingAgents(planned, t)
	}
	return planned, err
}

// choose keeps the copies that something loads. Patches for others would stay unused, and
// pnpm refuses to install with such. It reports those that can't be patched.
func (x *exporting) choose(t *target) error {
	for _, c := range t.plan.Copies {
		leftover, err := t.project.Leftover(&c.Install)
		if err != nil {
			return &systemError{err}
		}
		switch {
		case leftover:
		case c.Err != nil:
			x.report.Add(x.situation.explain(&report.UnpatchableError{Copy: c}))
		default:
			x.copies = append(x.copies, c)
		}
	}
	return nil
}

// warnOfMissingAgents warns of copies that will find no usable https-proxy-agent.
func (x *exporting) warnOfMissingAgents(planned *export.Plan, t *target) {
	if x.options.set == patchset.None {
		return
	}
	for _, c := range x.copies {
		if c.Agent.Usable() || planned.GivesAgent(&c.Install) {
			continue
		}
		missing := &report.AgentError{Copy: c}
		x.report.Add(report.Warning(missing.Error(), x.situation.typeable(t.project.ProvideAgent(c.Install))))
	}
}

// conclude sums up, and says what to type.
func (x *exporting) conclude(planned *export.Plan) error {
	changed := planned.Changes()
	switch {
	case changed == 0 && x.options.undo:
		x.report.Summary = "nothing to take out"
		return nil
	case changed == 0:
		x.report.Summary = "nothing to do"
		return nil
	case x.options.dryRun:
		x.report.Summary = report.CountFiles(changed) + " would change; nothing was written"
	default:
		x.report.Summary = report.CountFiles(changed) + " changed"
	}
	install := x.workspace.InstallNative()
	switch {
	case planned.Replaces(), x.options.undo && x.bringsBack():
		install = x.workspace.InstallAfresh()
	case x.options.undo:
		install = x.workspace.InstallReleased()
	}
	x.report.Exported.Install = install.Run
	x.report.Notes = append([]string{"now run: " + install.Text}, x.notes(planned)...)
	return nil
}

// bringsBack reports whether the install after an undo would load copies that were patched
// in place before export. pnpm keeps them beside those that it patches.
func (x *exporting) bringsBack() bool {
	project, err := x.find(true)
	return err == nil && slices.ContainsFunc(project.Copies, func(c detect.Install) bool {
		leftover, err := project.Leftover(&c)
		return leftover && err == nil && !c.Native && hasHelper(&c)
	})
}

// hasHelper reports whether a copy has the file that only a patch adds.
func hasHelper(c *detect.Install) bool {
	of, err := c.ReleaseLine()
	if err != nil {
		return false
	}
	_, err = os.Lstat(filepath.Join(c.Dir, filepath.FromSlash(of.Helper)))
	return err == nil
}

// notes say what to know about the install that comes next.
func (x *exporting) notes(planned *export.Plan) []string {
	var notes []string
	note := func(applies bool, text string) {
		if applies {
			notes = append(notes, text)
		}
	}
	form := planned.Form
	inPlace := planned.IsNew() && slices.ContainsFunc(x.copies, isPatchedInPlace)
	note(form == export.NPM, "do not run npm install --package-lock-only first: then node_modules stays unpatched")
	note(inPlace && form == export.PNPM, "the copy that is patched in place stays beside the new one until you run pnpm prune")
	note(inPlace && form != export.PNPM && form != export.PatchPackage, "the install replaces the files that are patched in place")
	note(form == export.PatchPackage, "the install needs patch-package from the registry; an install with --ignore-scripts leaves next-auth unpatched")
	note(x.guess, "npm's release is not known, and only npm 12 patches packages itself; if everyone uses it, run proxypatch export --for npm")
	note(form != "" && form != export.Bun, "commit the lock file too: installs with a frozen old one fail")
	note(form == export.Bun, "commit the lock file too")
	note(form != "" && hooks.Patches(x.workspace), "installs no longer need proxypatch apply; proxypatch init adapts the hooks")
	note(x.options.undo && x.canPatchInPlace(), "to patch in place instead, run proxypatch apply, or proxypatch init for every install")
	return notes
}

// canPatchInPlace reports whether copies are installed, and apply may write all of them.
func (x *exporting) canPatchInPlace() bool {
	project, err := x.find(true)
	return err == nil && !slices.ContainsFunc(project.Copies, func(c detect.Install) bool { return c.Shared != nil })
}

func isPatchedInPlace(c *apply.Copy) bool {
	return slices.ContainsFunc(c.Files, func(f apply.File) bool { return f.Helper && f.Before != nil })
}
