package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/buildcache"
	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// builds are what finished builds of a project hold, and the copies of next-auth that
// run beside those which do not hold all of it.
type builds struct {
	workspace *detect.Workspace
	found     []*foundBuild
	unbuilt   []nextDir
	astray    []nextDir // whose own build was searched for, and not found
	skipped   []string  // directories that the system refused to list
	warnings  []report.Problem
	project   *detect.Project // of the copies; nil if there are none
	plan      *apply.Plan     // of the copies, closed; nil if there are none
	revision  int             // of the helper that an apply would add
	lenient   bool            // whether a search that fails finds nothing
	unread    error           // why the build of an image can't be read
	library   *patchset.Library
	strict    bool
	apps      map[string]installed // what a new build of an app would take, by its directory
	situation *situation
}

// foundBuild is one build.
type foundBuild struct {
	built.Build
	path    string         // the build directory as a person would write it
	app     detect.Package // that is built again
	source  bool           // whether that can be done here
	content *built.Content
	copies  []detect.Install // that the build loads, if it loads any
	absent  []string         // names that it loads next-auth by, and that lead nowhere
	uses    bool             // whether there is anything of next-auth
	part    bool             // whether there are only parts of it that make no requests
}

// openBuilds finds the builds of the directory that a person works on, and judges the
// copies of next-auth beside them.
func (p *program) openBuilds(o *planOptions, lenient bool) (*builds, error) {
	workspace, err := p.openWorkspace()
	if err != nil {
		return nil, err
	}
	library, err := openLibrary(o)
	if err != nil {
		return nil, err
	}
	p.situation.again, p.situation.ownDiffs = o.again(), o.patches != ""
	all := &builds{workspace: workspace, lenient: lenient, library: library, strict: o.strict, apps: map[string]installed{}, situation: &p.situation}
	if err := all.find(workspace, o.all); err != nil {
		return nil, err
	}
	if err := all.addUnbuilt(); err != nil {
		return nil, err
	}
	all.warnings = append(all.warnings, all.unlisted()...)
	for _, b := range all.found {
		if err := all.read(workspace, b); err != nil {
			return nil, err
		}
	}
	p.situation.project, p.report.Root = all.project, workspace.Root().Dir
	if all.revision, err = library.Revision(); err != nil {
		return nil, err
	}
	if err := all.planCopies(library, o.strict); err != nil {
		return nil, err
	}
	all.leaveOutParts()
	return all, nil
}

// find finds the builds of the workspace's apps or, in a directory that is not of one, of
// all apps below it.
func (all *builds) find(w *detect.Workspace, whole bool) error {
	if w.Home.Dir == w.Dir {
		if err := all.findOwn(w, whole); len(all.found) > 0 || err != nil {
			return err
		}
	}
	below, err := all.below(w, w.Dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(below, isOwnBuild) { // as Nx makes them outside of the apps
		all.astray = nil
	}
	for _, b := range below {
		if err := all.add(w, b, detect.Package{Dir: b.Dir}); err != nil {
			return err
		}
	}
	if len(below) == 0 && w.Home.Dir != w.Dir {
		return all.findOwn(w, whole)
	}
	return nil
}

// below returns the builds of all apps below a directory.
func (all *builds) below(w *detect.Workspace, dir string) ([]built.Build, error) {
	found, skipped, err := built.Below(dir)
	if err != nil && !all.lenient {
		return nil, buildFailure(w, err)
	}
	all.skipped = append(all.skipped, skipped...)
	return found, nil
}

// unlisted warns of directories that the system refused to list.
func (all *builds) unlisted() (warnings []report.Problem) {
	skipped := slices.Compact(slices.Sorted(slices.Values(all.skipped)))
	if len(skipped) == 0 {
		return nil
	}
	first, others := all.workspace.Display(skipped[0]), ""
	if n := len(skipped) - 1; n > 0 {
		others = fmt.Sprintf(" (and %d more)", n)
	}
	warning := report.Warning(fmt.Sprintf("%s can't be read%s, so no build in it was judged", first, others), hint.Hint{})
	warning.Path = first
	return []report.Problem{warning}
}

// findOwn finds the builds of the apps that a check is for.
func (all *builds) findOwn(w *detect.Workspace, whole bool) error {
	apps, err := ownApps(w, whole)
	if err != nil {
		return err
	}
	for _, app := range apps {
		found, unknown, err := built.Find(app.dir)
		if err != nil {
			return buildFailure(w, err)
		}
		if unknown != "" && len(found) == 0 {
			if found, err = all.search(w, app, apps); err != nil {
				return err
			}
		}
		if unknown != "" {
			all.warnings = append(all.warnings, unknownBuild(w.Display(app.dir), unknown, found))
		}
		if len(found) == 0 {
			all.unbuilt = append(all.unbuilt, app)
		}
		for _, b := range found {
			if err := all.add(w, b, app.pkg); err != nil {
				return err
			}
		}
	}
	return all.findNitro(w, whole)
}

// search finds the builds of an app whose build directory is unknown.
func (all *builds) search(w *detect.Workspace, app nextDir, apps []nextDir) ([]built.Build, error) {
	found, err := all.below(w, app.dir)
	found = slices.DeleteFunc(found, func(b built.Build) bool {
		return slices.ContainsFunc(apps, func(other nextDir) bool { return len(other.dir) > len(app.dir) && below(other.dir, b.Dir) })
	})
	if !slices.ContainsFunc(found, isOwnBuild) {
		all.astray = append(all.astray, app)
	}
	return found, err
}

// isOwnBuild reports whether a build is one that an app itself runs, and no copy of it.
func isOwnBuild(b built.Build) bool { return !b.Standalone }

// unfound returns an error for each app that may run a build that was not found.
func (all *builds) unfound() (errs []error) {
	for _, app := range all.astray {
		if app.pkg.NamesNextAuth() || all.workspace.Root().NamesNextAuth() {
			errs = append(errs, &astrayError{all.workspace.Display(app.dir)})
		}
	}
	return errs
}

// findNitro finds the builds of Nuxt and Nitro.
func (all *builds) findNitro(w *detect.Workspace, whole bool) error {
	for _, pkg := range w.Packages {
		if pkg.Linked || !isOwn(w, pkg, whole) {
			continue
		}
		b, err := built.FindNitro(pkg.Dir)
		if err != nil {
			return buildFailure(w, err)
		}
		if b == nil {
			continue
		}
		if err := all.add(w, *b, pkg); err != nil {
			return err
		}
	}
	return nil
}

// add adds a build of a package. Standalone output inside of an app's build follows the
// app's own, and is made again with it.
func (all *builds) add(w *detect.Workspace, b built.Build, pkg detect.Package) error {
	found := &foundBuild{Build: b, app: pkg, path: w.Display(filepath.Join(b.Dir, filepath.FromSlash(b.Dist)))}
	var err error
	if found.source, err = b.HasSource(); err != nil {
		return &systemError{err}
	}
	if last := len(all.found) - 1; b.Top != "" && last >= 0 {
		found.app, found.source = all.found[last].app, all.found[last].source
	}
	all.found = append(all.found, found)
	return nil
}

// read reads a build, and finds the copies of next-auth that it loads.
func (all *builds) read(w *detect.Workspace, b *foundBuild) (err error) {
	if b.content, err = b.Read(); err != nil {
		return buildFailure(w, err)
	}
	if b.content.Alone && !b.mayUse(w) {
		b.content = &built.Content{}
		return nil
	}
	b.uses = b.content.Bundled || b.content.Patched || b.content.Loads || b.app.NamesNextAuth()
	if b.content.Bundled && !b.content.Loads || b.Nitro {
		return nil
	}
	return all.findCopies(w, b)
}

// mayUse reports whether a build may use next-auth although it holds only a package that
// makes its requests: an app depends on it, or can load it. In doubt, it may.
func (b *foundBuild) mayUse(w *detect.Workspace) bool {
	own, err := detect.Open(w.Display(b.Dir))
	if err != nil || b.app.NamesNextAuth() || own.Home.NamesNextAuth() {
		return true
	}
	project, err := own.Find(true)
	if err != nil {
		return !errors.Is(err, detect.ErrNotFound)
	}
	return slices.ContainsFunc(project.Copies, func(c detect.Install) bool {
		loads, err := project.Loads(own.Home, &c)
		return loads || err != nil
	})
}

// findCopies finds the copies of next-auth that the server of a build loads.
func (all *builds) findCopies(w *detect.Workspace, b *foundBuild) error {
	own, err := detect.Open(w.Display(b.Dir))
	if err != nil {
		return &systemError{err}
	}
	b.uses = b.uses || own.Home.NamesNextAuth()
	hashed := slices.DeleteFunc(slices.Clone(b.content.Names), func(name string) bool { return name == line.NextAuth })
	if len(hashed) > 0 {
		if err := all.findHashed(own, b, hashed); err != nil || !slices.Contains(b.content.Names, line.NextAuth) {
			return err
		}
	}
	project, err := own.Find(true)
	if errors.Is(err, detect.ErrNotFound) {
		return nil
	}
	if err != nil {
		return &systemError{err}
	}
	for _, c := range project.Copies {
		loads, err := project.Loads(own.Home, &c)
		if err != nil {
			return &systemError{err}
		}
		if loads && (b.Holds(c.Dir) || c.PnP != nil) {
			all.addCopy(project, b, c)
		}
	}
	return nil
}

// findHashed finds the copies that a build loads by names with a hash. Turbopack links
// them in the build directory, and what copies an app may make a copy of a link.
func (all *builds) findHashed(own *detect.Workspace, b *foundBuild, names []string) error {
	project, absent, err := own.Loaded(filepath.Join(b.dist(), "server"), names)
	if err != nil {
		return &systemError{err}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(absent, name) })
	for i, c := range project.Copies { // one for each name
		if b.Holds(c.Dir) {
			all.addCopy(project, b, c)
		} else {
			absent = append(absent, names[i])
		}
	}
	b.absent = absent
	return nil
}

// addCopy adds a copy that a build loads, by one name or several.
func (all *builds) addCopy(project *detect.Project, b *foundBuild, c detect.Install) {
	b.uses = true
	if !slices.ContainsFunc(b.copies, func(known detect.Install) bool { return known.Dir == c.Dir }) {
		b.copies = append(b.copies, c)
	}
	if all.project == nil {
		all.project = project
	}
}

// dist returns the build directory.
func (b *foundBuild) dist() string { return filepath.Join(b.Dir, filepath.FromSlash(b.Dist)) }

// apart reports whether a build loads copies in its own directory, which no apply patches,
// or some that are gone.
func (b *foundBuild) apart() bool {
	return len(b.absent) > 0 || slices.ContainsFunc(b.copies, b.hasInside)
}

// isPlugged reports whether a build loads copies by yarn's Plug'n'Play. Standalone output has
// no packages then, and so runs only in the project.
func (b *foundBuild) isPlugged() bool {
	return slices.ContainsFunc(b.copies, func(c detect.Install) bool { return c.PnP != nil })
}

func (b *foundBuild) hasInside(c detect.Install) bool { return below(b.dist(), c.Dir) }

// planCopies makes one Plan for all copies that a build loads.
func (all *builds) planCopies(library *patchset.Library, strict bool) error {
	var copies []detect.Install
	known := map[string]bool{}
	for _, b := range all.found {
		for _, c := range b.copies {
			if !known[c.Dir] {
				known[c.Dir] = true
				copies = append(copies, c)
			}
		}
	}
	if len(copies) == 0 {
		return nil
	}
	traced := inStandalone(all.workspace.Root().Dir)
	inDist := func(dir string) bool {
		return slices.ContainsFunc(all.found, func(b *foundBuild) bool { return b.Standalone && below(b.dist(), dir) })
	}
	plan, err := apply.New(copies, library, apply.Options{
		Goal: apply.Patch, Strict: strict, Traced: func(dir string) bool { return inDist(dir) || traced(dir) }, Part: true,
	})
	if err != nil {
		return &systemError{err}
	}
	plan.Close()
	all.plan = plan
	all.leaveOutBare()
	found, err := patchesOf(all.workspace)
	if err != nil {
		return err
	}
	return all.situation.addNatives(found, library, plan)
}

// patchesOf finds the patches by other tools. Settings that can't be read name none.
func patchesOf(ws *detect.Workspace) ([]foreign.Patch, error) {
	found, err := foreign.Find(ws)
	if errors.As(err, new(*detect.PatchesError)) {
		return nil, &systemError{err}
	}
	return found, nil
}

// leaveOutBare takes out the copies of which nothing that needs the patch was traced.
func (all *builds) leaveOutBare() {
	bare := map[string]bool{}
	for _, c := range slices.Clone(all.plan.Copies) {
		if c.IsBare() {
			bare[c.Dir] = true
			all.plan.LeaveOut(c)
		}
	}
	for _, b := range all.found {
		b.copies = slices.DeleteFunc(b.copies, func(c detect.Install) bool { return bare[c.Dir] })
	}
}

// leaveOutParts recognises builds that make none of next-auth's requests. Only standalone
// output shows that, because Next.js traced all that the app loads.
func (all *builds) leaveOutParts() {
	for _, b := range all.found {
		b.part = b.Standalone && len(b.copies) == 0 && b.content.OnlyPart()
		b.uses = b.uses && !b.part
	}
}

// beside returns the plan of the copies that a build loads.
func (all *builds) beside(b *foundBuild) *apply.Plan {
	var copies []*apply.Copy
	if all.plan != nil {
		copies = slices.DeleteFunc(slices.Clone(all.plan.Copies), func(c *apply.Copy) bool {
			return !slices.ContainsFunc(b.copies, func(i detect.Install) bool { return i.Dir == c.Dir })
		})
	}
	return &apply.Plan{Copies: copies}
}

// judge returns why a build does not run with the patch: errors that explain knows.
func (all *builds) judge(b *foundBuild) []error {
	switch {
	case len(b.content.Unpatched) > 0:
		return append([]error{&unpatchedBuildError{all, b}}, all.judgeCopies(b)...)
	case b.content.Bundled && !b.content.Loads:
		return nil
	case b.Nitro && b.uses && !b.content.Patched:
		return []error{&unknownBuildError{b}}
	case len(b.copies)+len(b.absent) == 0 && b.uses && (b.content.Loads || !b.content.Patched):
		return []error{&emptyBuildError{b}}
	}
	return all.judgeCopies(b)
}

// judgeCopies says what check would say of the copies that a build loads.
func (all *builds) judgeCopies(b *foundBuild) []error {
	plan := all.beside(b)
	reasons := all.situation.refusals(plan, apply.Patch)
	agents, _ := report.JudgeAgents(plan, patchset.Default)
	reasons = append(reasons, agents...)
	if pending := all.situation.forApply(plan); pending != nil && !plan.Blocked() {
		reasons = append(reasons, pending)
	}
	for i, reason := range reasons {
		_, pending := errors.AsType[*pendingError](reason)
		if !b.source && !(b.Standalone && b.isPlugged()) || b.apart() || pending && all.elsewhere(b) != nil {
			reasons[i] = &imageError{all, b, reason}
		}
	}
	for _, name := range b.absent {
		reasons = append(reasons, &danglingError{all, b, name})
	}
	return reasons
}

// nothing returns an error if there is nothing to judge.
func (all *builds) nothing() error {
	switch {
	case len(all.found) == 0:
		return &noBuildError{all}
	case !slices.ContainsFunc(all.found, func(b *foundBuild) bool { return b.uses }):
		part := slices.IndexFunc(all.found, func(b *foundBuild) bool { return b.part })
		return &emptyBuildError{all.found[max(part, 0)]}
	}
	return nil
}

// older warns of a helper that an older proxypatch left.
func (all *builds) older(b *foundBuild) []report.Problem {
	if !b.content.Patched || b.content.Revision >= all.revision {
		return nil
	}
	which := "an older revision"
	if b.content.Revision > 0 {
		which = fmt.Sprintf("revision %d", b.content.Revision)
	}
	warning := report.Warning(fmt.Sprintf("%s: was built with %s of the helper; this proxypatch has %d", b.path, which, all.revision), all.rebuild(b))
	warning.Path = b.path
	return []report.Problem{warning}
}

// missing warns of apps that are not built.
func (all *builds) missing() (warnings []report.Problem) {
	for _, app := range all.unbuilt {
		path := all.workspace.Display(app.dir)
		warning := report.Warning(path+": is not built", hint.Hint{})
		warning.Path = path
		warnings = append(warnings, warning)
	}
	return warnings
}

// rebuild says how a build gets the patch.
func (all *builds) rebuild(b *foundBuild) hint.Hint {
	if !b.source {
		return beforeBuild
	}
	apply, again := "proxypatch apply", all.workspace.Build(all.packageOf(b))
	if own := all.elsewhere(b); own != nil {
		apply, again = apply+" -C "+hint.Quote(all.workspace.Display(b.app.Dir)), own.Build(own.Home)
	}
	switch now := all.installed(b.app); {
	case now.patched:
		return again
	case now.install.Text != "":
		return hint.Join(now.install, hint.Text(", then "), again)
	}
	return hint.Join(hint.Run(apply), hint.Text(", then "), again)
}

// packageOf returns the package of the workspace that a build is of, with all that is
// known of it.
func (all *builds) packageOf(b *foundBuild) detect.Package {
	for _, pkg := range all.workspace.Packages {
		if pkg.Is(b.app) {
			return pkg
		}
	}
	return b.app
}

// elsewhere returns the workspace of an app that is in none of the packages of the one at
// hand, as below a directory of several projects; else nil.
func (all *builds) elsewhere(b *foundBuild) *detect.Workspace {
	if slices.ContainsFunc(all.workspace.Packages, b.app.Is) {
		return nil
	}
	own, err := detect.Open(all.workspace.Display(b.app.Dir))
	if err != nil {
		return nil
	}
	return own
}

// addUnbuilt adds the apps below a directory of a workspace that are not built, beside
// those that are.
func (all *builds) addUnbuilt() error {
	w := all.workspace
	if len(all.found) == 0 || w.Home.Dir == w.Dir {
		return nil
	}
	apps, err := nextApps(w)
	if err != nil {
		return err
	}
	for _, app := range apps {
		known := slices.ContainsFunc(all.found, func(b *foundBuild) bool { return b.Dir == app.dir }) ||
			slices.ContainsFunc(all.unbuilt, func(u nextDir) bool { return u.dir == app.dir })
		if rel, err := filepath.Rel(w.Dir, app.dir); !known && err == nil && filepath.IsLocal(rel) {
			all.unbuilt = append(all.unbuilt, app)
		}
	}
	return nil
}

// installed says what a new build of an app would take.
type installed struct {
	patched bool      // apply would change nothing, neither in copies nor in caches
	install hint.Hint // what patches the copies, if apply does not
}

func (all *builds) installed(app detect.Package) installed {
	now, known := all.apps[app.Dir]
	if !known {
		now, _ = all.lookAt(app) // in doubt, apply
		all.apps[app.Dir] = now
	}
	return now
}

func (all *builds) lookAt(app detect.Package) (now installed, err error) {
	own, err := detect.Open(all.workspace.Display(app.Dir))
	if err != nil {
		return now, err
	}
	project, err := own.Find(true)
	if err != nil {
		return now, err
	}
	loaded, err := loadedBy(nextDir{app.Dir, own.Home}, project)
	if err != nil {
		return now, err
	}
	plan, err := apply.New(loaded, all.library, apply.Options{Goal: apply.Patch, Strict: all.strict})
	if err != nil {
		return now, err
	}
	defer plan.Close()
	there := &situation{workspace: own, project: project}
	found, err := patchesOf(own)
	if err != nil {
		return now, err
	}
	if err := there.addNatives(found, all.library, plan); err != nil {
		return now, err
	}
	for _, c := range plan.Copies {
		if refused := there.refuseNative(c, apply.Patch); refused != nil {
			return installed{install: there.nativeHint(refused).First()}, nil
		}
		if shared, is := errors.AsType[*detect.SharedError](c.Err); is {
			return installed{install: there.sharedHint(shared).First()}, nil
		}
	}
	agents, _ := report.JudgeAgents(plan, patchset.Default)
	if len(loaded) == 0 || plan.Blocked() || plan.Changes() > 0 || len(agents) > 0 {
		return now, nil
	}
	apps, err := ownApps(own, false)
	if err != nil {
		return now, err
	}
	caches, err := (&target{project: project, library: all.library, plan: plan}).caches(apps, before, false)
	return installed{patched: err == nil && len(caches.stale()) == 0}, err
}

// report says what each build runs.
func (all *builds) report() []report.Build {
	var out []report.Build
	for _, b := range all.found {
		out = append(out, all.describe(b))
	}
	for _, app := range all.unbuilt {
		out = append(out, report.Build{Path: all.workspace.Display(app.dir), State: report.BuildMissing})
	}
	return out
}

func (all *builds) describe(b *foundBuild) report.Build {
	reasons := all.judge(b)
	out := report.Build{
		Path: b.path, State: report.BuildUnbundled, Standalone: b.Standalone,
		Revision: b.content.Revision, Files: b.content.Unpatched, OK: len(reasons) == 0,
		NoAgent: len(reasons) > 0 && !slices.ContainsFunc(reasons, isOtherReason),
	}
	switch {
	case len(b.content.Unpatched) > 0:
		out.State = report.BuildUnpatched
	case b.content.Patched:
		out.State = report.BuildPatched
	case b.Nitro:
		out.State = report.BuildUnknown
	case b.part:
		out.State = report.BuildPart
	}
	for _, c := range b.copies {
		out.Copies = append(out.Copies, c.Path)
	}
	return out
}

// isOtherReason reports whether a reason is another one than https-proxy-agent.
func isOtherReason(reason error) bool {
	_, agent := errors.AsType[*report.AgentError](reason)
	return !agent
}

// summary counts the builds that run with the patch, and those that need none.
func (all *builds) summary() string {
	if all.nothing() != nil {
		return "nothing to judge"
	}
	good, without := 0, 0
	for _, b := range all.found {
		switch {
		case !b.uses:
			without++
		case len(all.judge(b)) == 0:
			good++
		}
	}
	have := "have"
	if len(all.found) == 1 {
		have = "has"
	}
	sum := fmt.Sprintf("%d of %s %s the patch", good, report.Count(len(all.found), "build"), have)
	if without > 0 {
		sum += fmt.Sprintf("; not needed in %d", without)
	}
	return sum
}

// unknownBuild warns of an app whose build directory is unknown.
func unknownBuild(app, why string, found []built.Build) report.Problem {
	judged := buildcache.DefaultDistDir
	if at := slices.IndexFunc(found, isOwnBuild); at >= 0 {
		judged = found[at].Dist
	}
	warning := report.Warning(fmt.Sprintf("%s: %s, so only %s was judged", app, why, judged), hint.Hint{})
	warning.Path = app
	return warning
}
