package hooks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
)

const tool = "proxypatch"

// users returns the directories of the packages whose builds may use next-auth. These
// packages declare it, depend on such a package of the workspace, or load an installed
// copy. The root is always included, because it builds for others.
//
// If the root declares next-auth, every package can load it, so all packages are
// included. If no package declares it, a package from a registry depends on it, and all
// are included too.
func (p *Plan) users() map[string]bool {
	ws, uses := p.ws, map[string]bool{}
	for _, p := range ws.Packages {
		if p.NamesNextAuth() {
			uses[p.Dir] = true
		}
	}
	all := len(uses) == 0 || uses[ws.Root().Dir]
	for more := true; more; {
		more = false
		for _, p := range ws.Packages {
			if !uses[p.Dir] && (all || dependsOnAny(ws, p, uses)) {
				uses[p.Dir], more = true, true
			}
		}
	}
	if project := p.choice.project; project != nil {
		for _, p := range ws.Packages {
			uses[p.Dir] = uses[p.Dir] || slices.ContainsFunc(project.Copies, func(c detect.Install) bool {
				loads, err := project.Loads(p, &c)
				return loads || err != nil // in doubt, check
			})
		}
	}
	uses[ws.Root().Dir] = true
	return uses
}

func dependsOnAny(ws *detect.Workspace, p detect.Package, some map[string]bool) bool {
	return slices.ContainsFunc(ws.Packages, func(other detect.Package) bool {
		_, depends := p.Dependencies[other.Name]
		return depends && some[other.Dir]
	})
}

// provide says how to get proxypatch. It names no command that asks npm's
// registry, because we do not own the name there.
var provide = hint.Text("add its packages as docs/install.md describes, or put it on the PATH of every machine that installs").
	Or(hint.Join(hint.Text("or, to patch on this machine only, do not commit the hooks; to remove them: "), hint.Run("proxypatch init --undo")))

// warnAboutTool says what to install so that the hooks work. A devDependency is not
// enough: a production install omits it, still runs postinstall, and fails.
func (p *Plan) warnAboutTool(root *File) {
	if root.before == nil { // without a package.json there, the packages that build need it
		at := slices.IndexFunc(p.Files, func(f *File) bool {
			return p.runsInBuilds(f) && !f.installs("dependencies") && !f.installs("optionalDependencies")
		})
		if at < 0 {
			return
		}
		root = p.Files[at]
	}
	fails := p.Failing("")
	switch {
	case fails == "", root.installs("dependencies"), root.installs("optionalDependencies"):
	case root.installs("devDependencies"):
		p.warn(root.Path+": proxypatch is only in devDependencies, so "+p.withoutDev(), p.moveTool())
	default:
		p.warn("proxypatch is not a dependency of the project, so on every other machine without it on the PATH, "+fails+" with exit code 127", provide)
	}
	if p.ws.Manager != detect.YarnBerry {
		return
	}
	for _, f := range p.Files[1:] { // other package managers run the root's programs in all packages
		if p.runsInBuilds(f) && !f.installs("dependencies") && !f.installs("devDependencies") {
			p.warn(fmt.Sprintf("%s: proxypatch is not a dependency of this package, so yarn can't run it here", f.Path), provide)
		}
	}
}

// warnAboutPublishing names a package that others may install: they would run its
// postinstall, and most of them have no proxypatch.
func (p *Plan) warnAboutPublishing(root *File) {
	builds := slices.ContainsFunc(root.manifest.scriptNames(), func(name string) bool {
		text, _ := root.manifest.script(name)
		all, _ := commands(text)
		return slices.ContainsFunc(all, command.isNextBuild)
	})
	if builds || root.patching() == nil || !root.looksPublished() {
		return
	}
	p.warn(fmt.Sprintf("%s: %s looks like a published package; everyone who installs it would run its postinstall, which fails without proxypatch", root.Path, p.ws.Label(root.pkg)),
		hint.To("if it is not published, say so", p.ws.InRoot(`npm pkg set private=true --json`)).
			Or(hint.To("if it is, remove the hooks", "proxypatch init --undo")))
}

// looksPublished reports whether a package.json is not private and says what others get.
func (f *File) looksPublished() bool {
	if f.manifest.literal("private") == "true" {
		return false
	}
	for _, field := range []string{"exports", "files", "publishConfig"} {
		if f.manifest.literal(field) != "" {
			return true
		}
	}
	main := f.manifest.text("main")
	if !filepath.IsLocal(filepath.FromSlash(main)) {
		return false
	}
	dir, err := os.OpenRoot(f.pkg.Dir)
	if err != nil {
		return false
	}
	defer dir.Close()
	info, err := dir.Stat(filepath.FromSlash(main))
	return err == nil && info.Mode().IsRegular()
}

func (f *File) installs(field string) bool { return f.manifest.depends(field, tool) }

// withoutDev says what fails if proxypatch is only a devDependency.
func (p *Plan) withoutDev() string {
	command := ""
	if production := p.ws.Manager.InstallProduction(); production != "" {
		command = " (" + production + ")"
	}
	if p.ws.Manager == detect.Deno {
		return "builds fail after installs without them" + command
	}
	return "installs without them" + command + " fail in postinstall"
}

// moveTool says how to make proxypatch a dependency of every install.
func (p *Plan) moveTool() hint.Hint {
	if install := p.ws.Manager.Install(); install != "" {
		return hint.Join(hint.Text("move it to dependencies, then "), hint.Run(install))
	}
	return hint.Text("move it to dependencies, then install with your package manager")
}

// withoutHooks says when package managers run no postinstall of the project: in any
// project, in one without workspaces, and in a workspace. docs/after-you-patched.md has the
// results of tests.
var withoutHooks = map[detect.Manager]struct{ always, alone, workspace string }{
	detect.NPM:       {always: "with --ignore-scripts"},
	detect.YarnV1:    {"with --ignore-scripts, on yarn upgrade and yarn remove", "", ", on yarn add in a package, yarn workspace PACKAGE add and yarn workspace PACKAGE remove"},
	detect.YarnBerry: {"with --mode=skip-build, when an install has nothing new to build", "", ", on yarn workspace PACKAGE add and yarn workspaces focus"},
	detect.PNPM:      {"with --ignore-scripts, since pnpm 11 when nothing changes", ", on pnpm add, pnpm update and pnpm remove", ", on pnpm remove"},
	detect.Bun:       {"with --ignore-scripts", "", " and on bun install --filter"},
}

// uncovered says which installs run no hooks.
func (p *Plan) uncovered() string {
	const yourself = "; in that case, run proxypatch apply yourself"
	if p.ws.Manager == detect.Deno {
		return "deno runs postinstall only with --allow-scripts, so the build patches; before deno task dev, run proxypatch apply yourself"
	}
	without, known := withoutHooks[p.ws.Manager]
	if !known {
		return "your package manager may skip postinstall" + yourself
	}
	name, _, _ := strings.Cut(string(p.ws.Manager), " ")
	if len(p.ws.Packages) > 1 {
		return name + " skips postinstall " + without.always + without.workspace + yourself
	}
	return name + " skips postinstall " + without.always + without.alone + yourself
}

// noteOutputs says what becomes of the patch in directories that tools make of one
// package, with an install of their own.
func (p *Plan) noteOutputs() error {
	if len(p.ws.Packages) > 1 && p.ws.Manager == detect.PNPM {
		p.Notes = append(p.Notes, "the directory that pnpm deploy makes is not patched; after pnpm deploy, run proxypatch apply -C DIR yourself")
	}
	for _, output := range []struct{ file, note string }{
		{"nx.json", "the package.json that nx writes beside a build has no postinstall; after an install there, run proxypatch apply -C DIR yourself"},
		{"turbo.json", "after turbo prune of an app without next-auth, the install exits with 6; if you do that, add --if-present to proxypatch apply"},
	} {
		found, err := p.ws.Has(output.file)
		if err != nil {
			return err
		}
		if found {
			p.Notes = append(p.Notes, output.note)
		}
	}
	return nil
}
