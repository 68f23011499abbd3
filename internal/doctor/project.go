package doctor

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Dotenv lists the proxy variables that the .env files of a Next.js app set.
func (e *Environment) Dotenv(app App) Findings {
	var f Findings
	for _, name := range slices.Concat(productionFiles, developmentFiles) {
		path := filepath.Join(app.Path, name)
		var names []string
		for key := range readDotenv(filepath.Join(app.Dir, name)) {
			if slices.Contains(variables, strings.ToLower(key)) {
				names = append(names, key)
			}
		}
		slices.Sort(names)
		switch list := strings.Join(names, ", "); {
		case len(names) == 0:
		case slices.Contains(developmentFiles, name):
			f.Add(NextJS, Note, "%s sets %s; only next dev reads it", path, list)
		case e.app != app:
			f.Add(NextJS, Note, "%s sets %s; run doctor in %s to include this file", path, list, app.Path)
		case !e.reads(path):
			f.Add(NextJS, Note, "%s sets %s, but the environment or another file takes precedence", path, list)
		default:
			f.Add(NextJS, Note, "%s sets %s; variables of the environment take precedence", path, list)
		}
	}
	return f
}

// reads reports whether a proxy variable comes from a file.
func (e *Environment) reads(path string) bool {
	for key, file := range e.files {
		if file.path == path && slices.Contains(variables, strings.ToLower(key)) {
			return true
		}
	}
	return false
}

// Hooks checks that every install patches and every build checks. If some script runs
// proxypatch, what init would change in package.json is a finding, and command runs init.
// If none does, that may be intentional, and is one note. native names what patches at
// installs without a hook; it may be empty.
func Hooks(w *detect.Workspace, apps []hooks.App, native, command string) Findings {
	var f Findings
	plan, err := hooks.Install(w, hooks.Options{Apps: apps, Native: native, Existing: true})
	if err != nil {
		f.Add(PackageJSON, Warning, "%v", err).hint("run doctor in the directory of your package.json")
		return f
	}
	if plan.Hooked || plan.Changes() == 0 { // else init would change nothing
		hooked(&f, plan, w.Manager, command)
	} else {
		unhooked(&f, native, command)
	}
	if native == "" && plan.Hooked || native == detect.PatchPackage {
		ignored(&f, w)
	}
	switch {
	case len(f) > 0:
	case w.Manager == detect.Deno:
		f.Add(PackageJSON, OK, "every build patches, because Deno's installs run no hook")
	default:
		f.Add(PackageJSON, OK, "every install patches, and every build checks the patch")
	}
	return f
}

// hooked reports which hooks are missing beside others, and what is wrong with those.
func hooked(f *Findings, plan *hooks.Plan, m detect.Manager, command string) {
	for _, file := range plan.Files {
		for _, script := range file.Scripts {
			missing(f, m, file.Path, script, command)
		}
	}
	for _, warning := range plan.Warnings {
		way := warning.Hint
		if way.Text == "" {
			way = hint.Run(command)
		}
		f.Add(PackageJSON, Warning, "%s", warning.Message).Hint = way
	}
}

// unhooked reports what somebody without hooks has to do.
func unhooked(f *Findings, native, command string) {
	if native != "" {
		f.Add(PackageJSON, Note, "no script runs proxypatch check, so an unpatched app can be built").Hint = hint.Run(command)
		return
	}
	f.Add(PackageJSON, Note, "no script runs proxypatch, so run it again after each install").Hint = hint.To("or add hooks", command)
}

// missing reports the consequence of a script that init would change.
func missing(f *Findings, m detect.Manager, path string, s hooks.Script, command string) {
	switch {
	case s.Action == edit.Keep:
	case strings.Contains(s.Before, "proxypatch apply") && !strings.Contains(s.After, "proxypatch apply"):
		f.Add(PackageJSON, Note, "%s: %s runs proxypatch apply, which installs no longer need", path, s.Name).Hint = hint.Run(command)
	case strings.Contains(s.After, "proxypatch check"):
		f.Add(PackageJSON, Note, "%s: %s does not run proxypatch check, so an unpatched app can be built", path, s.Name).Hint = hint.Run(command)
	case s.Name != "dependencies" && s.Name != "postinstall":
		f.Add(PackageJSON, Warning, "%s: %s does not run proxypatch apply, and no install does", path, s.Name).Hint = hint.Run(command)
	case s.Name == "postinstall":
		f.Add(PackageJSON, Warning, "%s: postinstall does not run proxypatch, so the next install restores the unpatched files", path).Hint = hint.Run(command)
	case m == detect.Unknown:
		f.Add(PackageJSON, Note, "%s: %s does not run proxypatch, which npm would need", path, s.Name).Hint = hint.Run(command)
	default:
		f.Add(PackageJSON, Note, "%s: %s does not run proxypatch, so npm install PACKAGE may restore the unpatched files", path, s.Name).Hint = hint.Run(command)
	}
}

var ignoreScripts = lazyregexp.Compile(`(?m)^\s*ignore-scripts\s*=\s*"?true`)

// ignored reports a package manager that runs no scripts.
func ignored(f *Findings, w *detect.Workspace) {
	path := filepath.Join(w.Root().Dir, ".npmrc")
	if data, err := safefile.ReadFile(path, maxNpmrc); err == nil && ignoreScripts().Match(data) {
		f.Add(PackageJSON, Warning, "%s: because of ignore-scripts, installs do not run postinstall", w.Display(path)).Hint = hint.To("after each install, run", "proxypatch")
	}
}
