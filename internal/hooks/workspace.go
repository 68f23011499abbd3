package hooks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
)

const tool = "proxypatch"

// users returns the packages whose builds may use next-auth: those that declare
// it, those that depend on such a package of the workspace, those that load an
// installed copy, and the root, which builds for others.
//
// These are all packages if the root declares it, because Node.js looks there
// for all of them, and if none does, because then a package from a registry
// brings it.
func users(ws *detect.Workspace) map[*detect.Package]bool {
	uses := map[*detect.Package]bool{}
	for i := range ws.Packages {
		if p := &ws.Packages[i]; p.NamesNextAuth() {
			uses[p] = true
		}
	}
	all := len(uses) == 0 || uses[ws.Root()]
	for more := true; more; {
		more = false
		for i := range ws.Packages {
			p := &ws.Packages[i]
			if !uses[p] && (all || dependsOnAny(p, uses)) {
				uses[p], more = true, true
			}
		}
	}
	if project, err := ws.Find(true); err == nil {
		for i := range ws.Packages {
			p := &ws.Packages[i]
			uses[p] = uses[p] || slices.ContainsFunc(project.Copies, func(c detect.Install) bool {
				loads, err := project.Loads(p, &c)
				return loads || err != nil // better a check too many
			})
		}
	}
	uses[ws.Root()] = true
	return uses
}

func dependsOnAny(p *detect.Package, some map[*detect.Package]bool) bool {
	for other := range some {
		if _, depends := p.Dependencies[other.Name]; depends {
			return true
		}
	}
	return false
}

// provide says how to get proxypatch. It names no command that asks npm's
// registry, where the name is not ours.
const provide = "have it on the PATH of every machine that installs, or add its packages from files or a registry of your own: docs/npm.md"

// warnAboutTool says what to install so that the hooks work. A devDependency is
// not enough: an install for production leaves it out, still runs postinstall,
// and fails.
func (p *Plan) warnAboutTool(root *File) {
	switch {
	case root.installs("dependencies"), root.installs("optionalDependencies"):
	case root.installs("devDependencies"):
		p.warn(fmt.Sprintf("%s: proxypatch is in devDependencies only; an install without them (%s) runs postinstall without it and fails", root.Path, p.productionInstall()),
			"move it to dependencies, then "+p.installCommand())
	default:
		p.warn("proxypatch is not a dependency of the project, so the hooks fail wherever it is not on the PATH", provide)
	}
	if p.ws.Manager != detect.YarnBerry {
		return
	}
	for _, f := range p.Files[1:] { // the others run a root's programs in all packages
		if f.builds && !f.installs("dependencies") && !f.installs("devDependencies") {
			p.warn(fmt.Sprintf("%s: yarn runs no program here that is a dependency of the root alone", f.Path), provide)
		}
	}
}

func (f *File) installs(field string) bool { return f.manifest.depends(field, tool) }

func (p *Plan) installCommand() string {
	switch p.ws.Manager {
	case detect.YarnV1, detect.YarnBerry:
		return "yarn install"
	}
	return string(p.ws.Manager) + " install"
}

func (p *Plan) productionInstall() string {
	switch p.ws.Manager {
	case detect.YarnV1:
		return "yarn install --production"
	case detect.YarnBerry:
		return "yarn workspaces focus --production"
	case detect.PNPM:
		return "pnpm install --prod"
	case detect.Bun:
		return "bun install --production"
	}
	return "npm ci --omit=dev"
}

// uncovered says which installs run no hook.
func uncovered(m detect.Manager) string {
	without := map[detect.Manager]string{
		detect.NPM:       "--ignore-scripts",
		detect.YarnV1:    "--ignore-scripts",
		detect.YarnBerry: "--mode=skip-build, nor on an install that finds nothing new to build",
		detect.PNPM:      "--ignore-scripts, nor on pnpm add and pnpm fetch, nor, from pnpm 11 on, on an install that changes nothing",
		detect.Bun:       "--ignore-scripts or --filter",
	}[m]
	name, _, _ := strings.Cut(string(m), " ")
	return fmt.Sprintf("%s does not run postinstall with %s; run proxypatch yourself then, or the check stops the build", name, without)
}
