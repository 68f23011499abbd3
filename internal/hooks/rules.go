package hooks

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
)

// afterInstall lists the scripts of the root that each package manager runs after an
// install. Deno runs none. An unknown one may be like npm, and no other runs dependencies.
var afterInstall = map[detect.Manager][]string{
	detect.NPM:       {"postinstall", "dependencies"},
	detect.Unknown:   {"postinstall", "dependencies"},
	detect.YarnV1:    {"postinstall"},
	detect.YarnBerry: {"postinstall"},
	detect.PNPM:      {"postinstall"},
	detect.Bun:       {"postinstall"},
}

// beforeBuild returns the command that init puts before each build, and the function that
// puts it there. If no install patches, the build does.
func (p *Plan) beforeBuild() (string, func(script string) string) {
	if len(afterInstall[p.ws.Manager]) == 0 {
		return applyCommand, lead
	}
	return checkCommand, guard
}

// patchAfterInstall adds the patching to the scripts of the root that the package manager
// runs after an install. npm runs postinstall when it installs a whole project, and
// dependencies whenever it has changed node_modules, as "npm install PACKAGE" does.
func (p *Plan) patchAfterInstall(root *File) {
	flags, _ := p.choice.flagsFor(root.pkg)
	for _, name := range afterInstall[p.ws.Manager] {
		before, exists := root.manifest.script(name)
		if name == "dependencies" && root.patchesLater() {
			p.leaveToPostinstall(root, mentions(before))
			continue
		}
		if mentions(before) {
			p.keepPatching(root, name, before, flags)
			continue
		}
		after := applyCommand
		if exists {
			after = join(before)
		}
		if !startsWith(after, applyCommand) && !EndsWith(after, applyCommand) {
			p.leave(root, name, hint.Join(hint.Text("add to its end: "), hint.Keep("&& "+applyCommand+flags)))
			continue
		}
		root.set(name, choose(after, applyCommand, flags))
	}
}

// leaveToManager takes init's own hooks out of the scripts that run after an install,
// because the package manager patches.
func (p *Plan) leaveToManager(root *File) {
	for _, name := range afterInstall[p.ws.Manager] {
		text, _ := root.manifest.script(name)
		if all, err := commands(text); err != nil || slices.ContainsFunc(all, command.patches) {
			p.undo(root, name, true)
		}
	}
}

// keepPatching leaves a script alone that runs proxypatch. If a person made a choice, it
// changes the choice in init's own hook.
func (p *Plan) keepPatching(root *File, name, before, flags string) {
	own := p.withoutChoice(root, name, before)
	_, joined := unjoin(own)
	written := joined || own == applyCommand
	all, err := commands(before)
	switch {
	case EndsBefore(before, tool):
		root.keep(name, "ends before it runs proxypatch")
		p.warn(fmt.Sprintf("%s: %s ends before it runs proxypatch", root.Path, name), hint.Text("put what comes before proxypatch in parentheses"))
	case err == nil && !slices.ContainsFunc(all, command.patches):
		root.keep(name, "runs proxypatch, but does not patch")
		p.warn(fmt.Sprintf("%s: %s runs proxypatch, but does not patch", root.Path, name), hint.Join(hint.Text("make it run "), hint.Keep(applyCommand+flags)))
	case p.choice.explicit && written && choose(own, applyCommand, flags) != before:
		root.set(name, choose(own, applyCommand, flags))
	default:
		root.keep(name, "already runs proxypatch")
		p.warnAboutChoice(root, name, before, applyCommand+flags)
	}
}

// warnAboutChoice says that a script that init did not write lacks a person's choice.
func (p *Plan) warnAboutChoice(f *File, name, script, wanted string) {
	if p.choice.explicit && !strings.Contains(script, wanted) {
		p.warn(fmt.Sprintf("%s: init did not write the hook in %s, so it does not change the copies that it selects", f.Path, name), hint.Join(hint.Text("make it run "), hint.Keep(wanted)))
	}
}

// patchesLater reports whether patch-package runs in some script, but not in
// dependencies. npm runs that script before all others, and patch-package may then
// silently refuse files that proxypatch has patched.
func (f *File) patchesLater() bool {
	runs := func(name string) bool {
		text, _ := f.manifest.script(name)
		if _, err := parse(text); err != nil {
			return strings.Contains(text, "patch-package")
		}
		return anyRuns(reached(text), "patch-package")
	}
	return !runs("dependencies") && slices.ContainsFunc(f.manifest.scriptNames(), runs)
}

// leaveToPostinstall adds nothing to the script dependencies.
func (p *Plan) leaveToPostinstall(root *File, patches bool) {
	if !patches {
		p.onlyPostinstall = p.ws.Manager == detect.NPM
		return
	}
	root.keep("dependencies", "already runs proxypatch")
	if p.ws.Manager != detect.NPM {
		return
	}
	p.warn(fmt.Sprintf("%s: npm runs dependencies, with proxypatch in it, before patch-package, whose patches may then fail to apply", root.Path),
		hint.To("to make postinstall run both in the right order", "npm pkg delete scripts.dependencies").
			Or(hint.Text("or run patch-package before proxypatch in dependencies")))
}

// mentions reports whether a script runs proxypatch, or names it and can't be parsed.
func mentions(script string) bool { return runsTool(script, "") }

// checkBeforeBuilds guards every script that builds a Next.js app with next-auth.
func (p *Plan) checkBeforeBuilds() error {
	builds, uses := 0, p.users()
	first, _ := p.beforeBuild()
	guards := map[*File][]string{} // the texts of the scripts that build
	for _, f := range p.Files {
		for _, name := range f.manifest.scriptNames() {
			if f.has(name) || !p.isBuild(f, name) {
				continue
			}
			text, _ := f.manifest.script(name)
			guards[f] = append(guards[f], text)
			if !uses[f.pkg.Dir] {
				f.keep(name, "does not depend on next-auth")
				continue
			}
			apart, err := p.ws.Apart(f.pkg)
			if err != nil {
				return err
			}
			if apart {
				f.keep(name, "is in its own repository")
				p.warn(fmt.Sprintf("%s: a check in %s would not look above the package's .git, so init adds none", f.Path, name), hint.Join(hint.Text("start the build with: "), hint.Keep(first+" -C "+p.rootFrom(f.pkg)+" &&")))
				continue
			}
			builds++
			p.builds = append(p.builds, build{file: f, name: name})
			p.guard(f, name)
		}
	}
	flags, _ := p.choice.flagsFor(p.ws.Root())
	start := hint.Join(hint.Text("start the script that builds the app with: "), hint.Keep(first+flags+" &&"))
	tasks, err := p.checkDenoTasks(uses, guards)
	if err != nil {
		return err
	}
	unguarded, err := p.unguarded(uses, guards)
	if err != nil {
		return err
	}
	for _, app := range unguarded {
		p.warn(fmt.Sprintf("%s: no script runs next build for this app, so no build of it checks that next-auth is patched", app), start)
	}
	if builds+tasks == 0 && len(unguarded) == 0 {
		p.warn("no script runs next build, so no build checks that next-auth is patched", start)
	}
	return nil
}

// checkDenoTasks warns of tasks in deno.json that build an app without proxypatch, and
// returns how many tasks build one. It adds their texts to the scripts that build. init
// does not change deno.json.
func (p *Plan) checkDenoTasks(uses map[string]bool, guards map[*File][]string) (builds int, err error) {
	if p.ws.Manager != detect.Deno {
		return 0, nil
	}
	broken, err := p.ws.BrokenDeno()
	if err != nil {
		return 0, err
	}
	if broken != "" {
		p.warn(broken+": is not valid JSON with comments, so init does not know its tasks and packages", hint.Text("fix it, and run it again"))
	}
	for _, f := range p.Files {
		tasks, file, err := detect.DenoTasks(f.pkg.Dir)
		if err != nil {
			return 0, err
		}
		for _, name := range slices.Sorted(maps.Keys(tasks)) {
			all, err := commands(tasks[name])
			if err != nil || !uses[f.pkg.Dir] || !slices.ContainsFunc(all, command.isNextBuild) {
				continue
			}
			builds++
			guards[f] = append(guards[f], tasks[name])
			p.builds = append(p.builds, build{task: tasks[name]})
			p.Hooked = p.Hooked || mentions(tasks[name])
			if !guarded(tasks[name]) {
				p.warn(fmt.Sprintf("%s: the task %s builds without proxypatch; init does not change this file", p.ws.Display(filepath.Join(f.pkg.Dir, file)), name),
					hint.Join(hint.Text("begin the task with: "), hint.Keep(applyCommand+" &&")))
			}
		}
	}
	return builds, nil
}

// unguarded returns the directories of the apps that no known script builds, as the user
// would type them. Nx builds such apps with executors, and other tools with programs of
// their own. If the root is the only app, its directory says nothing.
func (p *Plan) unguarded(uses map[string]bool, builds map[*File][]string) ([]string, error) {
	var dirs []string
	for _, app := range p.apps {
		if _, selected := p.choice.flagsFor(app.Package); !uses[app.Package.Dir] || !selected || isBuilt(app, builds) {
			continue
		}
		apart, err := p.ws.Apart(app.Package)
		if err != nil {
			return nil, err
		}
		if !apart && (len(p.apps) > 1 || app.Dir != p.ws.Root().Dir) {
			dirs = append(dirs, p.ws.Display(app.Dir))
		}
	}
	return dirs, nil
}

// isBuilt reports whether one of the scripts that run next build is the app's own, or
// names the app's directory.
func isBuilt(app App, builds map[*File][]string) bool {
	for f, scripts := range builds {
		rel, err := filepath.Rel(f.pkg.Dir, app.Dir)
		if err == nil && (rel == "." || slices.ContainsFunc(scripts, func(script string) bool { return names(script, filepath.ToSlash(rel)) })) {
			return true
		}
	}
	return false
}

// names reports whether a path is a word of a script, or the value of a flag in it.
func names(script, dir string) bool {
	words := strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(" \t\n\"'=;&|()", r) })
	return slices.ContainsFunc(words, func(word string) bool { return path.Clean(word) == dir })
}

// rootFrom returns the path of the workspace's root from a package, for its scripts.
func (p *Plan) rootFrom(pkg detect.Package) string {
	root := p.ws.Root().Dir
	if rel, err := filepath.Rel(pkg.Dir, root); err == nil {
		root = rel
	}
	return filepath.ToSlash(root)
}

// isBuild reports whether a script runs next build.
func (p *Plan) isBuild(f *File, name string) bool {
	text, _ := f.manifest.script(name)
	all, err := commands(text)
	first, _ := p.beforeBuild()
	if err != nil && strings.Contains(text, "next") && strings.Contains(text, "build") {
		p.warn(fmt.Sprintf("%s: %s can't be parsed by sh, so init leaves it unchanged", f.Path, name), hint.Join(hint.Text("if it runs next build, add before that: "), hint.Keep(first+" &&")))
	}
	return slices.ContainsFunc(all, command.isNextBuild)
}

// guard puts the check before one script, unless the script is guarded already.
func (p *Plan) guard(f *File, name string) {
	text, _ := f.manifest.script(name)
	first, guard := p.beforeBuild()
	flags, selected := p.choice.flagsFor(f.pkg)
	before, exists := f.manifest.script("pre" + name)
	checks := exists && succeedsGuarded(before)
	own := p.withoutChoice(f, name, text)
	original, written := unguard(own)
	switch {
	case !selected && p.choice.explicit && written:
		f.set(name, original)
		return
	case !selected:
		f.keep(name, "loads no copy that --copy selects")
		return
	case p.choice.explicit && written && choose(own, first, flags) != text:
		f.set(name, choose(own, first, flags))
		return
	case guarded(text):
		f.keep(name, "already runs proxypatch")
		p.warnAboutChoice(f, name, text, first+flags)
		return
	case checks && p.runsPreScripts():
		f.keep(name, "pre"+name+" already runs proxypatch")
		return
	case checks && !p.existing:
		who := "pnpm before 9"
		if p.ws.Manager == detect.YarnBerry {
			who = "yarn 2 or newer"
		}
		p.warn(fmt.Sprintf("%s: %s does not run pre%s before %s, so the check goes into %s too", f.Path, who, name, name, name), hint.Hint{})
	}
	if after := guard(text); startsWith(after, first) {
		f.set(name, choose(after, first, flags))
		return
	}
	p.leave(f, name, hint.Join(hint.Text("add before next build: "), hint.Keep(first+flags+" &&")))
}

// leave keeps a script in which sh would not run a hook, and says why. advice adds the
// hook by hand.
func (p *Plan) leave(f *File, name string, advice hint.Hint) {
	text, _ := f.manifest.script(name)
	_, err := parse(text)
	switch {
	case err != nil:
		f.keep(name, "can't be parsed")
		p.warn(fmt.Sprintf("%s: %s can't be parsed by sh, so init leaves it unchanged", f.Path, name), advice)
	case HasComment(text):
		f.keep(name, "has a comment")
		p.warn(fmt.Sprintf("%s: %s has a comment, so init leaves it unchanged", f.Path, name), hint.Text("delete the comment, and run it again"))
	default:
		f.keep(name, "would hide the hook")
		p.warn(fmt.Sprintf("%s: %s would hide the hook from sh, so init leaves it unchanged", f.Path, name), hint.Text("move its commands to a script of their own that it runs, and run it again"))
	}
}

// runsPreScripts reports whether the package manager runs prebuild before build: npm,
// yarn 1, bun and pnpm since 9 do, yarn since 2 does not.
func (p *Plan) runsPreScripts() bool {
	switch p.ws.Manager {
	case detect.YarnBerry:
		return false
	case detect.PNPM:
		version, err := semver.NewVersion(p.ws.Version)
		return err == nil && version.Major() >= 9
	}
	return true
}

// undo removes from one script what Install adds.
func (p *Plan) undo(f *File, name string, root bool) {
	text, _ := f.manifest.script(name)
	hook := root && (name == "postinstall" || name == "dependencies")
	own := p.withoutChoice(f, name, text)
	after := taken(own, hook)
	if first, _ := p.beforeBuild(); after == own && first == applyCommand {
		after = taken(own, true)
	}
	switch {
	case !mentions(text):
		return
	case hook && own == applyCommand:
		f.drop(name)
		return
	case after != own:
		f.set(name, after)
	default:
		f.keep(name, "not written by init")
	}
	if text, _ := f.manifest.script(name); mentions(text) {
		p.warn(fmt.Sprintf("%s: %s still runs proxypatch; init did not write that part", f.Path, name), hint.Hint{})
	}
}

// taken returns a script without what Install added. If the script was changed since,
// only the command itself is removed.
func taken(text string, hook bool) string {
	reverse, command := unguard, checkCommand
	if hook {
		reverse, command = unjoin, applyCommand
	}
	if was, ok := reverse(text); ok {
		return was
	}
	return without(text, command)
}
