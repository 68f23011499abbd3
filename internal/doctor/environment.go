package doctor

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Environment is what the app will find in process.env: the variables of the
// process, and those that Next.js adds from .env files.
type Environment struct {
	process map[string]string
	files   map[string]fromFile // names that the process has not set
	app     App                 // whose files these are
	npmrc   string              // the project's .npmrc, as a person would write it, if it names a proxy
}

// fromFile is a variable that Next.js sets.
type fromFile struct {
	assignment
	path  string // of the file, as a person would write it
	value string
}

// NewEnvironment returns the environment of a process, given as os.Environ
// does.
func NewEnvironment(environ []string) *Environment {
	e := &Environment{process: map[string]string{}, files: map[string]fromFile{}}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		e.process[name] = value
		if lower := strings.ToLower(name); runtime.GOOS == "windows" && slices.Contains(variables, lower) {
			e.process[lower], e.process[strings.ToUpper(name)] = value, value // both are one variable there
		}
	}
	return e
}

// LoadNpmrc looks for a proxy in the .npmrc that npm reads for the project. shown is
// its path as a person would write it.
func (e *Environment) LoadNpmrc(path, shown string) {
	if namesNpmProxy(path) {
		e.npmrc = shown
	}
}

// App is a Next.js app.
type App struct {
	Dir  string // to read it
	Path string // to name it
}

// LoadApp adds what Next.js sets for an app. A variable that the process has
// set, if only to nothing, stays.
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

// raw returns a variable as it is before names in it are replaced.
func (e *Environment) raw(name string) string {
	if value, set := e.process[name]; set {
		return value
	}
	return e.files[name].assignment.value
}

// Get returns a variable as the app finds it.
func (e *Environment) Get(name string) string {
	if value, set := e.process[name]; set {
		return value
	}
	return e.files[name].value
}

func (e *Environment) env() proxyenv.Env { return e.Get }

// set reports whether a variable is there, if only as nothing.
func (e *Environment) set(name string) bool {
	_, process := e.process[name]
	_, file := e.files[name]
	return process || file
}

// late reports whether a variable is only in a .env file, which is too late for
// those that Node.js itself reads when it starts.
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

var issuerName = lazyregexp.Compile(`(?i)(^|_)(ISSUER|WELL_?KNOWN)(_(BASE_)?URL)?$`)

// Issuers returns the identity providers that the environment names: what
// variables such as KEYCLOAK_ISSUER hold, if that is a URL.
func (e *Environment) Issuers() []*proxyenv.Target {
	names := slices.Sorted(maps.Keys(e.process))
	names = append(names, slices.Sorted(maps.Keys(e.files))...)
	var targets []*proxyenv.Target
	for _, name := range names {
		value := strings.TrimSpace(e.Get(name))
		if !issuerName().MatchString(name) || !strings.Contains(value, "://") {
			continue
		}
		target, err := proxyenv.ParseTarget(value)
		same := func(other *proxyenv.Target) bool { return other.String() == target.String() }
		if err == nil && !slices.ContainsFunc(targets, same) {
			targets = append(targets, target)
		}
	}
	return targets
}
