package export

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// File is a file below the workspace's root.
type File struct {
	Path          string // as the user would type it
	Before, After []byte // nil if there is no file

	name string // from the root, with slashes
	info fs.FileInfo
}

// Action says what is done to the file.
func (f *File) Action() edit.Action {
	switch {
	case f.Before == nil && f.After != nil:
		return edit.Add
	case f.Before != nil && f.After == nil:
		return edit.Remove
	case !bytes.Equal(f.Before, f.After):
		return edit.Change
	}
	return edit.Keep
}

const manifestName = "package.json"

func (p *Plan) display(name string) string {
	return p.ws.Display(filepath.Join(p.ws.Root().Dir, filepath.FromSlash(name)))
}

// open reads a file below the root, once. It must be a regular one that no link leads to,
// because what a link leads to may have other users.
func (p *Plan) open(name string) (*File, error) {
	if file := p.files[name]; file != nil {
		return file, nil
	}
	file := &File{Path: p.display(name), name: name}
	if err := safefile.CheckDirs(p.root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, p.failed(err)
	}
	var err error
	file.Before, file.info, err = safefile.ReadUnlinked(p.root, name, limitOf(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &edit.FileError{Path: file.Path, Err: plain(err)}
	}
	file.After = file.Before
	p.files[name] = file
	return file, nil
}

// maxSettings limits the size of YAML settings, in bytes: they are parsed several times.
const maxSettings = 256 << 10

func limitOf(name string) int64 {
	if name == pnpmSettings || name == yarnSettings {
		return maxSettings
	}
	return safefile.MaxFile
}

// plain removes the path from an error, because edit.FileError names a better one.
func plain(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// document reads a file of settings, once.
func (p *Plan) document(name string) (edit.Document, error) {
	if doc := p.docs[name]; doc != nil {
		return doc, nil
	}
	file, err := p.open(name)
	if err != nil {
		return nil, err
	}
	var doc edit.Document
	switch {
	case name != manifestName:
		doc, err = edit.ParseYAML(file.Before)
	case file.Before == nil:
		doc = noManifest{p.display(".")}
	default:
		doc, err = edit.ParseJSON(file.Before)
	}
	if err != nil {
		return nil, p.in(name, err)
	}
	p.docs[name] = doc
	return doc, nil
}

// in adds the path to an error of a document.
func (p *Plan) in(name string, err error) error {
	if wrong, ok := errors.AsType[*edit.SyntaxError](err); ok {
		wrong.Path = p.display(name)
	}
	return err
}

// noManifest is a package.json that does not exist, and is never made.
type noManifest struct{ dir string }

func (noManifest) Bytes() []byte                 { return nil }
func (noManifest) Has(...string) bool            { return false }
func (noManifest) Text(...string) (string, bool) { return "", false }
func (noManifest) Keys(...string) []string       { return nil }
func (noManifest) Unset(...string) error         { return nil }
func (n noManifest) Set(string, ...string) error {
	return fmt.Errorf("%w in %s", hooks.ErrNoManifest, n.dir)
}

// finish makes the new bytes of the settings, and lists the files.
func (p *Plan) finish() error {
	for name, doc := range p.docs {
		p.files[name].After = doc.Bytes()
	}
	for _, file := range p.files {
		_, isSetting := p.docs[file.name]
		if file.Action() != edit.Keep || !isSetting && file.Before != nil && p.Form != "" {
			p.Files = append(p.Files, file)
		}
	}
	isPatch := func(f *File) int {
		if _, isSetting := p.docs[f.name]; isSetting {
			return 0
		}
		return 1
	}
	slices.SortFunc(p.Files, func(a, b *File) int {
		if by := isPatch(a) - isPatch(b); by != 0 {
			return by
		}
		return strings.Compare(a.name, b.name)
	})
	return nil
}

// Commit writes all files of the plan, or none. Errors are *safefile.CommitError, or a
// *LeftError if only empty directories are left. If an
// install runs meanwhile, it finds each patch that the settings name: a new patch is
// written before them, and an old one removed after them.
func (p *Plan) Commit() error {
	group := &safefile.Group{Root: p.root, Path: p.display("."), Explain: p.failed}
	like, err := p.open(manifestName)
	if err != nil {
		return &safefile.CommitError{Err: err}
	}
	if err := p.clean(); err != nil {
		return &safefile.CommitError{Err: p.failed(err)}
	}
	made, err := p.makeDirs()
	if err != nil {
		return errors.Join(&safefile.CommitError{Err: p.failed(err)}, safefile.RemoveMade(p.root, made))
	}
	for _, file := range p.inOrder() {
		change := &safefile.Change{Name: file.name, Before: file.Before, After: file.After, Info: file.info}
		if file.Before == nil && like.Before != nil { // users who can read package.json can read the new file
			change.Info, change.Like = like.info, manifestName
		}
		group.Changes = append(group.Changes, change)
	}
	if err := safefile.Replace([]*safefile.Group{group}, nil); err != nil {
		return errors.Join(err, safefile.RemoveMade(p.root, made))
	}
	if err := p.removeDirs(); err != nil {
		return &LeftError{err}
	}
	return nil
}

// failed adds to an error of the system the path of the file that it concerns.
func (p *Plan) failed(err error) error {
	name, cause := safefile.Concerned(err, p.root.Name())
	return &edit.FileError{Path: p.display(name), Err: cause}
}

// LeftError says that a directory without patches could not be removed.
type LeftError struct{ Err error }

func (e *LeftError) Error() string { return "an empty directory is left: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *LeftError) Unwrap() error { return e.Err }

// inOrder returns the files that change: new patches, settings, old patches.
func (p *Plan) inOrder() []*File {
	var files []*File
	for _, file := range p.Files {
		if file.Action() != edit.Keep {
			files = append(files, file)
		}
	}
	rank := func(f *File) int {
		_, isSetting := p.docs[f.name]
		switch {
		case isSetting:
			return 1
		case f.After == nil:
			return 2
		}
		return 0
	}
	slices.SortStableFunc(files, func(a, b *File) int { return rank(a) - rank(b) })
	return files
}

// clean removes what a killed run left, even if nothing changes. It does nothing on Windows,
// where there is no lock that keeps other runs away.
func (p *Plan) clean() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dirs := append([]string{".", p.patchDir}, patchDirs...)
	for _, file := range p.inOrder() {
		dirs = append(dirs, path.Dir(file.name))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		_, is, err := safefile.RealDir(p.root, dir)
		if err == nil && is {
			err = safefile.CleanDir(p.root, dir)
		}
		if err != nil && !safefile.Absent(err) {
			return err
		}
	}
	return nil
}

// makeDirs makes the directories for patches, and returns those that are new.
func (p *Plan) makeDirs() (made []string, err error) {
	for _, file := range p.inOrder() {
		dir := path.Dir(file.name)
		if dir == "." {
			continue
		}
		more, err := safefile.MakeDirs(p.root, dir)
		made = append(made, more...)
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// removeDirs removes the directories of removed patches, if nothing else is in them. An undo
// removes all empty directories for patches, because a killed run may have left them, and
// nothing says who made them. git keeps no such directory.
func (p *Plan) removeDirs() error {
	var dirs []string
	for _, file := range p.Files {
		if dir := path.Dir(file.name); dir != "." && file.Action() == edit.Remove {
			dirs = append(dirs, dir)
		}
	}
	if p.Form == "" {
		dirs = append(dirs, patchDirs...)
	}
	slices.Sort(dirs)
	var all error
	for _, dir := range slices.Compact(dirs) {
		all = errors.Join(all, safefile.RemoveEmptyDirs(p.root, dir))
	}
	return all
}
