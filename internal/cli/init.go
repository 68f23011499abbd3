package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

func (a *app) initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init",
		Short: "let every install patch and every build check, from package.json",
		Long: `init puts "proxypatch apply" into the scripts that the package manager runs
after an install, and "proxypatch check" in front of every "next build" of the
project. It joins what is there, installs nothing, and run again changes nothing.`,
		RunE: func(*cobra.Command, []string) error { return a.init() },
	}
	a.dryRunFlag(cmd)
	cmd.Flags().BoolVar(&a.undo, "undo", false, "take out what init puts in")
	return cmd
}

// init writes the hooks into the project's package.json files, or takes them
// out, or changes nothing at all.
func (a *app) init() error {
	a.report.Command, a.report.DryRun = "init", a.dryRun
	workspace, err := a.openWorkspace()
	if err != nil {
		return err
	}
	if !a.dryRun {
		lock, err := hooks.Lock(workspace)
		if err != nil {
			return &failure{exitFailed, err, remedy(err)}
		}
		defer lock.Close()
	}
	plan, err := a.planHooks(workspace)
	if err != nil || a.report.Exit.Code != exitOK {
		return err
	}
	changes := plan.Changes()
	if !a.dryRun {
		if err := plan.Commit(); err != nil {
			return hooksFailure(err)
		}
	}
	switch {
	case changes == 0 && a.undo:
		a.report.Summary = "nothing to take out"
	case changes == 0:
		a.report.Summary = "nothing to do"
	case a.dryRun:
		a.report.Summary = fmt.Sprintf("%s would change; nothing was written", countScripts(changes))
	default:
		a.report.Summary = countScripts(changes) + " changed"
	}
	a.reportHooks(plan)
	a.show()
	return nil
}

// openWorkspace finds the project.
func (a *app) openWorkspace() (*detect.Workspace, error) {
	workspace, err := detect.Open(a.dir)
	switch {
	case errors.Is(err, detect.ErrNoDirectory):
		return nil, noDirectory(err)
	case err != nil:
		return nil, workspaceFailure(err)
	}
	return workspace, nil
}

// planHooks plans what the command is to do in the project.
func (a *app) planHooks(workspace *detect.Workspace) (*hooks.Plan, error) {
	if a.undo {
		plan, err := hooks.Uninstall(workspace)
		return plan, manifestFailure(err)
	}
	plan, err := hooks.Install(workspace)
	if err != nil {
		return nil, manifestFailure(err)
	}
	return plan, a.judgeInstalled(workspace)
}

// judgeInstalled records why hooks could never do their work, given what is
// installed, and warns where nothing is. What else there is to say about that is
// for apply to say.
func (a *app) judgeInstalled(workspace *detect.Workspace) error {
	a.all = true // the hooks are the whole workspace's
	plan, err := a.unjudged(apply.Options{Goal: apply.Patch})
	if plan == nil {
		f := (*failure)(nil)
		switch {
		case errors.As(err, &f) && f.code == exitUnsupported:
			return err
		case errors.As(err, &f) && f.code == exitNotFound:
			return a.warnNotInstalled(workspace, err)
		}
		return nil
	}
	defer plan.Close()
	for _, c := range plan.Copies {
		if unsupported(c) {
			a.report.judgeSupport(c)
		}
	}
	if a.report.Exit.Code != exitOK {
		a.report.Summary = "nothing was written"
		a.show()
	}
	return nil
}

func (a *app) warnNotInstalled(workspace *detect.Workspace, absent error) error {
	hint, err := workspace.Uninstalled()
	if err != nil {
		return workspaceFailure(err)
	}
	if hint == "" {
		hint = workspace.Manager.Add("next-auth@4", len(workspace.Packages) > 1)
	}
	if root := workspace.Display(workspace.Root().Dir); root != "." {
		hint = "in " + root + ": " + hint
	}
	a.report.Problems = append(a.report.Problems, problem{
		Severity: "warning", Message: fmt.Sprintf("%v; until one is, installs and builds fail with exit code 6", absent), Hint: hint,
	})
	return nil
}

// manifestFailure says what to do about a package.json that can't be used.
func manifestFailure(err error) error {
	syntax, file := (*hooks.SyntaxError)(nil), (*hooks.FileError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hooks.ErrNoManifest):
		return usageError("run it in the project, or name the project with -C DIR", "%w", err)
	case errors.As(err, &syntax):
		return &failure{exitFailed, err, "mend it, without comments and trailing commas, and run it again; nothing was written"}
	case errors.As(err, &file):
		return &failure{exitFailed, err, "let a regular, readable file stand there and run it again; nothing was written"}
	}
	return err
}

func hooksFailure(err error) error {
	hint := "everything is as it was before; mend the cause and run it again"
	commit := (*safefile.CommitError)(nil)
	switch {
	case !errors.As(err, &commit):
	case len(commit.Temporary) > 0:
		hint = "mend the cause, delete the temporary files, and run it again"
	case len(commit.Left) > 0:
		hint = "mend the cause and run it again"
	}
	return &failure{exitFailed, err, hint}
}

func (a *app) reportHooks(plan *hooks.Plan) {
	tense := doing
	if a.dryRun {
		tense = planning
	}
	for _, f := range plan.Files {
		for _, s := range f.Scripts {
			out := script{File: f.Path, Name: s.Name, Action: string(s.Action), Reason: s.Reason, verb: tense.script(s.Action)}
			if s.Action != hooks.Add {
				out.Before = &s.Before
			}
			if s.Action != hooks.Remove {
				out.After = &s.After
			}
			a.report.Scripts = append(a.report.Scripts, out)
		}
	}
	for _, w := range plan.Warnings {
		a.report.Problems = append(a.report.Problems, problem{Severity: "warning", Message: w.Message, Hint: w.Hint})
	}
	a.report.Notes = plan.Notes
}

func countScripts(n int) string {
	if n == 1 {
		return "1 script"
	}
	return fmt.Sprintf("%d scripts", n)
}
