// Package hooks adds install and build hooks to package.json, and removes them again.
// Every install then patches next-auth, and every build checks it. The files keep their
// layout to the byte.
//
// It keeps no record: it recognises its hooks by their text, no matter who wrote them.
package hooks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/printable"
)

// Script is a script that hooks concern. Its texts are printed, so proxies' users and
// passwords are removed from them.
type Script struct {
	Name   string
	Action edit.Action
	Before string // the old text; empty if there is none
	After  string // the new text; empty if the script is removed
	Reason string // why it is kept
}

// File is the package.json of one package of the workspace.
type File struct {
	Path    string // as the user would type it
	Scripts []Script

	pkg           detect.Package
	manifest      *manifest
	before, after []byte
	info          fs.FileInfo // of the file that was read
}

// Changes reports whether the file changes.
func (f *File) Changes() bool {
	return slices.ContainsFunc(f.Scripts, func(s Script) bool { return s.Action != edit.Keep })
}

// Notice is something that the user should know, and what to do about it.
type Notice struct {
	Message string
	Hint    hint.Hint // may be empty
}

// Plan holds all changes. It is complete before anything is written.
type Plan struct {
	Files    []*File // all files with scripts to report
	Warnings []Notice
	Notes    []string // what the hooks do not cover
	Hooked   bool     // a script runs proxypatch already

	root            *File // also if it is not in Files
	builds          []build
	ws              *detect.Workspace
	choice          choice
	apps            []App
	native          string // what patches at installs instead of a hook; may be empty
	existing        bool   // it warns only of hooks that exist
	onlyPostinstall bool   // the script dependencies would run too early
}

// App is a Next.js app of the workspace.
type App struct {
	Dir     string         // its real directory
	Package detect.Package // that it is part of
}

// Options say which hooks Install plans.
type Options struct {
	// Copies selects copies of next-auth: ranges of releases, and paths from the root with
	// slashes. Without any, hooks get the choice of the hook that exists.
	Copies []string
	Apps   []App // all of the workspace

	// Native names what patches all these copies at installs, such as patchedDependencies.
	// Then no install needs a hook. It is empty if none does.
	Native string

	// Existing limits the warnings to hooks that exist. Such a plan only shows what is
	// missing.
	Existing bool
}

// ErrNoManifest says that a project has no package.json.
var ErrNoManifest = errors.New("no package.json")

// Install plans the hooks of a workspace: scripts of the root that patch after each
// install, and a check before each next build. The error wraps ErrNoManifest or is a
// *edit.SyntaxError or a *edit.FileError.
func Install(ws *detect.Workspace, o Options) (*Plan, error) {
	p, err := read(ws, len(afterInstall[ws.Manager]) == 0)
	if err != nil {
		return nil, err
	}
	p.choice, p.apps, p.native, p.existing = newChoice(ws, p.Files[0], o.Copies), o.Apps, o.Native, o.Existing
	return p, p.install()
}

// Patching returns the words after proxypatch in the command that will patch after an
// install; nil if none does.
func (p *Plan) Patching() []string { return p.root.patching() }

// Patches reports whether an install of a workspace runs proxypatch apply.
func Patches(ws *detect.Workspace) bool {
	p, err := read(ws, true)
	return err == nil && p.Files[0].patching() != nil
}

// Uninstall plans to remove what Install adds. It returns the same errors.
func Uninstall(ws *detect.Workspace) (*Plan, error) {
	p, err := read(ws, true)
	if err != nil {
		return nil, err
	}
	p.choice = choice{taken: takeFlags(p.Files[0].patching()), root: ws.Root().Dir}
	p.uninstall()
	return p, nil
}

func (p *Plan) install() error {
	p.root, p.Hooked = p.Files[0], slices.ContainsFunc(p.Files, (*File).mentionsTool)
	if p.native == "" {
		p.patchAfterInstall(p.root)
	} else {
		p.leaveToManager(p.root)
	}
	if err := p.checkBeforeBuilds(); err != nil {
		return err
	}
	if p.existing {
		p.forget()
	} else {
		p.warnAboutFlags(p.root)
	}
	others := p.Warnings
	p.Warnings = nil
	p.warnAboutTool(p.root) // first, because it concerns every other machine
	p.Warnings = append(p.Warnings, others...)
	p.warnAboutPublishing(p.root)
	if p.native != "" {
		p.Notes = append(p.Notes, p.native+" patches next-auth at each install, so init adds no hook there; for hooks instead, run proxypatch export --undo, install, and run proxypatch init")
	} else if p.Changes() > 0 {
		if err := p.noteInstalls(); err != nil {
			return err
		}
	}
	flags, _ := p.choice.flagsFor(p.ws.Root())
	for i, note := range p.Notes {
		p.Notes[i] = strings.ReplaceAll(note, applyCommand, applyCommand+flags)
	}
	p.finish()
	return nil
}

// forget takes the changes out of the manifests. What reads them then finds the scripts that
// exist.
func (p *Plan) forget() {
	for _, f := range p.Files {
		if f.before != nil {
			f.manifest, _ = parseManifest(f.before) // as read has done
		}
	}
}

// noteInstalls says which installs do not patch.
func (p *Plan) noteInstalls() error {
	p.Notes = append(p.Notes, p.uncovered())
	if p.onlyPostinstall {
		p.Notes = append(p.Notes, "npm runs dependencies before patch-package, so init adds no hook there; after npm install PACKAGE, run proxypatch apply yourself")
	}
	return p.noteOutputs()
}

func (p *Plan) uninstall() {
	for i, f := range p.Files {
		for _, name := range f.manifest.scriptNames() {
			p.undo(f, name, i == 0)
		}
	}
	if p.Changes() > 0 {
		p.Notes = append(p.Notes, "next-auth and the dependencies are unchanged; to remove the patch, run proxypatch revert")
	}
	p.finish()
}

// finish makes the new bytes and drops the files without scripts to report.
func (p *Plan) finish() {
	for _, f := range p.Files {
		f.after = f.manifest.pack()
	}
	p.Files = slices.DeleteFunc(p.Files, func(f *File) bool { return len(f.Scripts) == 0 })
}

// Changes returns how many scripts change.
func (p *Plan) Changes() int {
	n := 0
	for _, f := range p.Files {
		for _, s := range f.Scripts {
			if s.Action != edit.Keep {
				n++
			}
		}
	}
	return n
}

// read reads the package.json of every package, the root's first. If optional says so and
// another package has one, the root needs none, as in Deno's workspaces.
func read(ws *detect.Workspace, optional bool) (*Plan, error) {
	p := &Plan{ws: ws}
	var absent error // the root's
	for _, pkg := range ws.Packages {
		if pkg.Linked { // another project's
			continue
		}
		f := &File{Path: ws.Display(filepath.Join(pkg.Dir, manifestName)), pkg: pkg}
		if err := f.read(); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			if !pkg.Is(ws.Root()) {
				continue // another process has removed it
			}
			absent = fmt.Errorf("%w in %s", ErrNoManifest, ws.Display(pkg.Dir))
			f.manifest, _ = parseManifest([]byte("{}")) // nothing is ever added to it
		}
		p.Files = append(p.Files, f)
	}
	if absent != nil && (!optional || len(p.Files) == 1) {
		return nil, absent
	}
	return p, nil
}

func (f *File) read() error {
	root, err := os.OpenRoot(f.pkg.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if f.before, f.info, err = readFile(root, f.Path); err != nil {
		return err
	}
	f.manifest, err = parseManifest(f.before)
	if wrong, ok := errors.AsType[*edit.SyntaxError](err); ok {
		wrong.Path = f.Path
	}
	return err
}

func (p *Plan) warn(message string, advice hint.Hint) {
	p.Warnings = append(p.Warnings, Notice{message, advice})
}

func (f *File) has(name string) bool {
	return slices.ContainsFunc(f.Scripts, func(s Script) bool { return s.Name == name })
}

// mentionsTool reports whether one of its scripts runs proxypatch.
func (f *File) mentionsTool() bool {
	return slices.ContainsFunc(f.manifest.scriptNames(), func(name string) bool {
		text, _ := f.manifest.script(name)
		return strings.Contains(text, tool) && mentions(text)
	})
}

func (f *File) keep(name, reason string) {
	text, _ := f.manifest.script(name)
	f.record(name, edit.Keep, text, text, reason)
}

func (f *File) set(name, text string) {
	before, exists := f.manifest.script(name)
	action := edit.Add
	if exists {
		action = edit.Change
	}
	f.manifest.setScript(name, text)
	f.record(name, action, before, text, "")
}

func (f *File) drop(name string) {
	before, _ := f.manifest.script(name)
	f.manifest.removeScript(name)
	f.record(name, edit.Remove, before, "", "")
}

func (f *File) record(name string, action edit.Action, before, after, reason string) {
	f.Scripts = append(f.Scripts, Script{name, action, printable.WithoutLogins(before), printable.WithoutLogins(after), reason})
}
