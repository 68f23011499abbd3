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
var provide = hint.Text("add its packages as docs/npm.md describes, or put it on the PATH of every machine that installs").
	Or(hint.Join(hint.Text("or, to patch on this machine only, do not commit the hooks; to remove them: "), hint.Run("proxypatch init --undo")))

// warnAboutTool says what to install so that the hooks work. A devDependency is not
// enough: a production install omits it, still runs postinstall, and fails.
func (p *Plan) warnAboutTool(root *File) {
	switch {
	case root.installs("dependencies"), root.installs("optionalDependencies"):
	case root.installs("devDependencies"):
		p.warn(fmt.Sprintf("%s: proxypatch is only in devDependencies, so installs without them (%s) fail in postinstall", root.Path, p.ws.Manager.InstallProduction()),
			hint.Join(hint.Text("move it to dependencies, then "), hint.Run(p.ws.Manager.Install())))
	default:
		p.warn("proxypatch is not a dependency of the project, so on every other machine without it on the PATH, installs and builds fail with exit code 127", provide)
	}
	if p.ws.Manager != detect.YarnBerry {
		return
	}
	for _, f := range p.Files[1:] { // other package managers run the root's programs in all packages
		if f.builds && !f.installs("dependencies") && !f.installs("devDependencies") {
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
	if builds || !root.looksPublished() {
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

// uncovered says which installs run no hooks.
func uncovered(m detect.Manager) string {
	without := map[detect.Manager]string{
		detect.NPM:       "with --ignore-scripts",
		detect.YarnV1:    "with --ignore-scripts",
		detect.YarnBerry: "with --mode=skip-build, and when an install has nothing new to build",
		detect.PNPM:      "with --ignore-scripts, on pnpm add and pnpm fetch and, since pnpm 11, when nothing changes",
		detect.Bun:       "with --ignore-scripts or --filter",
	}[m]
	name, _, _ := strings.Cut(string(m), " ")
	return fmt.Sprintf("%s skips postinstall %s; in that case, run proxypatch apply yourself", name, without)
}
