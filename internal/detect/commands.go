package detect

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
)

// commands are what you type for a package manager. Where one is empty, the package
// manager has no such command, or is not known.
type commands struct {
	add        string // adds a dependency, whose name follows, to a package
	addToRoot  string // does the same in the root of a workspace
	notDev     string // the flag with which these move a devDependency to dependencies
	install    string // installs what the project depends on
	production string // does the same without devDependencies
	restore    string // restores the released files of all packages; plain installs do not
	prune      string // removes what no package needs
	run        string // runs a script of the package, whose name follows
	exec       string // runs a program from node_modules, whose name follows, and downloads nothing
}

var commandsOf = map[Manager]commands{
	NPM: {
		add: "npm install ", addToRoot: "npm install ", notDev: "--save-prod ", install: "npm install", production: "npm ci --omit=dev",
		run: "npm run ", exec: "npx --no -- ", // without --, npx takes flags such as --dry-run for itself
	},
	YarnV1: {
		add: "yarn add ", addToRoot: "yarn add -W ", install: "yarn install", production: "yarn install --production",
		restore: "yarn install --force", run: "yarn run ", exec: "yarn run ",
	},
	YarnBerry: {
		add: "yarn add ", addToRoot: "yarn add ", install: "yarn install", production: "yarn workspaces focus --production",
		run: "yarn run ", exec: "yarn run ",
	},
	PNPM: {
		add: "pnpm add ", addToRoot: "pnpm add -w ", notDev: "--save-prod ", install: "pnpm install", production: "pnpm install --prod",
		restore: "pnpm install --force", prune: "pnpm prune", run: "pnpm run ", exec: "pnpm exec ",
	},
	Bun: {
		add: "bun add ", addToRoot: "bun add ", install: "bun install", production: "bun install --production",
		restore: "bun install --force", run: "bun run ", exec: "bunx --no-install ",
	},
	Deno: {
		add: "deno add npm:", addToRoot: "deno add npm:", install: "deno install", production: "deno install --prod",
		run: "deno task ", exec: "deno task --eval ",
	},
}

// yours is how hints end that have no command, because the package manager is not known.
const yours = " with your package manager"

// AddToRoot says how to make a package a dependency of the workspace's root.
func (w *Workspace) AddToRoot(pkg string) hint.Hint { return w.add(w.Root(), pkg) }

// add says how to make a package a dependency of one package of the workspace.
func (w *Workspace) add(p Package, pkg string) hint.Hint {
	switch add, at := w.addTo(p), w.Display(p.Dir); {
	case add != "":
		return hint.Run(w.in(p, add+pkg))
	case at != ".":
		return hint.Text("add " + pkg + " to the dependencies of " + at + yours)
	}
	return hint.Text("add " + pkg + " to the dependencies" + yours)
}

// addTo returns the command that adds a dependency to one package of the workspace.
func (w *Workspace) addTo(p Package) string {
	if p.Is(w.Root()) && len(w.Packages) > 1 {
		return commandsOf[w.Manager].addToRoot
	}
	return commandsOf[w.Manager].add
}

// neededAgent is the https-proxy-agent that hints suggest.
const neededAgent = "https-proxy-agent@7"

// ProvideAgent says what to type so that a copy can load https-proxy-agent. The agent
// becomes a dependency of the package whose node_modules holds the copy, with any kind
// of store, because Node.js looks there last. If packages see only their own
// dependencies, the agent can become a dependency of next-auth instead.
func (p *Project) ProvideAgent(c Install) hint.Hint {
	owner := p.Root()
	for _, pkg := range p.Packages {
		if within(c.Dir, filepath.Join(pkg.Dir, "node_modules")) {
			owner = pkg
		}
	}
	way := p.add(owner, neededAgent)
	if owner.Development[agentName] {
		way = p.moveAgent(owner)
	}
	if file, entry, refresh := p.extension(c); file != "" {
		or := "or add "
		if p.Manager == PNPM && len(p.Packages) > 1 { // which, since pnpm 11, leaves out dependencies of the root
			or = "or, if you run pnpm deploy, add "
		}
		return way.Or(hint.Join(
			hint.Text(or), hint.Keep(entry), hint.Text(" to "+file+", run "),
			hint.Run(p.in(p.Root(), refresh)), hint.Text(" and commit the lock file")))
	}
	return way
}

// moveAgent says how to make a dependency of the agent that a package has only in its
// devDependencies. There, most package managers leave what they add again.
func (w *Workspace) moveAgent(p Package) hint.Hint {
	move := "move " + agentName + " from devDependencies to dependencies"
	if flag := commandsOf[w.Manager].notDev; flag != "" {
		return hint.To(move, w.in(p, w.addTo(p)+flag+neededAgent))
	}
	move += ` in ` + w.Display(filepath.Join(p.Dir, "package.json")) + `, with the version "7", then `
	if w.Manager == Unknown {
		return hint.Text(move + "install" + yours)
	}
	return hint.To(move+"run", w.InRoot(w.Manager.Install()))
}

// InRoot returns a command as you have to type it where you are, to run it in the
// workspace's root.
func (w *Workspace) InRoot(command string) string { return w.in(w.Root(), command) }

// in returns a command as you have to type it where you are, to run it in a package.
func (w *Workspace) in(p Package, command string) string {
	if at := w.Display(p.Dir); at != "." {
		return "(cd " + hint.Quote(at) + " && " + command + ")" // a subshell, so that you stay where you are
	}
	return command
}

// extension returns the setting that makes the agent a dependency of next-auth, the
// file for it, and the command to run afterwards. They are empty unless packages see
// only their own dependencies. The lock file records the setting, so installs with a
// frozen lock file fail until the new one is committed.
func (p *Project) extension(c Install) (file, entry, refresh string) {
	dir := filepath.ToSlash(c.Dir)
	major := uint64(10)
	if v, err := semver.NewVersion(p.Version); err == nil {
		major = v.Major()
	}
	extended := c.Package()
	if of, err := c.ReleaseLine(); err == nil {
		extended = of.ExtendOf(c.Release)
	}
	switch {
	case p.Manager == PNPM && strings.Contains(dir, "/.pnpm/") && major < 10:
		return "package.json", `"pnpm": {"packageExtensions": {"` + extended + `": {"dependencies": {"https-proxy-agent": "7"}}}}`, "pnpm install --no-frozen-lockfile"
	case p.Manager == PNPM && strings.Contains(dir, "/.pnpm/"):
		return "pnpm-workspace.yaml", `packageExtensions: {"` + extended + `": {dependencies: {https-proxy-agent: "7"}}}`, "pnpm install --no-frozen-lockfile"
	case p.Manager == YarnBerry && strings.Contains(dir, "/.store/"):
		return ".yarnrc.yml", `packageExtensions: {"` + c.Package() + `@*": {dependencies: {https-proxy-agent: "7"}}}`, "yarn install --no-immutable"
	}
	return "", "", ""
}

// Restore says how to restore the released files of a copy. Without a lock file, an install
// may bring a newer release, so the hint names the installed one.
func (w *Workspace) Restore(c *Install) hint.Hint {
	if w.keepsReleases() {
		return w.Reinstall()
	}
	if at := filepath.Join("node_modules", filepath.FromSlash(c.Package())); w.Manager == NPM && c.Dir == filepath.Join(w.Root().Dir, at) {
		exact := hint.Quote(c.Package() + "@" + c.Version())
		return hint.Run(w.in(w.Root(), "rm -rf "+filepath.ToSlash(at)+" && npm install --no-save "+exact))
	}
	return hint.Join(hint.Text("there is no lock file, so first "+pin(c)+"; then "), w.Reinstall().Step())
}

// pin says how to keep the release of a copy without a lock file.
func pin(c *Install) string {
	return "set " + line.NextAuth + " to exactly " + c.Release + " in your dependencies"
}

// Reinstall says how to install all packages again, as the lock file says.
func (w *Workspace) Reinstall() hint.Hint {
	if w.Manager == Unknown {
		return hint.Text("delete " + w.Display(filepath.Join(w.Root().Dir, "node_modules")) + " and install the packages again" + yours)
	}
	return hint.Run(w.in(w.Root(), w.reinstall()))
}

func (w *Workspace) reinstall() string {
	if restore := commandsOf[w.Manager].restore; restore != "" {
		return restore
	}
	if w.Manager == NPM && w.keepsReleases() {
		return "npm ci"
	}
	return w.afresh()
}

// afresh returns the command that deletes all packages and installs them again.
func (w *Workspace) afresh() string { return "rm -rf node_modules && " + w.Manager.Install() }

// keepsReleases reports whether an install brings the same releases again. In doubt, it
// does not.
func (w *Workspace) keepsReleases() bool {
	locked, err := w.hasLock()
	return locked && err == nil
}

// hasLock reports whether the package manager would find its lock file.
func (w *Workspace) hasLock() (bool, error) {
	for _, trace := range traces {
		of := trace.manager == w.Manager || trace.manager == YarnV1 && w.Manager == YarnBerry
		if !trace.lock || !of {
			continue
		}
		_, err := system.stat(filepath.Join(w.Root().Dir, trace.file))
		if found, err := there(err); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// MoveToDependencies says how to make a dependency of every install of what is a
// devDependency of the root.
func (w *Workspace) MoveToDependencies() hint.Hint {
	if w.Manager == Unknown {
		return hint.Text("move it to dependencies, then install" + yours)
	}
	return hint.To("move it to dependencies, then run", w.InRoot(w.Manager.Install()))
}

// InstallAgain says how to install what the packages depend on; afresh, if a plain install
// may leave the files unchanged.
func (w *Workspace) InstallAgain() hint.Hint {
	switch w.Manager {
	case Unknown:
		return hint.Text("install the packages again" + yours)
	case NPM, Bun, Deno:
		return hint.Run(w.InRoot(w.afresh()))
	}
	return hint.Run(w.InRoot(w.Manager.Install()))
}

// InstallSame is InstallAgain as a part of a sentence, with the same release of a copy also
// without a lock file.
func (w *Workspace) InstallSame(c *Install) hint.Hint {
	if w.keepsReleases() {
		return w.InstallAgain().Step()
	}
	return hint.Join(hint.Text(pin(c)+" because there is no lock file, "), w.InstallAgain().Step())
}

// InstallNative says how to install so that the package manager applies its patches, or
// patch-package its own. The lock file may change.
func (w *Workspace) InstallNative() hint.Hint {
	if w.Manager == Unknown {
		return hint.Text("delete " + w.Display(filepath.Join(w.Root().Dir, "node_modules")) + " and install the packages again" + yours)
	}
	return hint.Run(w.InRoot(w.native()))
}

// native returns the command of InstallNative.
func (w *Workspace) native() string {
	switch w.Manager {
	case PNPM:
		return "pnpm install --no-frozen-lockfile"
	case YarnBerry:
		return "yarn install --no-immutable"
	case YarnV1:
		return "yarn install --force"
	}
	return w.Manager.Install()
}

// InstallReleased says how to install when the package manager's own patches are gone. bun
// leaves patched files in place, and npm may call them up to date. The lock file may
// change.
func (w *Workspace) InstallReleased() hint.Hint {
	switch w.Manager {
	case NPM, Bun, Deno:
		return hint.Run(w.InRoot(w.afresh()))
	}
	return w.InstallNative()
}

// InstallAfresh says how to install where patch-package has changed files: other installs
// leave these in place, except that of yarn 1. The lock file may change.
func (w *Workspace) InstallAfresh() hint.Hint {
	native := w.InstallNative()
	if native.Run == "" || w.Manager == YarnV1 {
		return native
	}
	return hint.Run(w.InRoot("rm -rf node_modules && " + w.native()))
}

// Prune says how to remove from node_modules what no package needs.
func (w *Workspace) Prune() hint.Hint {
	if prune := commandsOf[w.Manager].prune; prune != "" {
		return hint.Run(w.InRoot(prune))
	}
	again := w.Reinstall()
	if w.Manager != Unknown {
		again = hint.Run(w.InRoot(w.afresh()))
	}
	if w.keepsReleases() {
		return again
	}
	return hint.Join(again, hint.Text("; without a lock file, that may bring other releases"))
}

// Build says how to build the app in a package: by its script or, without one, by next
// build.
func (w *Workspace) Build(p Package) hint.Hint {
	forms := commandsOf[w.Manager]
	switch {
	case w.Manager == Unknown:
		return hint.Text("run next build")
	case !p.Builds:
		return hint.Run(w.in(p, forms.exec+"next build"))
	}
	return hint.Run(w.in(p, forms.run+"build"))
}

// Exec returns the command that runs a program from the project's node_modules, and
// downloads nothing if it is not there. It is empty if the package manager is not known.
func (m Manager) Exec(program string) string {
	if exec := commandsOf[m].exec; exec != "" {
		return exec + program
	}
	return ""
}

// Install returns the command that installs what the project depends on; empty if the
// package manager is not known.
func (m Manager) Install() string { return commandsOf[m].install }

// InstallProduction returns the command that installs what the project depends on
// without devDependencies; empty if there is none.
func (m Manager) InstallProduction() string { return commandsOf[m].production }

// Uninstalled says how to install the workspace's packages; it is empty unless they seem
// to be missing. They do if the package at hand, or in the root any package, declares
// next-auth. They also do if there is a lock file and no node_modules.
func (w *Workspace) Uninstalled() (hint.Hint, error) {
	missing, err := w.seemsUninstalled()
	if !missing || err != nil {
		return hint.Hint{}, err
	}
	locked, err := w.hasLock()
	switch {
	case err != nil:
		return hint.Hint{}, err
	case locked && w.Manager == NPM:
		return hint.Run(w.in(w.Root(), "npm ci")), nil
	case w.Manager == Unknown:
		return hint.Text("install the packages" + yours), nil
	}
	return hint.Run(w.in(w.Root(), w.Manager.Install())), nil
}

func (w *Workspace) seemsUninstalled() (bool, error) {
	names := func(p Package) bool { return (w.Home.Is(w.Root()) || w.Home.Is(p)) && p.NamesNextAuth() }
	if slices.ContainsFunc(w.Packages, names) {
		return true, nil
	}
	if installed, err := exists(filepath.Join(w.Root().Dir, "node_modules")); installed || err != nil {
		return false, err
	}
	return w.IsLocked()
}

// IsLocked reports whether the root of the workspace has a lock file, so that installs
// happen there.
func (w *Workspace) IsLocked() (bool, error) {
	for _, trace := range traces {
		if !trace.lock {
			continue
		}
		if found, err := exists(filepath.Join(w.Root().Dir, trace.file)); found || err != nil {
			return found, err
		}
	}
	return false, nil
}
