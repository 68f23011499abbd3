package doctor

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
)

// Environment is what the app will see in process.env: the variables of the
// process, and those that Next.js adds from .env files.
type Environment struct {
	Image bool // whether the app is in an image, where the patch can't be taken off

	process map[string]string
	files   map[string]fromFile // variables that the process does not set
	app     App                 // the app that the files belong to
	npmrc   npmrc               // of the project
	line    *line.Line          // whose variables count
}

// npmrc is a .npmrc file.
type npmrc struct {
	shown string // the path to show
	proxy string // the proxy that it names, or ""
}

// fromFile is a variable that Next.js sets.
type fromFile struct {
	assignment
	path  string // the path to show for the file
	value string
}

// NewEnvironment returns the environment of a process, from entries such as
// os.Environ returns.
func NewEnvironment(environ []string) *Environment {
	e := &Environment{process: map[string]string{}, files: map[string]fromFile{}, line: line.All[0]}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		e.process[name] = value
		if lower := strings.ToLower(name); runtime.GOOS == "windows" && slices.Contains(variables, lower) {
			e.process[lower], e.process[strings.ToUpper(name)] = value, value // Windows ignores case
		}
	}
	return e
}

// LoadNpmrc looks for a proxy in the project's .npmrc. Findings name the file shown.
func (e *Environment) LoadNpmrc(path, shown string) {
	e.npmrc = readNpmrc(path, shown)
}

// App is a Next.js app.
type App struct {
	Dir  string // where its files are
	Path string // how findings name it
}

// LoadApp adds the variables that Next.js sets for an app. A variable of the
// process wins, even if it is empty.
func (e *Environment) LoadApp(app App) {
	e.app = app
	for _, name := range productionFiles {
		for key, a := range readDotenv(filepath.Join(app.Dir, name)) {
			_, set := e.process[key]
			_, earlier := e.files[key]
			if !set && !earlier {
				e.files[key] = fromFile{assignment: a, path: filepath.Join(app.Path, name)}
			}
		}
	}
	for key, f := range e.files {
		f.value = f.expand(e.raw)
		e.files[key] = f
	}
}

// raw returns a variable before names in it are expanded.
func (e *Environment) raw(name string) string {
	if value, set := e.process[name]; set {
		return value
	}
	return e.files[name].assignment.value
}

// Get returns a variable as the app sees it.
func (e *Environment) Get(name string) string {
	if value, set := e.process[name]; set {
		return value
	}
	return e.files[name].value
}

// For makes the variables of a release line count, for the helper in its form.
func (e *Environment) For(l *line.Line) { e.line = l }

func (e *Environment) env() proxyenv.Env {
	return proxyenv.Env{Get: e.Get, Own: e.line.Variables("PROXY")}
}

// set reports whether a variable is set, even if it is empty.
func (e *Environment) set(name string) bool {
	_, process := e.process[name]
	_, file := e.files[name]
	return process || file
}

// late reports whether only a .env file sets a variable. That is too late for the
// variables that Node.js reads at startup.
func (e *Environment) late(name string) bool {
	_, file := e.files[name]
	return file
}

// label names a variable for a person, with the file that sets it.
func (e *Environment) label(name string) string {
	if f, found := e.files[name]; found {
		return name + " in " + f.path
	}
	return name
}

// azureHost is where Azure AD's tenants have their issuers.
const azureHost = "login.microsoftonline.com"

var (
	issuerName  = lazyregexp.Compile(`(?i)(^|_)(ISSUER|WELL_?KNOWN)(_(BASE_)?URL)?$`)
	tenantName  = lazyregexp.Compile(`(?i)(^|_)AZURE_?AD_TENANT(_?ID)?$`)
	azureTenant = lazyregexp.Compile(`(?i)^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|common|organizations|consumers|(?:[a-z0-9-]+\.)+[a-z]+)$`)
)

// Issuers returns the identity providers that the environment names: the URLs in
// variables such as KEYCLOAK_ISSUER, and the tenant in AZURE_AD_TENANT_ID.
// Quotation marks around a value are ignored.
func (e *Environment) Issuers() []*proxyenv.Target {
	var targets []*proxyenv.Target
	for _, name := range e.names() {
		target := issuerIn(name, proxyenv.Unquote(e.Get(name)))
		if target != nil && !slices.ContainsFunc(targets, target.Same) {
			targets = append(targets, target)
		}
	}
	return targets
}

// names returns the names of all variables: those of the process, then those of files.
func (e *Environment) names() []string {
	return append(slices.Sorted(maps.Keys(e.process)), slices.Sorted(maps.Keys(e.files))...)
}

// issuerIn returns the issuer that a variable names, or nil.
func issuerIn(name, value string) *proxyenv.Target {
	switch {
	case tenantName().MatchString(name) && azureTenant().MatchString(value):
		value = "https://" + azureHost + "/" + value + "/v2.0"
	case !issuerName().MatchString(name) || !strings.Contains(value, "://"):
		return nil
	}
	target, err := proxyenv.ParseTarget(value)
	if err != nil {
		return nil
	}
	return target
}

// isIssuer reports whether next-auth needs a discovery document at a target: its URL has
// a path, or a variable for issuers names it. Another URL may be any host of a provider.
func (e *Environment) isIssuer(target *proxyenv.Target) bool {
	return e.line.Calls.Discovers() && (target.Path != "" || slices.ContainsFunc(e.Issuers(), target.Same))
}
