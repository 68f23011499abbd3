package detect

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Manager is the package manager of a project.
type Manager string

// The package managers whose commands the hints know.
const (
	Unknown   Manager = "unknown" // any other, or none
	NPM       Manager = "npm"
	YarnV1    Manager = "yarn 1"
	YarnBerry Manager = "yarn"
	PNPM      Manager = "pnpm"
	Bun       Manager = "bun"
	Deno      Manager = "deno"
)

// findManager returns the package manager of the project that the directories belong
// to, and its version if a file names it. The nearest directory decides that has
// traces of a package manager or a package.json that names one.
func findManager(dirs []string) (Manager, string, error) {
	for _, at := range dirs {
		manager, version, err := managerAt(at)
		if manager != "" || err != nil {
			return manager, version, err
		}
	}
	return Unknown, "", nil
}

// managerAt is findManager for one directory. The manager is empty if nothing there
// names one.
func managerAt(dir string) (Manager, string, error) {
	m, _, err := readProject(dir)
	if err != nil {
		return "", "", err
	}
	for _, wanted := range append([]engine{splitEngine(m.PackageManager)}, m.DevEngines.PackageManager...) {
		if manager := wanted.manager(); manager != "" {
			return manager, wanted.lowest(), nil
		}
	}
	manager, err := traced(dir)
	if manager != PNPM || err != nil {
		return manager, "", err
	}
	version, err := installedBy(dir)
	return manager, version, err
}

// engine is a package manager that a project asks for.
type engine struct {
	Name    string `json:"name"`
	Version string `json:"version"` // may be a range
}

// splitEngine reads the packageManager field, such as "pnpm@9.1.0+sha512.…".
func splitEngine(field string) engine {
	name, version, _ := strings.Cut(field, "@")
	version, _, _ = strings.Cut(version, "+")
	return engine{name, version}
}

// foreign lists package managers whose commands the hints do not know, although their
// projects may have the files of others.
var foreign = []string{"cnpm", "rush", "vlt"}

// manager is empty if the name is none of a package manager.
func (e engine) manager() Manager {
	switch major, _, _ := strings.Cut(e.lowest(), "."); {
	case e.Name == "yarn" && major == "1":
		return YarnV1
	case slices.Contains([]string{"npm", "yarn", "pnpm", "bun", "deno"}, e.Name):
		return Manager(e.Name)
	case slices.Contains(foreign, e.Name):
		return Unknown
	}
	return ""
}

// lowest returns the version without the operator of a simple range.
func (e engine) lowest() string { return strings.TrimLeft(e.Version, "^~>=v ") }

// traces are the files that reveal a package manager: first the files that a project
// keeps, then those that an install leaves.
var traces = []trace{
	{"rush.json", Unknown, false},
	{"vlt-lock.json", Unknown, true},
	{"pnpm-lock.yaml", PNPM, true},
	{"bun.lock", Bun, true},
	{"bun.lockb", Bun, true},
	{"package-lock.json", NPM, true},
	{"npm-shrinkwrap.json", NPM, true},
	{".yarnrc.yml", YarnBerry, false},
	{".pnp.cjs", YarnBerry, false},
	{"yarn.lock", YarnV1, true},
	{"deno.lock", Deno, true},
	{"node_modules/.modules.yaml", PNPM, false},
	{"node_modules/.yarn-state.yml", YarnBerry, false},
	{"node_modules/.yarn-integrity", YarnV1, false},
	{"node_modules/.package-lock.json", NPM, false},
	{"node_modules/.deno", Deno, false},
	{"deno.json", Deno, false},
	{"deno.jsonc", Deno, false},
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
	return splitEngine(string(m[1])).Version, nil
}

// installer finds the package manager in .modules.yaml, which is JSON in newer
// releases. The file is untrusted, so no YAML parser reads it.
var installer = lazyregexp.Compile(`(?m)^\s*"?packageManager"?:\s*["']?([a-z]+@[^"'\s,]+)`)
