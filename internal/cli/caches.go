package cli

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/buildcache"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// caches are the build caches of the Next.js apps that load a plan's copies.
type caches []builtApp

type builtApp struct {
	dir     string    // as a person would write it
	patched time.Time // when next-auth got its bytes
	*buildcache.App
}

// old reports whether a build would take code from a cache although next-auth's
// is another now. What has no stamp, but was all built later, can't be old.
func (n builtApp) old(cache buildcache.Cache) bool {
	young := !cache.Oldest.IsZero() && cache.Oldest.After(n.patched)
	return cache.Action == buildcache.Delete && !young
}

// caches looks at the build caches of the given Next.js apps, as far as they
// load one of the plan's copies. content says which of a planned file's bytes
// they have to be of; other copies that an app loads stay as they are. tidy says that
// nothing has to be left of a stamp alone.
func (t *target) caches(apps []nextDir, content func(*apply.File) []byte, tidy bool) (caches, error) {
	states := map[string][]string{} // by the copy's directory
	addStates(states, t.plan, content)
	planned := maps.Clone(states)
	var found caches
	for _, app := range apps {
		loaded, err := loadedBy(app, t.project)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(loaded, func(c detect.Install) bool { return planned[c.Dir] != nil }) {
			continue
		}
		var lines []string
		for _, c := range loaded {
			if states[c.Dir] == nil {
				if err := t.addUnplanned(states, c); err != nil {
					return nil, err
				}
			}
			lines = append(lines, states[c.Dir]...)
		}
		dir := t.project.Display(app.dir)
		next, err := buildcache.Inspect(app.dir, buildcache.Want{State: buildcache.State(lines), Next: t.project.NextRelease(app.dir), Tidy: tidy})
		if err != nil {
			return nil, appFailure(dir, err)
		}
		found = append(found, builtApp{dir, t.plan.Changed(), next})
	}
	return found, nil
}

// loadedBy returns the copies that an app may load.
func loadedBy(app nextDir, project *detect.Project) ([]detect.Install, error) {
	var loaded []detect.Install
	for _, c := range slices.Concat(project.Copies, project.Others) {
		loads, err := project.Loads(app.pkg, &c)
		if err != nil {
			return nil, err
		}
		if loads {
			loaded = append(loaded, c)
		}
	}
	return loaded, nil
}

// nextDir is the directory of a Next.js app, and the package that it is part of.
type nextDir struct {
	dir string
	pkg detect.Package
}

// nextApps finds the Next.js apps of a workspace: among its packages, and where
// the root has next for all, as Nx has it, among the directories below it.
func nextApps(w *detect.Workspace) ([]nextDir, error) {
	is := make([]bool, len(w.Packages))
	err := detect.Parallel(len(w.Packages), func(i int) (err error) {
		p := w.Packages[i]
		if p.Linked {
			return nil
		}
		if is[i], err = buildcache.IsNext(p.Dir, p.Next); err != nil {
			return appFailure(w.Display(p.Dir), err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var apps []nextDir
	known := map[string]bool{}
	for i, p := range w.Packages {
		known[p.Dir] = true
		if is[i] {
			apps = append(apps, nextDir{p.Dir, p})
		}
	}
	if has, err := buildcache.HasNext(w.Root().Dir, w.Root().Next); err != nil {
		return nil, appFailure(w.Display(w.Root().Dir), err)
	} else if !has {
		return apps, nil
	}
	configs, err := w.Readable("{*,*/*}/next.config.{js,mjs,cjs,ts,mts}")
	if err != nil {
		return nil, err
	}
	for _, config := range configs {
		if dir := filepath.Dir(config); !known[dir] {
			known[dir] = true
			apps = append(apps, nextDir{dir, w.Root()})
		}
	}
	return apps, nil
}

// ownApps are the Next.js apps whose builds a check is for: those of the package
// that it is run in or, in the root, all.
func ownApps(w *detect.Workspace, all bool) ([]nextDir, error) {
	apps, err := nextApps(w)
	return slices.DeleteFunc(apps, func(app nextDir) bool { return !isOwn(w, app.pkg, all) }), err
}

// isOwn reports whether a check is for a package.
func isOwn(w *detect.Workspace, pkg detect.Package, all bool) bool {
	return all || w.Home.Is(w.Root()) || w.Home.Is(pkg)
}

// addStates lists the files of a plan's copies: release, path and id of the
// bytes.
func addStates(states map[string][]string, plan *apply.Plan, content func(*apply.File) []byte) {
	for _, c := range plan.Copies {
		lines := []string{c.Release}
		for i := range c.Files {
			if bytes := content(&c.Files[i]); bytes != nil {
				lines = append(lines, fmt.Sprintf("%s %s %s", c.Release, c.Files[i].Path, patchset.BlobID(bytes)))
			}
		}
		states[c.Dir] = lines
	}
}

// addUnplanned lists the files of a copy that the person did not choose.
func (t *target) addUnplanned(states map[string][]string, c detect.Install) error {
	plan, err := apply.New([]detect.Install{c}, t.library, apply.Options{Goal: apply.Patch})
	if err != nil {
		return &systemError{err}
	}
	defer plan.Close()
	addStates(states, plan, before)
	return nil
}

func before(file *apply.File) []byte { return file.Before }

func after(file *apply.File) []byte { return file.After }

// stale names the directories from which a build would take code although
// next-auth's is another now.
func (c caches) stale() []string {
	var paths []string
	for _, next := range c {
		for _, cache := range next.Caches {
			if next.old(cache) {
				paths = append(paths, next.paths(cache.Warm)...)
			}
		}
	}
	return paths
}

// stage puts aside what holds old code, of all apps or of none.
func (c caches) stage() error {
	for i, next := range c {
		if err := next.Stage(); err != nil {
			return appFailure(next.dir, errors.Join(err, c[:i].unstage()))
		}
	}
	return nil
}

// unstage puts it back.
func (c caches) unstage() error {
	var all error
	for _, next := range c {
		all = errors.Join(all, next.Unstage())
	}
	return all
}

// finish deletes what was put aside and marks the caches. What fails then does no
// harm, and is a warning.
func (c caches) finish() (warnings []report.Problem) {
	for _, next := range c {
		for _, note := range next.Finish() {
			warning := report.Warning(fmt.Sprintf("%s: %v", next.path(note.Path), note.Err), hint.Hint{})
			if warning.Path = next.path(note.Path); note.Aside() {
				warning.Hint = hint.Text("no build uses it; the next apply or revert tries again, or delete it yourself")
			}
			warnings = append(warnings, warning)
		}
	}
	return warnings
}

// unknown says what to do about apps whose caches can't be found.
func (c caches) unknown() (warnings []report.Problem) {
	for _, next := range c {
		if next.Unknown != "" {
			warnings = append(warnings, report.Warning(fmt.Sprintf("%s: %s, so a build may use old code: %s", next.dir, next.Unknown, buildcache.Advice), hint.Hint{}))
		}
	}
	return warnings
}

// report says what is done to each cache.
func (c caches) report(tense report.Tense) []report.Cache {
	var reports []report.Cache
	for _, next := range c {
		for _, cache := range next.Caches {
			reports = append(reports, report.CacheOf(cache, next.path, next.old(cache), tense))
		}
	}
	return reports
}

func (n builtApp) path(name string) string { return filepath.Join(n.dir, filepath.FromSlash(name)) }

func (n builtApp) paths(names []string) []string {
	var paths []string
	for _, name := range names {
		paths = append(paths, n.path(name))
	}
	return paths
}
