package export

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/printable"
)

// Form is a tool that applies patches at installs.
type Form string

// The forms.
const (
	PNPM         Form = "pnpm"
	NPM          Form = "npm"  // 12 and newer
	Yarn         Form = "yarn" // 2 and newer
	Bun          Form = "bun"
	PatchPackage Form = "patch-package"
)

// Forms lists all forms.
var Forms = []string{string(PNPM), string(NPM), string(Yarn), string(Bun), string(PatchPackage)}

// FormError says why a form does not work for a project.
type FormError struct {
	Form   Form
	Reason string
	Hint   hint.Hint
}

func (e *FormError) Error() string { return e.Reason }

// setting is an object in a file of settings.
type setting struct {
	file string
	path []string
}

func (s setting) is(other setting) bool {
	return s.file == other.file && slices.Equal(s.path, other.path)
}

const (
	pnpmSettings = "pnpm-workspace.yaml"
	yarnSettings = ".yarnrc.yml"
	fieldOfPNPM  = "pnpm" // in package.json
)

// The settings that name patches.
var (
	inPNPM        = setting{pnpmSettings, []string{"patchedDependencies"}}
	inPNPMField   = setting{manifestName, []string{fieldOfPNPM, "patchedDependencies"}} // up to pnpm 10
	inManifest    = setting{manifestName, []string{"patchedDependencies"}}
	inResolutions = setting{manifestName, []string{"resolutions"}}
)

// entry is a patch that is there.
type entry struct {
	setting
	key, value string // empty for patch-package
	pkg        string
	releases   string // empty for all
	file       string // from the root, with slashes; empty if the entry names none
	exists     bool   // the file does
	paths      []string
	origin     foreign.Origin
	kept       bool
	fixed      bool // it is a dependency, which export never writes
	lone       bool // nothing names the file, as after a killed run
}

// ours reports whether export wrote the entry. If the patch file is missing, its name
// decides.
func (f *entry) ours() bool {
	if f.fixed {
		return false
	}
	if f.file != "" && !f.exists {
		return f.file == patchFile(f.pkg, f.releases) || f.file == yarnFile(f.pkg, f.releases)
	}
	return f.origin.Ours()
}

// pins reports whether the entry chooses a release of a package, without a patch.
func (f *entry) pins() bool { return f.is(inResolutions) && f.file == "" }

// concerns reports whether an entry is for a release of a package. For patch-package, file
// is the name that its patch would have.
func (f *entry) concerns(pkg, release, file string) bool {
	if f.lone {
		return f.file == file
	}
	if f.key == "" {
		return file != "" && path.Dir(f.file) == path.Dir(file) && detect.PatchedBy(path.Base(f.file)) == detect.PatchedBy(path.Base(file))
	}
	return f.pkg == pkg && detect.Covers(f.releases, release)
}

func patchFile(pkg, release string) string {
	return "patches/" + strings.ReplaceAll(pkg, "/", "__") + "@" + release + ".patch"
}

func yarnFile(pkg, release string) string {
	return ".yarn/patches/" + strings.ReplaceAll(pkg, "/", "-") + "-npm-" + release + ".patch"
}

// ofDependency matches how a key of resolutions begins if it applies to the dependency of
// one package: kit@1.0.0/next-auth.
var ofDependency = lazyregexp.Compile(`^(?:@[^/@]+/)?[^/@]+(?:@[^/]+)?/`)

// find returns all patches of next-auth's packages that settings name, and those of
// patch-package.
func (p *Plan) find() ([]entry, error) {
	var all []entry
	for _, s := range []setting{inPNPM, inPNPMField, inManifest, inResolutions} {
		doc, keys, err := p.keys(s)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			value, _ := doc.Text(slices.Concat(s.path, []string{key})...)
			f := entry{setting: s, key: key, value: value, file: path.Clean(filepath.ToSlash(value))}
			f.pkg, f.releases = detect.SplitSpec(key)
			if s.is(inResolutions) {
				f.file, f.releases = "", ""
				if inside := ofDependency().FindString(key); inside != "" {
					f.pkg, _ = detect.SplitSpec(strings.TrimPrefix(key, inside))
					f.releases = strings.TrimPrefix(value, "npm:")
				}
				if pkg, release, file, isPatch := detect.YarnPatch(value); isPatch {
					f.pkg, f.releases, f.file = pkg, release, file
				}
			}
			if pkg, release := exportedAs(f.file); pkg != "" { // the key may be an alias
				f.pkg, f.releases = pkg, release
			}
			if slices.Contains(line.Packages(), f.pkg) {
				all = append(all, f)
			}
		}
	}
	all = append(all, p.findDependencies()...)
	kept, err := p.findKept()
	if err != nil {
		return nil, err
	}
	all = append(all, kept...)
	lone, err := p.findLone(all)
	if err != nil {
		return nil, err
	}
	all = append(all, lone...)
	if len(all) > detect.MaxPatches {
		return nil, &detect.PatchesError{Path: p.display(".")}
	}
	for i := range all {
		if err := p.judge(&all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// patchDirs are the directories of the patch files that export makes, except those of
// patch-package.
var patchDirs = []string{"patches", ".yarn/patches"}

// findLone returns the patch files with names of export's that no entry names.
func (p *Plan) findLone(named []entry) ([]entry, error) {
	var all []entry
	for _, dir := range patchDirs {
		names, err := p.namesIn(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			file := path.Join(dir, name)
			pkg, release := exportedAs(file)
			if pkg != "" && !slices.ContainsFunc(named, func(f entry) bool { return f.file == file }) {
				all = append(all, entry{pkg: pkg, releases: release, file: file, lone: true})
			}
		}
	}
	return all, nil
}

// maxEntries limits the entries of a setting: each is looked up among all.
const maxEntries = 1000

// keys returns the names in a setting, and its document.
func (p *Plan) keys(in setting) (edit.Document, []string, error) {
	doc, err := p.document(in.file)
	if err != nil {
		return nil, nil, err
	}
	keys := doc.Keys(in.path...)
	if n := len(keys); n > maxEntries {
		return nil, nil, &edit.FileError{Path: p.display(in.file), Err: fmt.Errorf("has %d entries in %s; the limit is %d", n, strings.Join(in.path, "."), maxEntries)}
	}
	return doc, keys, nil
}

// findDependencies returns the patches that packages of a yarn workspace depend on, as yarn
// patch-commit writes them.
func (p *Plan) findDependencies() []entry {
	var all []entry
	for _, pkg := range p.ws.Packages {
		rel, err := filepath.Rel(p.root.Name(), pkg.Dir)
		if err != nil || pkg.Linked {
			continue
		}
		in := setting{path.Join(filepath.ToSlash(rel), manifestName), []string{"dependencies"}}
		for _, name := range slices.Sorted(maps.Keys(pkg.Dependencies)) {
			of, release, file, isPatch := detect.YarnPatch(pkg.Dependencies[name])
			if isPatch && slices.Contains(line.Packages(), of) {
				all = append(all, entry{setting: in, key: name, pkg: of, releases: release, file: file, fixed: true})
			}
		}
	}
	return all
}

// exportedAs returns the package and the release that export's name of a patch file has;
// empty if the file has another name.
func exportedAs(file string) (pkg, release string) {
	for _, pkg := range line.Packages() {
		for _, name := range []string{patchFile(pkg, "*"), yarnFile(pkg, "*")} {
			before, after, _ := strings.Cut(name, "*")
			release, ok := strings.CutPrefix(file, before)
			if release, isPatch := strings.CutSuffix(release, after); ok && isPatch {
				return pkg, release
			}
		}
	}
	return "", ""
}

// judge reads the patch file of an entry. A file outside of the project is somebody else's.
func (p *Plan) judge(f *entry) error {
	if printable.IsURL(f.file) { // no package manager reads a patch there
		return nil
	}
	if f.file == "" || !filepath.IsLocal(filepath.FromSlash(f.file)) {
		f.exists = true
		return nil
	}
	file, err := p.open(f.file)
	if err != nil {
		return err
	}
	if f.exists = file.Before != nil; !f.exists {
		return nil
	}
	f.paths = foreign.Parse(f.file, file.Before).Paths()
	f.origin, err = p.originOf(f.pkg, f.releases, file.Before)
	return err
}

// wire sets the file of a target, and the entries that name it.
func (p *Plan) wire(form Form, t *target, c *detect.Install, found []entry) error {
	switch form {
	case Yarn:
		return p.wireYarn(t, found)
	case PNPM:
		in, err := p.pnpmSetting("patchedDependencies")
		if err != nil {
			return err
		}
		t.wireTo(in, t.pkg)
	case NPM: // it goes by the name of the directory
		t.wireTo(inManifest, directoryName(c.Dir))
	default:
		t.wireTo(inManifest, t.pkg)
	}
	return nil
}

func (t *target) wireTo(in setting, name string) {
	t.file = patchFile(t.pkg, t.release)
	t.wired = []wire{{in, name + "@" + t.release, t.file}}
}

// directoryName returns the name under which a package is installed.
func directoryName(dir string) string {
	parts := strings.Split(filepath.ToSlash(dir), "/node_modules/")
	return parts[len(parts)-1]
}

// pnpmSetting returns where a setting of pnpm belongs. pnpm 10 reads both files, and a
// setting in package.json hides the same one in the other. Newer releases read only their own.
func (p *Plan) pnpmSetting(name string) (setting, error) {
	manifest, err := p.document(manifestName)
	if err != nil {
		return setting{}, err
	}
	own, err := p.document(pnpmSettings)
	if err != nil {
		return setting{}, err
	}
	alone := !slices.ContainsFunc(own.Keys(), func(key string) bool { return key != "packages" })
	inField := manifest.Has(fieldOfPNPM, name) || manifest.Has(fieldOfPNPM) && alone
	switch major := majorOf(releaseOf(p.ws, p.userAgent)); {
	case major == 0 && p.oldLock(), major > 0 && major < 10, major == 10 && inField:
		return setting{manifestName, []string{fieldOfPNPM, name}}, nil
	}
	return setting{pnpmSettings, []string{name}}, nil
}

// setEntry writes a value into the settings.
func (p *Plan) setEntry(s setting, key, value string) error {
	doc, err := p.document(s.file)
	if err != nil {
		return err
	}
	at := slices.Concat(s.path, []string{key})
	p.show(s, key, value)
	e := Entry{File: p.display(s.file), Setting: strings.Join(s.path, "."), Key: key, Value: value, Action: edit.Add}
	switch before, isText := doc.Text(at...); {
	case isText && before == value:
		e.Action = edit.Keep
	default:
		if doc.Has(at...) {
			e.Action = edit.Change
		}
		if err := doc.Set(value, at...); err != nil {
			return p.byHand(s, err, key, value)
		}
	}
	p.Entries = append(p.Entries, e)
	return nil
}

// removeEntry takes a value out of the settings.
func (p *Plan) removeEntry(s setting, key, value string) error {
	doc, err := p.document(s.file)
	if err != nil {
		return err
	}
	p.show(s, key, value)
	if err := doc.Unset(slices.Concat(s.path, []string{key})...); err != nil {
		return p.byHand(s, err, key, "")
	}
	p.Entries = append(p.Entries, Entry{p.display(s.file), strings.Join(s.path, "."), key, value, edit.Remove})
	return nil
}

// ByHandError says which change a file does not allow, because of its form.
type ByHandError struct {
	Err   error  // a *edit.SyntaxError
	Entry string // what to add; empty if it is to be removed
	Key   string
}

func (e *ByHandError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ByHandError) Unwrap() error { return e.Err }

func (p *Plan) byHand(s setting, err error, key, value string) error {
	if _, ok := errors.AsType[*edit.SyntaxError](err); !ok {
		return err
	}
	e := &ByHandError{Err: p.in(s.file, err), Key: strings.Join(slices.Concat(s.path, []string{key}), " → ")}
	if value != "" {
		e.Entry = written(s, key, value)
	}
	return e
}

// written returns an entry as a person would write it.
func written(s setting, key, value string) string {
	inner := fmt.Sprintf("%q: %q", key, value)
	for _, name := range slices.Backward(s.path) {
		inner = fmt.Sprintf("%q: {%s}", name, inner)
	}
	if s.file != manifestName { // names need no quotes there
		inner = strings.Replace(inner, `"`+s.path[0]+`"`, s.path[0], 1)
	}
	return inner
}

// agentRange is the https-proxy-agent that next-auth gets. It means the same as the range
// that hints name, and nobody else writes it so: undo recognises it.
const agentRange = "7.x"

const agentName = "https-proxy-agent"

// provideAgents makes https-proxy-agent a dependency of the copies that can't load one.
func (p *Plan) provideAgents(o Options, targets []*target) error {
	for i := range o.Copies {
		c := &o.Copies[i]
		if c.Agent.Dir != "" {
			continue
		}
		in, keys, err := p.extensions(o.Form, c, targets)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := p.provideAgent(in, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Plan) provideAgent(in setting, key string) error {
	name, _ := detect.SplitSpec(key)
	if given, err := p.isGiven(in, name); given || err != nil {
		return err
	}
	return p.setEntry(setting{in.file, slices.Concat(in.path, []string{key, "dependencies"})}, agentName, agentRange)
}

// extensions returns the setting that adds dependencies to packages, and the keys there for
// the package of a copy. yarn goes by the name that packages use, which may be an alias.
// There are no keys if the tool has no such setting.
func (p *Plan) extensions(form Form, c *detect.Install, targets []*target) (in setting, keys []string, err error) {
	switch form {
	case PNPM:
		if in, err = p.pnpmSetting("packageExtensions"); err != nil {
			return in, nil, err
		}
		of, err := c.ReleaseLine()
		if err != nil {
			return in, nil, err
		}
		return in, []string{of.ExtendOf(c.Release)}, nil
	case Yarn:
		keys = []string{c.Package() + "@*"}
		for _, t := range targets {
			for _, w := range t.wired {
				if name, _ := detect.SplitSpec(w.key); t.pkg == c.Package() && t.release == c.Version() && !slices.Contains(keys, name+"@*") {
					keys = append(keys, name+"@*")
				}
			}
		}
		return setting{yarnSettings, []string{"packageExtensions"}}, keys, nil
	}
	return setting{}, nil, nil
}

// GivesAgent reports whether the settings give a copy its https-proxy-agent.
func (p *Plan) GivesAgent(c *detect.Install) bool {
	in, keys, err := p.extensions(p.Form, c, nil)
	if err != nil || len(keys) == 0 {
		return false
	}
	given, err := p.isGiven(in, c.Package())
	return given && err == nil
}

// isGiven reports whether a setting already gives a package its https-proxy-agent.
func (p *Plan) isGiven(in setting, pkg string) (bool, error) {
	doc, keys, err := p.keys(in)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(keys, func(key string) bool {
		name, _ := detect.SplitSpec(key)
		return name == pkg && doc.Has(slices.Concat(in.path, []string{key, "dependencies", agentName})...)
	}), nil
}

// isExtension reports whether provideAgents writes this key for one of some names.
func isExtension(in setting, key string, names []string) bool {
	name, releases := detect.SplitSpec(key)
	if in.file == yarnSettings {
		return releases == "*" && slices.Contains(names, name)
	}
	return slices.ContainsFunc(line.All, func(of *line.Line) bool { return of.ExtendOf(releases) == key })
}

// takeAgents takes out what provideAgents wrote: for the packages with files of next-auth,
// and for the names by which entries patch them. Without a patch of ours, a person wrote it.
func (p *Plan) takeAgents(found []entry) error {
	exported := slices.ContainsFunc(found, func(f entry) bool { return f.ours() })
	names := line.Packages()
	for _, f := range found {
		name, _ := detect.SplitSpec(f.key)
		names = append(names, name)
	}
	extensions := []setting{
		{pnpmSettings, []string{"packageExtensions"}},
		{manifestName, []string{fieldOfPNPM, "packageExtensions"}},
		{yarnSettings, []string{"packageExtensions"}},
	}
	for _, in := range extensions {
		doc, keys, err := p.keys(in)
		if err != nil {
			return err
		}
		for _, key := range keys {
			at := setting{in.file, slices.Concat(in.path, []string{key, "dependencies"})}
			value, _ := doc.Text(slices.Concat(at.path, []string{agentName})...)
			if !exported || value != agentRange || !isExtension(in, key, names) {
				continue
			}
			if err := p.removeEntry(at, agentName, value); err != nil {
				return err
			}
		}
	}
	return nil
}
