// Package hooks writes into a project's package.json files what makes every
// install patch next-auth and every build check that it is patched, and takes
// it out again. The files keep their layout to the byte.
//
// Nothing is recorded anywhere: what init wrote is known by its words, so hooks
// that somebody wrote in the same words are as good as init's.
package hooks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/detect"
)

// Action is what is done to a script.
type Action string

// The actions.
const (
	Keep   Action = "keep"
	Add    Action = "add"
	Change Action = "change"
	Remove Action = "remove"
)

// Script is a script that has to do with the hooks.
type Script struct {
	Name   string
	Action Action
	Before string // its text; empty if there is none
	After  string // the text it gets; empty if it is removed
	Reason string // why it is kept
}

// File is the package.json of one package of the workspace.
type File struct {
	Path    string // as a person would write it
	Scripts []Script

	pkg           *detect.Package
	manifest      *manifest
	before, after []byte
	info          fs.FileInfo // of the file that was read
	builds        bool        // one of its scripts runs proxypatch and then next build
}

// Changes reports whether the file gets other bytes.
func (f *File) Changes() bool {
	return slices.ContainsFunc(f.Scripts, func(s Script) bool { return s.Action != Keep })
}

// Notice is something a person should know, and what to do about it.
type Notice struct {
	Message string
	Hint    string // may be empty
}

// Plan is what is to be written, complete before anything is.
type Plan struct {
	Files    []*File // those in which there is anything to say
	Warnings []Notice
	Notes    []string // what the hooks do not cover

	ws *detect.Workspace
}

// ErrNoManifest says that a project has no package.json to put hooks into.
var ErrNoManifest = errors.New("no package.json")

// Install plans the hooks of a workspace: patching after each install, from the
// scripts of its root, and the check in front of each next build. The error
// wraps ErrNoManifest, is a *SyntaxError, or says which file can't be read.
func Install(ws *detect.Workspace) (*Plan, error) {
	p, err := read(ws)
	if err != nil {
		return nil, err
	}
	p.install()
	return p, nil
}

// Uninstall plans to take out what Install puts in. Errors are the same.
func Uninstall(ws *detect.Workspace) (*Plan, error) {
	p, err := read(ws)
	if err != nil {
		return nil, err
	}
	p.uninstall()
	return p, nil
}

func (p *Plan) install() {
	p.patchAfterInstall(p.Files[0])
	p.checkBeforeBuilds()
	p.warnAboutTool(p.Files[0])
	if p.Changes() > 0 {
		p.Notes = append(p.Notes, uncovered(p.ws.Manager))
	}
	p.finish()
}

func (p *Plan) uninstall() {
	for i, f := range p.Files {
		for _, name := range f.manifest.scriptNames() {
			p.undo(f, name, i == 0)
		}
	}
	if p.Changes() > 0 {
		p.Notes = append(p.Notes, "next-auth stays as it is (proxypatch revert takes the patch off), and so do the dependencies")
	}
	p.finish()
}

// finish makes the new bytes and leaves out the files that are none of ours.
func (p *Plan) finish() {
	for _, f := range p.Files {
		f.after = f.manifest.pack()
	}
	p.Files = slices.DeleteFunc(p.Files, func(f *File) bool { return len(f.Scripts) == 0 })
}

// Changes returns how many scripts get another text.
func (p *Plan) Changes() int {
	n := 0
	for _, f := range p.Files {
		for _, s := range f.Scripts {
			if s.Action != Keep {
				n++
			}
		}
	}
	return n
}

// read reads the package.json of every package, the root's first.
func read(ws *detect.Workspace) (*Plan, error) {
	p := &Plan{ws: ws}
	for i := range ws.Packages {
		pkg := &ws.Packages[i]
		f := &File{Path: ws.Display(filepath.Join(pkg.Dir, manifestName)), pkg: pkg}
		if err := f.read(); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%w in %s", ErrNoManifest, ws.Display(pkg.Dir))
			}
			return nil, err
		}
		p.Files = append(p.Files, f)
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
	if wrong := (*SyntaxError)(nil); errors.As(err, &wrong) {
		wrong.Path = f.Path
	}
	return err
}

// patchAfterInstall puts the patching into the scripts that the package manager
// runs for the root after an install. npm runs postinstall when it installs all
// of a project, and dependencies whenever it has changed node_modules, as
// "npm install PACKAGE" does.
func (p *Plan) patchAfterInstall(root *File) {
	names := []string{"postinstall"}
	if p.ws.Manager == detect.NPM {
		names = append(names, "dependencies")
	}
	for _, name := range names {
		before, exists := root.manifest.script(name)
		if mentions(before) {
			root.keep(name, "runs proxypatch already")
			if all, err := commands(before); err == nil && !slices.ContainsFunc(all, command.isApply) {
				p.warn(fmt.Sprintf("%s: %s runs proxypatch, but not to patch", root.Path, name), "let it run "+applyCommand)
			}
			continue
		}
		after := applyCommand
		if exists {
			after = join(before)
		}
		if !startsWith(after, applyCommand) && !endsWith(after, applyCommand) {
			root.keep(name, "can't be read")
			p.warn(fmt.Sprintf("%s: %s can't be read as sh would, so nothing was put into it", root.Path, name), "let it end in: && "+applyCommand)
			continue
		}
		root.set(name, after)
	}
}

// mentions reports whether a script runs proxypatch, or names it and can't be
// read.
func mentions(script string) bool {
	all, err := commands(script)
	if err != nil {
		return strings.Contains(script, "proxypatch")
	}
	return slices.ContainsFunc(all, command.isProxypatch)
}

// checkBeforeBuilds guards every script that builds a Next.js app which may
// load next-auth.
func (p *Plan) checkBeforeBuilds() {
	builds, uses := 0, users(p.ws)
	for _, f := range p.Files {
		for _, name := range f.manifest.scriptNames() {
			if f.has(name) || !p.isBuild(f, name) {
				continue
			}
			if !uses[f.pkg] {
				f.keep(name, "does not depend on next-auth")
				continue
			}
			builds++
			f.builds = true
			p.guard(f, name)
		}
	}
	if builds == 0 {
		p.warn("no script runs next build, so no build checks that next-auth is patched", "put "+checkCommand+" in front of what builds the app: "+checkCommand+" && …")
	}
}

// isBuild reports whether a script runs next build.
func (p *Plan) isBuild(f *File, name string) bool {
	text, _ := f.manifest.script(name)
	all, err := commands(text)
	if err != nil && strings.Contains(text, "next") && strings.Contains(text, "build") {
		p.warn(fmt.Sprintf("%s: %s can't be read as sh would, so nothing was put into it", f.Path, name), "if it runs next build, put in front of it: "+checkCommand+" &&")
	}
	return slices.ContainsFunc(all, command.isNextBuild)
}

// guard puts the check in front of one script, unless there is something of the
// kind.
func (p *Plan) guard(f *File, name string) {
	text, _ := f.manifest.script(name)
	before, exists := f.manifest.script("pre" + name)
	pre, _ := commands(before)
	checks := exists && slices.ContainsFunc(pre, func(c command) bool { return c.isCheck() || c.isApply() })
	switch {
	case isAhead(text):
		f.keep(name, "runs proxypatch already")
		return
	case checks && p.runsPreScripts():
		f.keep(name, "pre"+name+" runs proxypatch already")
		return
	case checks:
		p.warn(fmt.Sprintf("%s: %s does not run pre%s before %s, so the check goes into %s too", f.Path, p.manager(), name, name, name), "")
	}
	if after := guard(text); startsWith(after, checkCommand) {
		f.set(name, after)
		return
	}
	f.keep(name, "can't be read")
	p.warn(fmt.Sprintf("%s: %s can't be read as sh would, so nothing was put into it", f.Path, name), "put in front of next build: "+checkCommand+" &&")
}

// isAhead reports whether a script runs proxypatch before it runs next build.
func isAhead(script string) bool {
	all, _ := commands(script)
	first := slices.IndexFunc(all, command.isProxypatch)
	return first >= 0 && first < slices.IndexFunc(all, command.isNextBuild)
}

// runsPreScripts reports whether the package manager runs prebuild before
// build: npm, yarn 1 and bun do, yarn 2 and newer do not, pnpm does from 9 on.
func (p *Plan) runsPreScripts() bool {
	switch p.ws.Manager {
	case detect.YarnBerry:
		return false
	case detect.PNPM:
		version, err := semver.NewVersion(p.ws.Version)
		return err == nil && version.Major() >= 9
	}
	return true
}

func (p *Plan) manager() string {
	if p.ws.Version == "" {
		return "some " + string(p.ws.Manager)
	}
	name, _, _ := strings.Cut(string(p.ws.Manager), " ")
	return name + " " + p.ws.Version
}

// undo takes out of one script what Install puts in.
func (p *Plan) undo(f *File, name string, root bool) {
	text, _ := f.manifest.script(name)
	hook := root && (name == "postinstall" || name == "dependencies")
	switch after := taken(text, hook); {
	case !mentions(text):
		return
	case hook && text == applyCommand:
		f.drop(name)
		return
	case after != text:
		f.set(name, after)
	default:
		f.keep(name, "not written by init")
	}
	if text, _ := f.manifest.script(name); mentions(text) {
		p.warn(fmt.Sprintf("%s: %s still runs proxypatch, in a way that init did not write", f.Path, name), "")
	}
}

// taken returns a script without what Install put in; where somebody has gone
// on from there, only the command itself goes.
func taken(text string, hook bool) string {
	reverse, command := unguard, checkCommand
	if hook {
		reverse, command = unjoin, applyCommand
	}
	if was, ok := reverse(text); ok {
		return was
	}
	return without(text, command)
}

func (p *Plan) warn(message, hint string) { p.Warnings = append(p.Warnings, Notice{message, hint}) }

func (f *File) has(name string) bool {
	return slices.ContainsFunc(f.Scripts, func(s Script) bool { return s.Name == name })
}

func (f *File) keep(name, reason string) {
	text, _ := f.manifest.script(name)
	f.Scripts = append(f.Scripts, Script{name, Keep, text, text, reason})
}

func (f *File) set(name, text string) {
	before, exists := f.manifest.script(name)
	action := Add
	if exists {
		action = Change
	}
	f.manifest.setScript(name, text)
	f.Scripts = append(f.Scripts, Script{name, action, before, text, ""})
}

func (f *File) drop(name string) {
	before, _ := f.manifest.script(name)
	f.manifest.removeScript(name)
	f.Scripts = append(f.Scripts, Script{name, Remove, before, "", ""})
}
