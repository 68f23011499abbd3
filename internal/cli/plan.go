package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/safefile"
	"github.com/proxypatch/proxypatch/patches"
)

// plan makes the plan that every command starts from which has to do with
// files, with what keeps it from being carried out in the report. There is no
// plan, and perhaps no error, if there is no next-auth.
func (a *app) plan(options apply.Options) (*apply.Plan, error) {
	a.report.Set, a.report.DryRun = a.set, a.dryRun
	options.Strict = a.strict
	plan, err := a.unjudged(options)
	if plan != nil {
		a.report.judge(plan, options.Goal, a.patches != "")
	}
	return plan, err
}

// unjudged finds the copies of next-auth and makes a plan for those that were
// chosen, whatever its files are like. There may be none as in plan.
func (a *app) unjudged(options apply.Options) (*apply.Plan, error) {
	library, err := a.library()
	if err != nil {
		return nil, err
	}
	project, err := a.find()
	if project == nil {
		return nil, err
	}
	a.report.project = project
	selected, err := project.Select(a.chosen)
	if err != nil {
		hint := "there are " + project.Names()
		if len(project.Others) > 0 {
			hint += "; --all takes those of the whole workspace"
		}
		return nil, usageError(hint, "--copy: %w", err)
	}
	plan, err := apply.New(selected, library, options)
	if err != nil {
		return nil, &failure{exitFailed, err, remedy(err)}
	}
	if err := a.leaveOutLeftovers(plan, options.Goal); err != nil || len(plan.Copies) == 0 {
		plan.Close()
		return nil, err
	}
	return plan, nil
}

// leaveOutLeftovers takes copies out of the plan that can't be patched and need
// not be, since nothing loads them. Those that can be are, to be safe. If no other
// is left, there is no next-auth.
func (a *app) leaveOutLeftovers(plan *apply.Plan, goal apply.Goal) error {
	for _, c := range slices.Clone(plan.Copies) {
		noAgent := goal == apply.Patch && a.set != patchset.None && !c.Agent.Usable()
		if !noAgent && !plan.IsBlocked(c) {
			continue
		}
		leftover, err := a.report.project.Leftover(&c.Install)
		if err != nil {
			return workspaceFailure(err)
		}
		if leftover {
			plan.LeaveOut(c)
			a.report.Problems = append(a.report.Problems, problem{
				Severity: "warning", Path: c.Path,
				Message: fmt.Sprintf("%s: next-auth %s is a leftover of an earlier install, which nothing loads, and is left alone", c.Path, c.Release),
				Hint:    "to be rid of it: " + a.report.project.Manager.Prune(),
			})
		}
	}
	if len(plan.Copies) == 0 {
		workspace := &a.report.project.Workspace
		return a.notFound(workspace, fmt.Errorf("%w but a leftover is installed for %s", detect.ErrNotFound, workspace.Name()))
	}
	return nil
}

// library opens the chosen set and adds the person's own diffs.
func (a *app) library() (*patchset.Library, error) {
	if !slices.Contains(patchset.SetNames, a.set) {
		return nil, usageError("use one of "+strings.Join(patchset.SetNames, ", "), "--set: there is no set %q", a.set)
	}
	library, err := patchset.Open(patches.FS, a.set)
	if err != nil {
		return nil, err
	}
	if a.patches != "" {
		diffs, err := ownDiffs(a.patches)
		if err != nil {
			return nil, err
		}
		if err := library.Add(diffs); err != nil {
			return nil, usageError("write the path as the file's name is", "%w", err)
		}
	}
	if library.Empty() {
		return nil, usageError("add --patches DIR", "--set none wants nothing without diffs of your own")
	}
	return library, nil
}

func ownDiffs(dir string) ([]*patchset.Diff, error) {
	diffs, err := patchset.Load(os.DirFS(dir), ".")
	if parse := (*patchset.ParseError)(nil); errors.As(err, &parse) {
		parse.Name = filepath.Join(dir, parse.Name)
		return nil, usageError("make each diff with git diff --full-index -- FILE", "%w", parse)
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		path.Path = filepath.Join(dir, path.Path)
	}
	if err != nil {
		return nil, usageError("name a directory with *.diff or *.patch files", "--patches: %w", err)
	}
	if len(diffs) == 0 {
		return nil, usageError("name a directory with *.diff or *.patch files", "--patches %s: no diffs in it", dir)
	}
	for _, diff := range diffs {
		diff.Name = filepath.Join(dir, diff.Name)
	}
	return diffs, nil
}

// find looks for next-auth. Where its absence is allowed there is neither a
// project nor an error.
func (a *app) find() (*detect.Project, error) {
	workspace, err := detect.Open(a.dir)
	var project *detect.Project
	if err == nil {
		project, err = workspace.Find(a.all)
	}
	manifest := (*detect.ManifestError)(nil)
	switch {
	case err == nil:
		return project, nil
	case errors.As(err, &manifest):
		return nil, &failure{exitUnsupported, err, "reinstall next-auth"}
	case errors.Is(err, detect.ErrPlugAndPlay):
		return nil, &failure{exitUnsupported, err, plugAndPlayHint}
	case errors.Is(err, detect.ErrNotFound):
		return nil, a.notFound(workspace, err)
	case errors.Is(err, detect.ErrNoDirectory):
		return nil, noDirectory(err)
	}
	return nil, workspaceFailure(err)
}

// notFound says that there is no next-auth, which may be allowed.
func (a *app) notFound(workspace *detect.Workspace, err error) error {
	if a.ifPresent {
		a.report.Summary = "nothing to do: " + err.Error()
		a.show()
		return nil
	}
	install, failed := workspace.Uninstalled()
	if failed != nil {
		return workspaceFailure(failed)
	}
	hint := "run it where node_modules is, or name the project with -C DIR; --if-present makes this no error"
	if install != "" {
		root := workspace.Display(workspace.Root().Dir)
		if root == "." {
			root = workspace.Root().Dir
		}
		hint = fmt.Sprintf("first, in %s: %s; or %s", root, install, hint)
	}
	return &failure{exitNotFound, err, hint}
}

// workspaceFailure says what to do about a workspace that can't be looked
// through.
func workspaceFailure(err error) error {
	if glob := (*detect.GlobError)(nil); errors.As(err, &glob) {
		return &failure{exitFailed, err, "write workspaces in package.json, or packages in pnpm-workspace.yaml, with fewer and simpler globs, such as packages/*"}
	}
	return &failure{exitFailed, err, remedy(err)}
}

const plugAndPlayHint = "set nodeLinker: node-modules in .yarnrc.yml, run yarn install, then proxypatch"

func noDirectory(err error) error { return usageError("name an existing directory", "-C: %w", err) }

// wording is how a command that writes sums up.
type wording struct{ done, would, nothing string }

// write is apply and revert: they differ in their goal and their words.
func (a *app) write(command string, goal apply.Goal, words wording) error {
	a.report.Command = command
	line := a.progress()
	defer line.end()
	plan, err := a.plan(apply.Options{Goal: goal, Lock: !a.dryRun, Progress: line.copies})
	if plan == nil {
		return err
	}
	defer plan.Close()
	if goal == apply.Patch {
		a.report.judgeAgents(plan, a.set)
	}
	if a.report.Exit.Code != exitOK {
		line.end()
		a.report.Summary = "nothing was written"
		a.report.Copies = a.copies(plan, refusing)
		a.show()
		return nil
	}
	apps, err := nextApps(&a.report.project.Workspace)
	if err != nil {
		return err
	}
	found, err := a.caches(plan, apps, after)
	if err != nil {
		return err
	}
	a.warnUnknown(found)
	tense := planning
	if !a.dryRun {
		tense = doing
		if err := carryOut(plan, found); err != nil {
			return err
		}
		a.finish(found)
	}
	line.end()
	switch changes := plan.Changes(); {
	case changes == 0:
		a.report.Summary = fmt.Sprintf(words.nothing, are(plan.Files()))
	case a.dryRun:
		a.report.Summary = fmt.Sprintf(words.would, count(changes))
	default:
		a.report.Summary = fmt.Sprintf(words.done, count(changes))
	}
	a.report.Copies, a.report.Caches = a.copies(plan, tense), found.report(tense)
	a.show()
	return nil
}

// carryOut brings the files to their new state, and takes code of the old one out
// of the caches first: that can be taken back, and fails more often.
func carryOut(plan *apply.Plan, found caches) error {
	if err := found.stage(); err != nil {
		return err
	}
	if err := plan.Commit(); err != nil {
		return errors.Join(commitFailure(err), found.unstage())
	}
	return nil
}

func commitFailure(err error) error {
	hint := "everything is as it was before; " + remedy(err)
	commit := (*safefile.CommitError)(nil)
	switch {
	case !errors.As(err, &commit):
	case len(commit.Left) > 0:
		hint = "mend the cause and run it again; proxypatch check says what is where"
	case len(commit.Temporary) > 0:
		hint = "next-auth is as it was before; mend the cause and run it again, which also removes what is left, or delete that"
	}
	return &failure{exitFailed, err, hint}
}

// remedy says what to do about what the system refused.
func remedy(err error) string {
	busy := (*safefile.BusyError)(nil)
	switch {
	case errors.As(err, &busy) && busy.File != "":
		return "wait until that process has ended and run it again; if there is none any more, rm " + shellQuote(busy.File) + "*"
	case errors.Is(err, safefile.ErrBusy):
		return "wait until it has ended and run it again"
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0:
		return "run it as the user who installed it, or lift what keeps root out, such as chattr +i"
	case errors.Is(err, fs.ErrPermission):
		return "run it as the user who installed it, or as root"
	case errors.Is(err, syscall.EROFS):
		return "run it before the file system is made read-only"
	}
	return "mend the cause and run it again"
}

// sameFlags returns the flags that a suggested command needs to mean the same.
func (a *app) sameFlags() string {
	var b strings.Builder
	if a.dir != "." {
		b.WriteString(" -C " + shellQuote(a.dir))
	}
	if a.set != patchset.Default {
		b.WriteString(" --set " + a.set)
	}
	if a.patches != "" {
		b.WriteString(" --patches " + shellQuote(a.patches))
	}
	if a.strict {
		b.WriteString(" --strict")
	}
	if a.all {
		b.WriteString(" --all")
	}
	for _, word := range a.chosen {
		b.WriteString(" --copy " + shellQuote(word))
	}
	return b.String()
}

// shellQuote returns a word as a person has to type it.
func shellQuote(word string) string {
	if !strings.ContainsAny(word, " \t\n'\"\\$`*?[]{}()<>|&;~#!") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// show prints the report's copies and summary for a person, unless there is
// nobody to read them.
func (a *app) show() {
	if a.forPeople() && !a.quiet {
		a.ui.report(a.report, a.verbose)
	}
}
