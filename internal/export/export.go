// Package export makes the patch of next-auth in the form of a package manager: a patch
// file, and the settings that name it. A plan is complete before anything is written. What
// was exported can be recognised and taken out again; there is no record of it.
package export

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
)

// Options say what New plans.
type Options struct {
	Form      Form
	Copies    []detect.Install // that get the patch
	Installed []detect.Install // all of the workspace
	UserAgent string           // what the package manager calls itself to programs that it runs; may be empty
	Agents    bool             // give next-auth https-proxy-agent where it can't load one
}

// Plan holds all changes to a workspace's root.
type Plan struct {
	Files   []*File // that the plan concerns, settings first
	Entries []Entry // in the settings
	Form    Form    // empty if the plan only takes out

	userAgent string

	ws      *detect.Workspace
	root    *os.Root
	library *patchset.Library
	files   map[string]*File
	docs    map[string]edit.Document
	words   map[string]bool // that the plan writes to settings, or takes out

	isSetUp  bool   // a script runs patch-package, for a directory that is known
	patchDir string // of patch-package's files, from the root
}

// Entry is one value in the settings.
type Entry struct {
	File    string // as the user would type it
	Setting string // such as patchedDependencies
	Key     string
	Value   string
	Action  edit.Action
}

// StrangerError says that somebody else's patch, or a setting, is in the place of ours.
type StrangerError struct {
	Path    string // of the patch or of the settings, as the user would type it
	Patch   string // the patch file, from the root; empty if it is not known
	Missing string // the patch file that the entry names, as the user would type it, if there is none
	Depends bool   // the entry is the dependency itself
	Entry   string // the key of the setting; empty for patch-package
	Title   string // of the package and its release
	Newer   bool   // a newer proxypatch made it
	Mixed   bool   // parts are from proxypatch
	Apart   bool   // it changes none of the files that ours does
	Package string
	Release string
}

func (e *StrangerError) Error() string {
	switch {
	case e.Newer:
		return fmt.Sprintf("%s: a newer proxypatch made this patch of %s", e.Path, e.Title)
	case e.Mixed:
		return fmt.Sprintf("%s: is a patch of %s by proxypatch with other changes", e.Path, e.Title)
	case e.Missing != "":
		return fmt.Sprintf("%s: %q names %s, which is missing", e.Path, printable.WithoutTokens(e.Entry), e.Missing)
	case e.Patch == "":
		return fmt.Sprintf("%s: %q already says where %s comes from", e.Path, printable.WithoutTokens(e.Entry), e.Title)
	}
	return fmt.Sprintf("%s: is a patch of %s that proxypatch did not make", e.Path, e.Title)
}

// UnlistedError says that no embedded diff is for a release.
type UnlistedError struct{ Title string }

func (e *UnlistedError) Error() string {
	return e.Title + " is newer than every release that this proxypatch knows"
}

// target is the patch of one release of a package.
type target struct {
	pkg, release string
	line         *line.Line
	file         string // from the root, with slashes
	content      []byte
	wired        []wire
}

// wire is an entry that names a patch.
type wire struct {
	setting
	key, value string
}

// New plans the patches of some copies. It also takes out what an earlier export has left
// for other releases, or in another form. Close the plan. Errors are typed: *StrangerError,
// *UnlistedError, *FormError, *detect.PatchesError, *patchset.TwiceError, *edit.SyntaxError,
// *edit.FileError or *line.UnsupportedError.
func New(ws *detect.Workspace, library *patchset.Library, o Options) (*Plan, error) {
	p, err := open(ws, library)
	if err != nil {
		return nil, err
	}
	p.Form, p.userAgent = o.Form, o.UserAgent
	if err := p.export(o); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Undo plans to take out all that export wrote. Close the plan.
func Undo(ws *detect.Workspace, library *patchset.Library) (*Plan, error) {
	p, err := open(ws, library)
	if err != nil {
		return nil, err
	}
	if err := p.undo(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func open(ws *detect.Workspace, library *patchset.Library) (*Plan, error) {
	root, err := os.OpenRoot(ws.Root().Dir)
	if err != nil {
		return nil, err
	}
	p := &Plan{ws: ws, root: root, library: library, files: map[string]*File{}, docs: map[string]edit.Document{}, words: map[string]bool{"-": true, "&&": true}}
	if err := p.findSetUp(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close releases the plan.
func (p *Plan) Close() { p.root.Close() }

// Changes counts the files that change.
func (p *Plan) Changes() int {
	n := 0
	for _, f := range p.Files {
		if f.Action() != edit.Keep {
			n++
		}
	}
	return n
}

// IsNew reports whether the plan adds a patch file.
func (p *Plan) IsNew() bool {
	return slices.ContainsFunc(p.Files, func(f *File) bool { return f.Action() == edit.Add && strings.HasSuffix(f.name, ".patch") })
}

// Replaces reports whether the plan changes a file of patch-package, or takes one out.
func (p *Plan) Replaces() bool {
	return slices.ContainsFunc(p.Files, func(f *File) bool {
		return (f.Action() == edit.Change || f.Action() == edit.Remove) && detect.PatchedBy(path.Base(f.name)) != ""
	})
}

// Diff returns all changes in git's form. Of settings it shows what the plan writes or takes
// out; every other word is "…", because it may be a part of a secret.
func (p *Plan) Diff() string {
	var out strings.Builder
	for _, f := range p.Files {
		if f.Action() == edit.Keep {
			continue
		}
		diff := string(patchset.Format(f.name, f.Before, f.After, 0o644))
		if _, isSetting := p.docs[f.name]; isSetting {
			diff = p.masked(diff)
		}
		out.WriteString(diff)
	}
	return out.String()
}

// word matches a part of settings without spaces and punctuation.
var word = lazyregexp.Compile(`[^\s"'{}\[\]:,#]+`)

// masked returns a diff with "…" for the words that the plan does not write or take out.
func (p *Plan) masked(diff string) string {
	var out strings.Builder
	inHunks := false
	for text := range strings.Lines(diff) {
		inHunks = inHunks || strings.HasPrefix(text, "@@ ")
		if !inHunks || text[0] == '@' || text[0] == '\\' {
			out.WriteString(text)
			continue
		}
		out.WriteString(text[:1] + word().ReplaceAllStringFunc(text[1:], func(w string) string {
			if p.words[w] {
				return w
			}
			return "…"
		}))
	}
	return out.String()
}

// show makes Diff show the words of an entry. Only the end of a script is ours.
func (p *Plan) show(s setting, key, value string) {
	if s.path[0] == "scripts" {
		value = postinstall + " " + lonePostinstall
	}
	for _, text := range append(slices.Clone(s.path), key, value) {
		for _, w := range word().FindAllString(text, -1) {
			p.words[w] = true
		}
	}
}

func (p *Plan) export(o Options) error {
	found, err := p.find()
	if err != nil {
		return err
	}
	targets, err := p.targets(o, found)
	if err != nil {
		return err
	}
	for i := range found {
		f := &found[i]
		at := slices.IndexFunc(targets, func(t *target) bool { return f.concerns(t.pkg, t.release, t.file) })
		switch {
		case f.pins() && o.Form != Yarn: // these tools patch any release that is chosen so
		case !f.ours() && at >= 0:
			return p.stranger(f, targets[at])
		case !f.ours():
		case slices.ContainsFunc(targets, func(t *target) bool { return t.names(f) }):
			f.kept = true
		default:
			f.kept = at < 0 && slices.ContainsFunc(o.Installed, func(c detect.Install) bool {
				return f.concerns(c.Package(), c.Version(), p.packageFile(&c))
			})
		}
	}
	if err := p.takeOut(found); err != nil {
		return err
	}
	for _, t := range targets {
		if err := p.put(t); err != nil {
			return err
		}
	}
	if o.Agents {
		if err := p.provideAgents(o, targets); err != nil {
			return err
		}
	}
	if o.Form == PatchPackage {
		err = p.setUp()
	} else {
		err = p.tearDown(found)
	}
	if err != nil {
		return err
	}
	return p.finish()
}

func (p *Plan) undo() error {
	found, err := p.find()
	if err != nil {
		return err
	}
	if err := p.takeOut(found); err != nil {
		return err
	}
	if err := p.takeAgents(found); err != nil {
		return err
	}
	if err := p.tearDown(found); err != nil {
		return err
	}
	return p.finish()
}

// takeOut takes out what is ours and not kept.
func (p *Plan) takeOut(found []entry) error {
	for i := range found {
		f := &found[i]
		if !f.ours() || f.kept {
			continue
		}
		if f.key != "" {
			if err := p.removeEntry(f.setting, f.key, f.value); err != nil {
				return err
			}
		}
		used := slices.ContainsFunc(found, func(other entry) bool { return other.file == f.file && (other.kept || !other.ours()) })
		if f.exists && !used {
			p.files[f.file].After = nil
		}
	}
	return nil
}

// put writes a patch file and the entries that name it.
func (p *Plan) put(t *target) error {
	file, err := p.open(t.file)
	if err != nil {
		return err
	}
	if file.Before != nil && file.After != nil { // nothing names it, or an entry of ours does
		origin, err := p.originOf(t.pkg, t.release, file.Before)
		if err != nil {
			return err
		}
		if !origin.Ours() {
			return p.strangerFile(t, origin, file)
		}
	}
	file.After = t.content
	for _, w := range t.wired {
		if err := p.setEntry(w.setting, w.key, w.value); err != nil {
			return err
		}
	}
	return nil
}

// targets returns the patches for the chosen copies.
func (p *Plan) targets(o Options, found []entry) ([]*target, error) {
	var all []*target
	for i := range o.Copies {
		c := &o.Copies[i]
		of, err := c.ReleaseLine()
		if err != nil {
			return nil, err
		}
		t := &target{pkg: c.Package(), release: c.Version(), line: of}
		if o.Form == PatchPackage {
			if t.file = p.packageFile(c); t.file == "" {
				return nil, &FormError{o.Form, fmt.Sprintf("%s: patch-package can patch only what is below the root's node_modules", c.Path), inPlace}
			}
		} else if err := p.wire(o.Form, t, c, found); err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(all, func(other *target) bool { return other.file == t.file }); at >= 0 {
			all[at].join(t)
			continue
		}
		if t.content, err = p.content(t, o.Form); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// content returns the patch, from the embedded diffs alone.
func (p *Plan) content(t *target, form Form) ([]byte, error) {
	selection, err := p.library.For(t.line, t.release)
	if err != nil {
		return nil, err
	}
	if selection.Newer {
		return nil, &UnlistedError{t.title()}
	}
	under := ""
	if form == PatchPackage {
		under = detect.PatchedBy(path.Base(t.file))
	}
	return selection.Write(t.line, under)
}

// join adds the entries of another copy of the same release.
func (t *target) join(other *target) {
	for _, w := range other.wired {
		if !slices.ContainsFunc(t.wired, func(known wire) bool { return known.key == w.key }) {
			t.wired = append(t.wired, w)
		}
	}
}

func (t *target) title() string { return t.pkg + " " + t.release }

// names reports whether the target needs an entry that is there.
func (t *target) names(f *entry) bool {
	if f.key == "" {
		return f.file == t.file
	}
	return slices.ContainsFunc(t.wired, func(w wire) bool {
		return w.is(f.setting) && w.key == f.key && w.value == f.value
	})
}

// stranger makes the error for an entry that is not ours.
func (p *Plan) stranger(f *entry, t *target) error {
	shown := p.display(f.file)
	if printable.IsURL(f.file) {
		shown = "a URL"
	}
	e := &StrangerError{Path: shown, Patch: f.file, Entry: f.key, Title: t.title(), Package: t.pkg, Release: t.release}
	if f.file == "" || !f.exists {
		e.Path, e.Patch = p.display(f.setting.file), ""
	}
	if f.file != "" && !f.exists {
		e.Missing, e.Depends = shown, f.fixed
	}
	e.Newer, e.Mixed, e.Apart = f.origin == foreign.Newer, f.origin == foreign.Mixed, f.apart(t)
	return e
}

func (p *Plan) strangerFile(t *target, origin foreign.Origin, file *File) error {
	f := &entry{file: t.file, exists: true, origin: origin, paths: foreign.Parse(t.file, file.Before).Paths()}
	return p.stranger(f, t)
}

// apart reports whether a patch changes none of the files that a target's does.
func (f *entry) apart(t *target) bool {
	return len(f.paths) > 0 && !slices.ContainsFunc(foreign.Parse(t.file, t.content).Paths(), func(name string) bool {
		return slices.Contains(f.paths, name)
	})
}

// originOf says who made a patch of a package.
func (p *Plan) originOf(pkg, release string, data []byte) (foreign.Origin, error) {
	best := foreign.Stranger
	for _, of := range line.All {
		if of.Package != pkg {
			continue
		}
		at := release
		if _, err := semver.StrictNewVersion(release); err != nil {
			at = of.Last
		}
		origin, err := foreign.Parse("", data).Origin(p.library, of, at)
		if err != nil {
			return best, err
		}
		best = max(best, origin)
	}
	return best, nil
}
