// Package line describes the release lines of next-auth that proxypatch patches: which
// releases belong to a line, which package holds its files, and where the helper goes. No
// other code knows a release line by its number.
package line

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// NextAuth is the name of the package that projects depend on.
const NextAuth = "next-auth"

// Form is the kind of module that the files of a line are.
type Form string

// The forms.
const (
	CommonJS Form = "commonjs"
	Module   Form = "module"
)

// Line is one release line of next-auth.
type Line struct {
	Name        string // as people call it
	First, Last string // its first release, and the last one that proxypatch knows
	Prereleases bool   // whether prereleases after First belong to it
	// Renumbered are releases of the line that have a number of another line, with the
	// release whose patched files they have.
	Renumbered map[string]string
	Range      string // selects its releases with --copy
	Spec       string // names it to package managers

	Package string // the package that holds the files that make requests
	Folder  string // of that package's diffs, below patches/; empty for next-auth
	Mark    string // a file of next-auth that every app loads, and that few other packages have
	Extend  string // the package, as settings of package managers name it

	Helper string // the helper's path in that package, with slashes
	Form   Form   // of the files, and so of the helper
	Prefix string // of the variables that this next-auth itself reads
	Node   int    // the first major release of Node.js that runs the patched files
	// Patience is how long a request waits for an answer if no setting says it.
	Patience time.Duration
	Calls    Calls // that verify makes

	// Clean has the git blob ids of released contents that make no request themselves, of
	// files that do so in other releases.
	Clean map[string][]string
}

// All lists the lines. The first one is what hints suggest where no next-auth is
// installed.
var All = []*Line{
	{
		Name: "next-auth 4", First: "4.0.1", Last: "4.24.15",
		Range: "4.x", Spec: "next-auth@4",
		Package: NextAuth, Mark: "core/lib/oauth/client.js", Extend: "next-auth@4",
		Helper: "core/lib/proxy.js", Form: CommonJS, Prefix: "NEXTAUTH_", Node: 18, Patience: 3500 * time.Millisecond, Calls: nextAuthCalls,
	},
	{
		Name: "next-auth 5", First: "5.0.0-beta.23", Last: "5.0.0-beta.32", Prereleases: true,
		Range: "5.x", Spec: "next-auth@beta",
		Package: "@auth/core", Folder: "packages/@auth/core", Mark: "lib/actions.js", Extend: "@auth/core",
		Helper: "lib/proxy.js", Form: Module, Prefix: "AUTH_", Node: 18, Patience: 30 * time.Second, Calls: authCoreCalls,
		Clean: map[string][]string{"providers/apple.js": {"20e9ab605773aeeaf9a4df8f92f0173748b1938d"}}, // 0.37.1
	},
	{
		Name: "next-auth 3", First: "3.0.0", Last: "3.29.10", Renumbered: map[string]string{"4.0.0": "3.4.1"},
		Range: "3.x", Spec: "next-auth@3",
		Package: NextAuth, Mark: oauthClient, Extend: "next-auth@3",
		Helper: "dist/server/lib/proxy.js", Form: CommonJS, Prefix: "NEXTAUTH_", Node: 16, Patience: 10 * time.Second, Calls: nextAuth3Calls,
	},
}

// Of returns the line of a release of next-auth, or an *UnsupportedError.
func Of(release string) (*Line, error) {
	what := NextAuth + " " + release
	v, err := semver.StrictNewVersion(release)
	if err != nil {
		return nil, &UnsupportedError{what, "its package.json has no valid version", hint.Text("reinstall next-auth")}
	}
	for _, l := range All {
		if l.has(v) {
			return l, nil
		}
	}
	reason, advice := refusal(v)
	return nil, &UnsupportedError{what, reason, advice}
}

// has reports whether a release belongs to the line.
func (l *Line) has(v *semver.Version) bool {
	return l.Renumbered[v.String()] != "" || v.Major() == l.major() && !v.LessThan(semver.MustParse(l.First)) && (l.Prereleases || v.Prerelease() == "")
}

func (l *Line) major() uint64 { return semver.MustParse(l.First).Major() }

// Number returns the number by which a release of the line's package takes its diffs.
func (l *Line) Number(release string) string { return cmp.Or(l.Renumbered[release], release) }

// RangeOf returns a range for --copy that selects a release of the line, and others if they
// have numbers of the line.
func (l *Line) RangeOf(release string) string {
	if l.Renumbered[release] != "" {
		return release
	}
	return l.Range
}

// ExtendOf returns the package of a release, as settings of package managers name it.
func (l *Line) ExtendOf(release string) string {
	if l.Renumbered[release] != "" {
		return l.Package + "@" + release
	}
	return l.Extend
}

// Variables returns the environment variables for the helper alone that end with a name
// such as "PROXY", most important first. Those of the first line count on every line.
func (l *Line) Variables(name string) []string {
	names := []string{All[0].Prefix + name}
	if l.Prefix != All[0].Prefix {
		names = append(names, l.Prefix+name)
	}
	return names
}

// Source returns the helper's file below patches/.
func (l *Line) Source() string {
	if l.Form == Module {
		return "helper/proxy.mjs"
	}
	return "helper/proxy.js"
}

// Holds reports whether a release of the line's package has the line's files. A package
// may hold the files of several lines.
func (l *Line) Holds(release string) bool {
	if l.Package != NextAuth {
		return true
	}
	of, err := Of(release)
	return err == nil && of == l
}

// PackageOf returns the package that a diff is for, by the folder that its name begins
// with. Others are for next-auth.
func PackageOf(name string) string {
	for _, in := range Packages() {
		if strings.HasPrefix(name, in+"/") || strings.HasPrefix(name, "packages/"+in+"/") {
			return in
		}
	}
	return NextAuth
}

// Packages lists the packages that hold files of any line, without repetition.
func Packages() []string {
	names := []string{NextAuth}
	for _, l := range All {
		if !slices.Contains(names, l.Package) {
			names = append(names, l.Package)
		}
	}
	return names
}
