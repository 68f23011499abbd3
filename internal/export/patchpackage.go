package export

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	patchPackageRange = "8" // nobody else writes it so: undo recognises it
	postinstall       = "patch-package --error-on-fail"

	// lonePostinstall means the same, and nobody else writes it so: undo recognises it where
	// the dependency was there before.
	lonePostinstall = "patch-package --patch-dir patches --error-on-fail"
)

// findSetUp finds out whether a script runs patch-package, and the directory of its files. It
// asks the file that the plan changes: another run may have written it since the workspace
// was found.
func (p *Plan) findSetUp() error {
	doc, err := p.document(manifestName)
	if err != nil {
		return err
	}
	scripts := map[string]string{}
	for _, name := range doc.Keys("scripts") {
		if text, _ := doc.Text("scripts", name); hooks.Names(text, detect.PatchPackage) {
			scripts[name] = text
		}
	}
	dirs := detect.PatchDirs(scripts)
	p.isSetUp, p.patchDir = len(dirs) > 0, "patches"
	if p.isSetUp {
		p.patchDir = path.Clean(filepath.ToSlash(dirs[0]))
	}
	return nil
}

// packageFile returns the name of patch-package's file for a copy; empty if it can't patch
// the copy.
func (p *Plan) packageFile(c *detect.Install) string {
	rel, err := filepath.Rel(p.ws.Root().Dir, c.Dir)
	if err != nil {
		return ""
	}
	rest, below := strings.CutPrefix(filepath.ToSlash(rel), "node_modules/")
	names := strings.Split(rest, "/node_modules/")
	if !below || slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "+") }) {
		return ""
	}
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "/", "+")
	}
	return path.Join(p.patchDir, strings.Join(names, "++")+"+"+c.Version()+".patch")
}

// findKept returns the patches of next-auth's packages in the directory of patch-package.
func (p *Plan) findKept() ([]entry, error) {
	names, err := p.namesIn(p.patchDir)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, name := range names {
		dir := detect.PatchedBy(name)
		at := slices.IndexFunc(line.Packages(), func(pkg string) bool { return strings.HasSuffix(dir, "node_modules/"+pkg) })
		if at < 0 {
			continue
		}
		release := strings.TrimSuffix(name[strings.LastIndex(name, "+")+1:], ".patch")
		all = append(all, entry{pkg: line.Packages()[at], releases: release, file: path.Join(p.patchDir, name)})
	}
	return all, nil
}

// namesIn lists a directory of patch files.
func (p *Plan) namesIn(dir string) ([]string, error) {
	names, is, err := safefile.RealDir(p.root, dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !is {
		return nil, nil
	}
	if err != nil {
		return nil, &edit.FileError{Path: p.display(dir), Err: plain(err)}
	}
	slices.Sort(names)
	return names, nil
}

// setUp makes patch-package run after each install. It keeps a setup that is there.
func (p *Plan) setUp() error {
	doc, err := p.document(manifestName)
	if err != nil {
		return err
	}
	command := lonePostinstall
	listed := slices.ContainsFunc([]string{"dependencies", "devDependencies", "optionalDependencies"}, func(field string) bool {
		return doc.Has(field, detect.PatchPackage)
	})
	if !listed {
		command = postinstall
		if err := p.setEntry(setting{manifestName, []string{"dependencies"}}, detect.PatchPackage, patchPackageRange); err != nil {
			return err
		}
	}
	if p.isSetUp {
		return p.checkSetUp(doc)
	}
	script := command
	if before, exists := doc.Text("scripts", "postinstall"); exists {
		script = hooks.Follow(before, command)
		if !hooks.EndsWith(script, command) {
			return &FormError{PatchPackage, p.display(manifestName) + ": sh would not run what comes after the script postinstall", p.addByHand(before, command)}
		}
	}
	return p.setEntry(setting{manifestName, []string{"scripts"}}, "postinstall", script)
}

func (p *Plan) addByHand(script, command string) hint.Hint {
	if hooks.HasComment(script) {
		return hint.Text("delete the comment in it, then run it again")
	}
	return hint.Join(hint.Text("add this to it by hand, then run it again: "), hint.Keep(command))
}

// atInstalls are the scripts of a project that installs run.
var atInstalls = []string{"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare", "dependencies"}

// checkSetUp makes sure that an install runs the script that calls patch-package, directly
// or through the name of another script.
func (p *Plan) checkSetUp(doc edit.Document) error {
	var calling []string
	hidden := ""
	for _, name := range doc.Keys("scripts") {
		text, _ := doc.Text("scripts", name)
		if !hooks.Names(text, detect.PatchPackage) {
			continue
		}
		if hooks.EndsBefore(text, detect.PatchPackage) {
			hidden = name
			continue
		}
		if slices.Contains(atInstalls, name) {
			return nil
		}
		calling = append(calling, name)
	}
	for _, name := range atInstalls {
		text, _ := doc.Text("scripts", name)
		if slices.ContainsFunc(calling, func(script string) bool { return strings.Contains(text, script) }) {
			return nil
		}
	}
	if hidden != "" {
		return &FormError{PatchPackage, fmt.Sprintf("%s: %s ends before it runs patch-package", p.display(manifestName), hidden), hint.Text("put what comes before patch-package in parentheses, then run it again")}
	}
	return &FormError{PatchPackage, fmt.Sprintf("%s: no install runs patch-package, only the script %s", p.display(manifestName), strings.Join(calling, ", ")), hint.Text("run that script in postinstall, then run it again")}
}

// tearDown takes out what setUp wrote, unless another patch needs it. patch-package stays as
// long as a script names it.
func (p *Plan) tearDown(found []entry) error {
	doc, err := p.document(manifestName)
	if err != nil {
		return err
	}
	command := postinstall
	spec, _ := doc.Text("dependencies", detect.PatchPackage)
	script, _ := doc.Text("scripts", "postinstall")
	switch {
	case strings.HasSuffix(script, lonePostinstall):
		command = lonePostinstall
	case spec != patchPackageRange:
		return nil
	}
	names, err := p.namesIn(p.patchDir)
	if err != nil {
		return err
	}
	needed := slices.ContainsFunc(names, func(name string) bool {
		gone := slices.ContainsFunc(found, func(f entry) bool {
			return f.file == path.Join(p.patchDir, name) && f.ours() && !f.kept
		})
		return strings.HasSuffix(name, ".patch") && strings.Contains(name, "+") && !gone
	})
	if needed {
		return nil
	}
	scripts := setting{manifestName, []string{"scripts"}}
	if script == command {
		err = p.removeEntry(scripts, "postinstall", script)
	} else if before, ok := hooks.Unfollow(script, command); ok {
		err = p.setEntry(scripts, "postinstall", before)
	}
	isCalled := func(name string) bool {
		text, _ := doc.Text("scripts", name)
		return strings.Contains(text, detect.PatchPackage)
	}
	if err != nil || command != postinstall || slices.ContainsFunc(doc.Keys("scripts"), isCalled) {
		return err
	}
	return p.removeEntry(setting{manifestName, []string{"dependencies"}}, detect.PatchPackage, patchPackageRange)
}
