package cli

import (
	"fmt"
	"os"
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
		Long: `export writes the patch as a file of your repository, in the form of your package
manager: pnpm, npm 12, yarn 4 or bun, or patch-package for others. It adds the
entry that names the file to your settings. It installs nothing: type the command
that it prints. A second run changes nothing. After an upgrade of next-auth or
proxypatch, run it again.`,
		RunE: p.run("export", func(*cobra.Command, []string) error { return p.export(o) }),
	}
	cmd.Flags().StringVar(&o.form, "for", "", "use the form of `TOOL`: "+strings.Join(export.Forms, ", "))
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(export.Forms, cobra.ShellCompDirectiveNoFileComp))
	registerDryRun(cmd, &o.dryRun)
	cmd.Flags().BoolVar(&o.undo, "undo", false, "take out what export wrote")
	o.registerDiffs(cmd)
	o.registerChoice(cmd)
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
	if err := x.run(); err != nil {
		p.report.Add(p.situation.explain(err))
	}
	if p.report.Exit.Code != report.OK {
		p.report.Summary = "nothing was changed"
		p.report.Notes, p.report.Exported = nil, nil
	}
	return nil
}

// exporting is one run of export.
type exporting struct {
	*program
	options   *exportOptions
	workspace *detect.Workspace
	inPlace   bool // a copy is patched in place
	store     bool // in a store that keeps it
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
		if err := planned.Commit(); err != nil {
			return err
		}
	}
	x.report.Exported = report.ExportOf(planned, tense)
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
	x.report.Set = o.set
	t, err := x.open(&o.planOptions, apply.Options{Goal: apply.Patch, Shared: true})
	if err != nil {
		return nil, x.absent(err, false)
	}
	defer t.plan.Close()
	x.report.Add(t.warnings...)
	copies, err := x.used(t)
	if err != nil || x.report.Exit.Code != report.OK {
		return nil, err
	}
	return export.New(x.workspace, t.library, export.Options{
		Form: form, UserAgent: userAgent, Copies: copies,
		Installed: slices.Concat(t.project.Copies, t.project.Others), Agents: o.set != patchset.None,
	})
}

// used returns the copies that something loads and that can be patched. Patches for others
// would stay unused, and pnpm refuses to install with such.
func (x *exporting) used(t *target) ([]detect.Install, error) {
	var copies []detect.Install
	for _, c := range t.plan.Copies {
		leftover, err := t.project.Leftover(&c.Install)
		if err != nil {
			return nil, &systemError{err}
		}
		switch {
		case leftover:
			continue
		case c.Err != nil:
			x.report.Add(x.situation.explain(&report.UnpatchableError{Copy: c}))
			continue
		}
		copies = append(copies, c.Install)
	}
	return copies, nil
}

// conclude sums up, and says what to type.
func (x *exporting) conclude(planned *export.Plan) error {
	if !planned.Changes() {
		x.report.Summary = "nothing to do"
		if x.options.undo {
			x.report.Summary = "nothing to take out"
		}
		return nil
	}
	changed := 0
	for _, f := range planned.Files {
		if f.Action() != export.Keep {
			changed++
		}
	}
	x.report.Summary = report.CountFiles(changed) + " changed"
	if x.options.dryRun {
		x.report.Summary = report.CountFiles(changed) + " would change; nothing was written"
	}
	install := x.workspace.InstallNative()
	x.report.Exported.Install = install.Run
	x.report.Notes = append(x.report.Notes, fmt.Sprintf("to make it effective: %s", install.Text))
	return nil
}
