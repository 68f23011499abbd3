package detect

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Manager is the package manager of a project.
type Manager string

// The package managers whose commands the hints know.
const (
	NPM       Manager = "npm"
	YarnV1    Manager = "yarn 1"
	YarnBerry Manager = "yarn"
	PNPM      Manager = "pnpm"
	Bun       Manager = "bun"
)

// findManager returns the package manager of the project that the directories belong
// to, and its version if a file names it. The nearest directory decides that has
// traces of a package manager or a package.json that names one. The default is npm.
func findManager(dirs []string) (Manager, string, error) {
	for _, at := range dirs {
		manager, version, err := managerAt(at)
		if manager != "" || err != nil {
			return manager, version, err
		}
	}
	return NPM, "", nil
}

// managerAt is findManager for one directory. The manager is empty if nothing there
// names one.
func managerAt(dir string) (Manager, string, error) {
	m, _, err := readProject(dir)
	if err != nil {
		return "", "", err
	}
	if manager, version := named(m.PackageManager); manager != "" {
		return manager, version, nil
	}
	manager, err := traced(dir)
	if manager != PNPM || err != nil {
		return manager, "", err
	}
	version, err := installedBy(dir)
	return manager, version, err
}

// named reads the packageManager field, such as "pnpm@9.1.0+sha512.…".
func named(field string) (Manager, string) {
	name, version, _ := strings.Cut(field, "@")
	version, _, _ = strings.Cut(version, "+")
	switch name {
	case "npm":
		return NPM, version
	case "pnpm":
		return PNPM, version
	case "bun":
		return Bun, version
	case "yarn":
		if strings.HasPrefix(version, "1.") {
			return YarnV1, version
		}
		return YarnBerry, version
	}
	return "", ""
}

// traces are the files that reveal a package manager: first the files that a project
// keeps, then those that an install leaves.
var traces = []trace{
	{"pnpm-lock.yaml", PNPM, true},
	{"bun.lock", Bun, true},
	{"bun.lockb", Bun, true},
	{"package-lock.json", NPM, true},
	{"npm-shrinkwrap.json", NPM, true},
	{".yarnrc.yml", YarnBerry, false},
	{"yarn.lock", YarnV1, true},
	{"node_modules/.modules.yaml", PNPM, false},
	{"node_modules/.yarn-state.yml", YarnBerry, false},
	{"node_modules/.yarn-integrity", YarnV1, false},
	{"node_modules/.package-lock.json", NPM, false},
}

type trace struct {
	file    string
	manager Manager
	lock    bool // it is a lock file
}

func traced(dir string) (Manager, error) {
	for _, trace := range traces {
		found, err := exists(filepath.Join(dir, filepath.FromSlash(trace.file)))
		if err != nil {
			return "", err
		}
		if found {
			return trace.manager, nil
		}
	}
	return "", nil
}

// installedBy returns the version of pnpm that made dir's node_modules; empty if it is
// unknown. No other package manager records its version.
func installedBy(dir string) (string, error) {
	data, err := readSmall(filepath.Join(dir, "node_modules", ".modules.yaml"))
	if unusable(err) {
		return "", nil
	}
	if found, err := there(err); !found {
		return "", err
	}
	m := installer().FindSubmatch(data)
	if m == nil {
		return "", nil
	}
	_, version := named(string(m[1]))
	return version, nil
}

// installer finds the package manager in .modules.yaml, which is JSON in newer
// releases. The file is untrusted, so no YAML parser reads it.
var installer = lazyregexp.Compile(`(?m)^\s*"?packageManager"?:\s*["']?([a-z]+@[^"'\s,]+)`)

// Add returns the command that adds a dependency to the package in the current
// directory, which may be the root of a workspace.
func (m Manager) Add(pkg string, workspaceRoot bool) string {
	flag := ""
	switch {
	case workspaceRoot && m == YarnV1:
		flag = "-W "
	case workspaceRoot && m == PNPM:
		flag = "-w "
	}
	switch m {
	case YarnV1, YarnBerry:
		return "yarn add " + flag + pkg
	case PNPM:
		return "pnpm add " + flag + pkg
	case Bun:
		return "bun add " + pkg
	}
	return "npm install " + pkg
}

// AddToRoot returns the command that makes a package a dependency of the workspace's
// root.
func (w *Workspace) AddToRoot(pkg string) string {
	return w.in(w.Root(), w.Manager.Add(pkg, len(w.Packages) > 1))
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
	way := hint.Run(p.in(owner, p.Manager.Add(neededAgent, owner.Is(p.Root()) && len(p.Packages) > 1)))
	if file, entry, refresh := p.extension(c); file != "" {
		return way.Or(hint.Join(
			hint.Text("or add "), hint.Keep(entry), hint.Text(" to "+file+", run "),
			hint.Run(p.in(p.Root(), refresh)), hint.Text(" and commit the lock file")))
	}
	return way
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
	switch {
	case p.Manager == PNPM && strings.Contains(dir, "/.pnpm/") && major < 10:
		return "package.json", `"pnpm": {"packageExtensions": {"next-auth@4": {"dependencies": {"https-proxy-agent": "7"}}}}`, "pnpm install --no-frozen-lockfile"
	case p.Manager == PNPM && strings.Contains(dir, "/.pnpm/"):
		return "pnpm-workspace.yaml", `packageExtensions: {"next-auth@4": {dependencies: {https-proxy-agent: "7"}}}`, "pnpm install --no-frozen-lockfile"
	case p.Manager == YarnBerry && strings.Contains(dir, "/.store/"):
		return ".yarnrc.yml", `packageExtensions: {"next-auth@*": {dependencies: {https-proxy-agent: "7"}}}`, "yarn install --no-immutable"
	}
	return "", "", ""
}

// Reinstall returns a command that restores the released files of all packages. Plain
// installs do not restore changed files.
func (w *Workspace) Reinstall() string { return w.in(w.Root(), w.reinstall()) }

func (w *Workspace) reinstall() string {
	switch w.Manager {
	case YarnV1:
		return "yarn install --force"
	case PNPM:
		return "pnpm install --force"
	case Bun:
		return "bun install --force"
	}
	if locked, err := w.hasNpmLock(); locked && err == nil { // in doubt, use the command that always works
		return "npm ci"
	}
	return "rm -rf node_modules && " + w.Manager.Install()
}

// hasNpmLock reports whether npm ci would find what it needs.
func (w *Workspace) hasNpmLock() (bool, error) {
	if w.Manager != NPM {
		return false, nil
	}
	for _, name := range []string{"package-lock.json", "npm-shrinkwrap.json"} {
		_, err := system.stat(filepath.Join(w.Root().Dir, name))
		if found, err := there(err); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// Prune returns the command that removes from node_modules what no package needs.
func (w *Workspace) Prune() string {
	if w.Manager == PNPM {
		return w.in(w.Root(), "pnpm prune")
	}
	return w.in(w.Root(), "rm -rf node_modules && "+w.Manager.Install())
}

// Exec returns the command that runs a program from the project's node_modules, and
// downloads nothing if it is not there.
func (m Manager) Exec(program string) string {
	switch m {
	case YarnV1, YarnBerry:
		return "yarn run " + program
	case PNPM:
		return "pnpm exec " + program
	case Bun:
		return "bunx --no-install " + program
	}
	return "npx --no -- " + program // without --, npx takes flags such as --dry-run for itself
}

// Build returns the command that builds the app in a package: its script or, without one,
// next build.
func (w *Workspace) Build(p Package) string {
	if !p.Builds {
		return w.in(p, w.Manager.Exec("next build"))
	}
	return w.in(p, w.Manager.runs("build"))
}

// runs returns the command that runs a script of the package in the current directory.
func (m Manager) runs(script string) string {
	if m == YarnV1 || m == YarnBerry {
		return "yarn run " + script
	}
	return string(m) + " run " + script
}

// Install returns the command that installs what the project depends on.
func (m Manager) Install() string {
	if m == YarnV1 {
		return "yarn install"
	}
	return string(m) + " install"
}

// InstallProduction returns the command that installs what the project depends on
// without devDependencies.
func (m Manager) InstallProduction() string {
	switch m {
	case YarnV1:
		return "yarn install --production"
	case YarnBerry:
		return "yarn workspaces focus --production"
	case PNPM:
		return "pnpm install --prod"
	case Bun:
		return "bun install --production"
	}
	return "npm ci --omit=dev"
}

// Uninstalled returns the command that installs the workspace's packages; empty unless
// they seem to be missing. They do if the package at hand, or in the root any package,
// declares next-auth. They also do if there is a lock file and no node_modules.
func (w *Workspace) Uninstalled() (command string, err error) {
	missing, err := w.seemsUninstalled()
	if !missing || err != nil {
		return "", err
	}
	locked, err := w.hasNpmLock()
	switch {
	case err != nil:
		return "", err
	case locked:
		return w.in(w.Root(), "npm ci"), nil
	}
	return w.in(w.Root(), w.Manager.Install()), nil
}

func (w *Workspace) seemsUninstalled() (bool, error) {
	names := func(p Package) bool { return (w.Home.Is(w.Root()) || w.Home.Is(p)) && p.NamesNextAuth() }
	if slices.ContainsFunc(w.Packages, names) {
		return true, nil
	}
	if installed, err := exists(filepath.Join(w.Root().Dir, "node_modules")); installed || err != nil {
		return false, err
	}
	return w.isLocked()
}

// isLocked reports whether the root of the workspace has a lock file.
func (w *Workspace) isLocked() (bool, error) {
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
