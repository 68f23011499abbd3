package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/patches"
)

// target is what a command works on: the copies of next-auth that a person chose,
// and a Plan for them.
type target struct {
	project  *detect.Project
	library  *patchset.Library
	plan     *apply.Plan
	apps     func() ([]nextDir, error)       // finds the workspace's Next.js apps, once
	patches  func() ([]foreign.Patch, error) // finds patches by other tools, once
	warnings []report.Problem
}

// open finds the copies and makes the Plan, whatever the files are like. The error
// wraps detect.ErrNotFound if there is no copy. Close the Plan.
func (p *program) open(o *planOptions, options apply.Options) (*target, error) {
	p.situation.again, p.situation.ownDiffs = o.again(), o.patches != ""
	anyCopy := *o
	anyCopy.chosen = nil
	p.situation.anyCopy = anyCopy.again()
	toExport := *o
	toExport.strict = false
	p.situation.toExport = toExport.again()
	options.Strict = o.strict
	library, err := openLibrary(o)
	if err != nil {
		return nil, err
	}
	project, err := p.find(o.all)
	if err != nil {
		return nil, err
	}
	selected, err := selectCopies(project, o.chosen)
	if err != nil {
		return nil, err
	}
	options.Traced = inStandalone(project.Root().Dir)
	plan, err := apply.New(selected, library, options)
	if err != nil {
		return nil, &systemError{err}
	}
	apps := sync.OnceValues(func() ([]nextDir, error) { return nextApps(&project.Workspace) })
	patches := sync.OnceValues(func() ([]foreign.Patch, error) { return foreign.Find(&project.Workspace) })
	t := &target{project: project, library: library, plan: plan, apps: apps, patches: patches}
	p.situation.patchable = patchable(plan)
	p.situation.pending = patchedBefore(library, plan)
	if err = p.judgePatches(t, options.Goal); err == nil {
		err = p.leaveOutLeftovers(t, options.Goal, o.set)
	}
	if err == nil {
		err = t.leaveOutBare()
	}
	if err == nil {
		err = p.warnOfStrays(t, options)
	}
	if err != nil {
		plan.Close()
		p.report.Add(t.warnings...)
		return nil, err
	}
	return t, nil
}

// judgePatches says what patches by other tools are to the copies of the plan. Settings
// that can't be read may name one, so nothing is restored. If the plan is blocked, the error
// is still that of the file. apply reads them again, and what only looks does not need them.
func (p *program) judgePatches(t *target, goal apply.Goal) error {
	found, err := t.patches()
	many := errors.As(err, new(*detect.PatchesError))
	if many || err != nil && goal == apply.Restore && !t.plan.Blocked() {
		return &systemError{err}
	}
	p.situation.inTheWay = foreign.InTheWay(found, t.library, t.plan)
	if err := p.situation.addNatives(found, t.library, t.plan); err != nil {
		return err
	}
	installed := slices.Concat(t.project.Copies, t.project.Others, t.project.Strays)
	p.situation.idle, err = foreign.Idle(found, t.library, installed, t.project.Leftover)
	return err
}

// selectCopies returns the copies that the words of --copy select.
func selectCopies(project *detect.Project, words []string) ([]detect.Install, error) {
	selected, err := project.Select(words)
	if err != nil {
		names := "choose from " + project.Names()
		if len(project.Others) > 0 {
			names += "; add --all to choose from the whole workspace"
		}
		return nil, usageError(hint.Text(names), "--copy: %w", err)
	}
	return selected, nil
}

// patchable returns ranges, such as "4.x", of the copies that can be patched. If a range
// also has copies that can't, it returns the releases.
func patchable(plan *apply.Plan) []string {
	var ranges []string
	for _, c := range plan.Copies {
		if c.Err != nil {
			continue
		}
		major := majorOf(c)
		word := major + ".x"
		if slices.ContainsFunc(plan.Copies, func(c *apply.Copy) bool { return c.Err != nil && majorOf(c) == major }) {
			word = c.Release
		}
		if !slices.Contains(ranges, word) {
			ranges = append(ranges, word)
		}
	}
	return ranges
}

func majorOf(c *apply.Copy) string {
	major, _, _ := strings.Cut(c.Release, ".")
	return major
}

// patchedBefore says why files are not patched that somebody patched before; empty if no
// one did.
func patchedBefore(library *patchset.Library, plan *apply.Plan) string {
	switch {
	case library.AddHelper && slices.ContainsFunc(plan.Copies, hasOlderHelper):
		return "an older proxypatch patched these files; to update them"
	case slices.ContainsFunc(plan.Copies, hasOldTutorial):
		return "some of these files have the official tutorial's edit; to replace it"
	}
	return ""
}

// hasOldTutorial reports whether a copy has the official tutorial's edit, and the chosen
// set another one.
func hasOldTutorial(c *apply.Copy) bool {
	return slices.ContainsFunc(c.Files, func(f apply.File) bool {
		return f.Changes() && f.By != nil && f.By.FromTutorial()
	})
}

// hasOlderHelper reports whether an older proxypatch wrote a copy's helper, as after an
// upgrade, if the chosen set has a helper.
func hasOlderHelper(c *apply.Copy) bool {
	return slices.ContainsFunc(c.Files, func(f apply.File) bool {
		return f.Helper && f.State == patchset.Outdated
	})
}

// leaveOutLeftovers takes copies out of the plan that can't be patched and need
// not be, since nothing loads them. Those that can be are, to be safe, unless installs
// patch or have patched them. If no other is left, there is no next-auth.
func (p *program) leaveOutLeftovers(t *target, goal apply.Goal, set string) error {
	native := slices.ContainsFunc(t.plan.Copies, func(c *apply.Copy) bool { return p.situation.by(c) != "" })
	for _, c := range slices.Clone(t.plan.Copies) {
		noAgent := goal == apply.Patch && set != patchset.None && !c.Agent.Usable()
		refused := noAgent || t.plan.IsBlocked(c)
		ofInstalls := c.Native || native && (c.Changes() > 0 || goal == apply.Restore)
		if !refused && !ofInstalls {
			continue
		}
		leftover, err := t.project.Leftover(&c.Install)
		if err != nil {
			return &systemError{err}
		}
		if leftover {
			t.plan.LeaveOut(c)
			t.warnOfLeftover(c, goal == apply.Patch && (refused || c.Changes() > 0))
		}
	}
	if len(t.plan.Copies) == 0 {
		return fmt.Errorf("%w but a leftover is installed for %s", detect.ErrNotFound, t.project.Name())
	}
	return nil
}

func (t *target) warnOfLeftover(c *apply.Copy, unpatched bool) {
	kept := "unchanged"
	if unpatched {
		kept = "unpatched"
	}
	warning := report.Warning(
		fmt.Sprintf("%s: %s is a leftover of an earlier install; nothing loads it, so it stays %s", c.Path, c.Title(), kept),
		hint.Join(hint.Text("remove it: "), t.project.Prune()))
	warning.Path = c.Path
	t.warnings = append(t.warnings, warning)
}

// leaveOutBare takes copies out of the plan of which an image has nothing to judge. If
// no other is left, there is no next-auth.
func (t *target) leaveOutBare() error {
	for _, c := range slices.Clone(t.plan.Copies) {
		if c.IsBare() {
			t.plan.LeaveOut(c)
		}
	}
	if len(t.plan.Copies) == 0 {
		return &bareError{t.project.Name()}
	}
	return nil
}

// inStandalone returns a function that reports whether a copy is in standalone output of
// Next.js: in the node_modules at its top, or of a package below it.
func inStandalone(project string) func(dir string) bool {
	return func(dir string) bool {
		for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
			if filepath.Base(at) == "node_modules" && built.IsTop(filepath.Dir(at)) {
				return true
			}
		}
		return built.IsTop(project)
	}
}

// absent judges that there is no next-auth, which a person may allow: then it is no
// error. It returns all other errors as they are.
func (p *program) absent(err error, allowed bool) error {
	switch {
	case !errors.Is(err, detect.ErrNotFound):
		return err
	case allowed:
		p.report.Summary = "nothing to do: " + err.Error()
		return nil
	case errors.As(err, new(*bareError)):
		return err
	}
	workspace := p.situation.workspace
	if image, failed := built.IsStandalone(workspace.Dir); image && failed == nil {
		return &absentError{err: err, image: true}
	}
	install, failed := workspace.Uninstalled()
	if failed != nil {
		return &systemError{failed}
	}
	return &absentError{err: err, install: install}
}

// openLibrary opens the chosen set and adds the person's own diffs.
func openLibrary(o *planOptions) (*patchset.Library, error) {
	if !slices.Contains(patchset.SetNames, o.set) {
		return nil, usageError(hint.Text("use one of "+strings.Join(patchset.SetNames, ", ")), "--set: unknown set %q", o.set)
	}
	library, err := patchset.Open(patches.FS, o.set)
	if err != nil {
		return nil, err
	}
	if o.patches != "" {
		diffs, err := ownDiffs(o.patches)
		if err != nil {
			return nil, err
		}
		if err := library.Add(diffs); err != nil {
			return nil, usageError(hint.Text("write the path exactly as the file is named, with the same case"), "%w", err)
		}
	}
	if library.Empty() {
		return nil, usageError(hint.Text("add --patches DIR"), "--set none needs --patches")
	}
	return library, nil
}

func ownDiffs(dir string) ([]*patchset.Diff, error) {
	diffs, err := patchset.Load(os.DirFS(dir), ".")
	if parse, ok := errors.AsType[*patchset.ParseError](err); ok {
		parse.Name = filepath.Join(dir, parse.Name)
		return nil, usageError(hint.Join(hint.Text("make each diff with "), hint.Keep("git diff --full-index -- FILE")), "%w", parse)
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		path.Path = filepath.Join(dir, path.Path)
	}
	if err != nil {
		return nil, usageError(hint.Text("name a directory with *.diff or *.patch files"), "--patches: %w", err)
	}
	if len(diffs) == 0 {
		return nil, usageError(hint.Text("name a directory with *.diff or *.patch files"), "--patches %s: no diffs in it", dir)
	}
	for _, diff := range diffs {
		diff.Name = filepath.Join(dir, diff.Name)
	}
	return diffs, nil
}

// openWorkspace finds the workspace of the directory that a person works on, once
// for each run.
func (p *program) openWorkspace() (*detect.Workspace, error) {
	if p.situation.workspace != nil {
		return p.situation.workspace, nil
	}
	workspace, err := detect.Open(p.dir)
	if _, wrong := errors.AsType[*detect.DirectoryError](err); wrong && p.dir != "." {
		return nil, usageError(hint.Text("name an existing directory"), "-C: %w", err)
	}
	if err != nil {
		return nil, &systemError{err}
	}
	p.situation.workspace = workspace
	return workspace, nil
}

// find looks for next-auth, once in each run for the same scope.
func (p *program) find(all bool) (*detect.Project, error) {
	project := p.found[all]
	if project == nil {
		workspace, err := p.openWorkspace()
		if err != nil {
			return nil, err
		}
		if project, err = workspace.Find(all); err != nil {
			return nil, &systemError{err}
		}
		p.found[all] = project
	}
	p.situation.project, p.report.Root = project, project.Root().Dir
	return project, nil
}
