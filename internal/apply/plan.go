// Package apply brings the files of installed next-auth packages to a wanted
// state. New reads them and makes a Plan: a value that says what every file is
// and what it would become. Commit carries it out. A dry run is a Plan that is
// never committed, so it can't come to another conclusion.
package apply

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Goal is what files are brought to.
type Goal int

const (
	// Patch brings files to the state that the chosen set wants.
	Patch Goal = iota
	// Restore brings them back to what they were without proxypatch.
	Restore
)

// Action is what carrying out a Plan does to a file. The names stand in --json.
type Action string

// The actions.
const (
	Keep   Action = "keep"    // leave it as it is
	Add    Action = "add"     // create the helper
	Apply  Action = "patch"   // apply the wanted diffs
	Update Action = "update"  // replace what an older or another patch left
	Undo   Action = "restore" // take patches off
	Remove Action = "remove"  // delete the helper
)

// Options are what a Plan is made for.
type Options struct {
	Goal   Goal
	Strict bool // take unknown bytes for drift even where the diffs fit
	Lock   bool // keep others from writing until the Plan is closed; needed for Commit

	// Progress, if there is one, is told before each copy what is done, and which
	// copy of how many it is, counted from 1.
	Progress func(what string, n, of int)
}

// Plan is what would be done to all copies of next-auth.
type Plan struct {
	Copies []*Copy
	goal   Goal
	tell   func(what string, n, of int)
}

// Copy is what would be done to one copy.
type Copy struct {
	detect.Install
	Newer bool   // the release is newer than all listed ones
	Files []File // in the order in which they are written
	Err   error  // why the copy can't be patched: a *patchset.UnsupportedError or a *detect.SharedError

	root   *os.Root
	locked *safefile.Lock
	dirs   []string // those in which any set changes files of this release, with slashes
}

// File is what would be done to one file.
type File struct {
	Path   string // relative to the package, with slashes
	State  State
	Action Action
	Diffs  []*patchset.Diff   // what the chosen set has for it
	By     *patchset.Diff     // what another set has done to it, if outdated
	Err    error              // why it is drifted, newer or missing
	Clash  *patchset.Conflict // beside Err, the lines of a hunk that does not fit and those of the file
	Before []byte             // nil if the file is absent
	After  []byte             // nil if the file is to be absent

	info fs.FileInfo // of the file itself, or of the file whose mode, owner and ACL it gets
	like string      // that other file
}

// Changes reports whether the file's bytes would become others.
func (f *File) Changes() bool {
	return (f.Before == nil) != (f.After == nil) || !bytes.Equal(f.Before, f.After)
}

// Mode returns the file's permission bits.
func (f *File) Mode() fs.FileMode {
	if f.info == nil {
		return 0o644
	}
	return f.info.Mode().Perm()
}

// New makes the Plan for some copies; all who give several must give them in
// the order of their directories, or two that take the locks could wait for
// each other. Files in a bad state are part of it; an
// error is one of the system, a *CopyError, and then there is no Plan. Close the Plan.
func New(installs []detect.Install, library *patchset.Library, options Options) (*Plan, error) {
	plan := &Plan{goal: options.Goal, tell: options.Progress}
	if plan.tell == nil {
		plan.tell = func(string, int, int) {}
	}
	for i, install := range installs {
		plan.tell("reading", i+1, len(installs))
		c := &Copy{Install: install}
		plan.Copies = append(plan.Copies, c)
		if install.Shared != nil {
			c.Err = install.Shared
			continue
		}
		err := c.open(options.Lock)
		if err == nil {
			err = c.plan(library, options)
		}
		if err != nil {
			plan.Close()
			return nil, c.failed(err)
		}
	}
	return plan, nil
}

// Close gives back the locks.
func (p *Plan) Close() {
	for _, c := range p.Copies {
		c.close()
	}
}

func (c *Copy) close() {
	if c.locked != nil {
		c.locked.Close()
	}
	if c.root != nil {
		c.root.Close()
	}
}

// Blocked reports whether something keeps the Plan from being carried out.
func (p *Plan) Blocked() bool {
	return slices.ContainsFunc(p.Copies, p.IsBlocked)
}

// IsBlocked reports whether it is something about this copy.
func (p *Plan) IsBlocked(c *Copy) bool {
	return c.Err != nil || slices.ContainsFunc(c.Files, func(f File) bool { return f.State.Blocks(p.goal) })
}

// LeaveOut takes a copy out of the Plan.
func (p *Plan) LeaveOut(c *Copy) {
	c.close()
	p.Copies = slices.DeleteFunc(p.Copies, func(other *Copy) bool { return other == c })
}

// Files counts the files of all copies.
func (p *Plan) Files() int {
	n := 0
	for _, c := range p.Copies {
		n += len(c.Files)
	}
	return n
}

// Changes counts the files whose bytes would become others.
func (p *Plan) Changes() int {
	n := 0
	for _, c := range p.Copies {
		for i := range c.Files {
			if c.Files[i].Changes() {
				n++
			}
		}
	}
	return n
}

// Changed returns when the newest of the copies' files got its bytes.
func (p *Plan) Changed() time.Time {
	var newest time.Time
	for _, c := range p.Copies {
		for i := range c.Files {
			if file := &c.Files[i]; file.Before != nil && file.info != nil && file.info.ModTime().After(newest) {
				newest = file.info.ModTime()
			}
		}
	}
	return newest
}

func (c *Copy) open(locking bool) error {
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return err
	}
	c.root = root
	if now, err := root.Stat("."); err != nil {
		return err
	} else if !c.Is(now) {
		return errors.New("was replaced while proxypatch was at work")
	}
	if locking {
		c.locked, err = safefile.LockDir(root)
	}
	return err
}

// plan decides every file. It fills c.Err if the release can't be patched.
func (c *Copy) plan(library *patchset.Library, options Options) error {
	if c.Name != "next-auth" {
		c.Err = &patchset.UnsupportedError{Release: c.Release, Reason: fmt.Sprintf("its package.json gives its name as %q", c.Name), Hint: "install next-auth itself"}
		return nil
	}
	selection, err := library.For(c.Release)
	if unsupported := (*patchset.UnsupportedError)(nil); errors.As(err, &unsupported) {
		c.Err = unsupported
		return nil
	}
	if err != nil {
		return err
	}
	c.Newer = selection.Newer
	c.dirs = dirsOf(selection)
	if options.Goal == Patch { // what was patched can be taken off in any release
		if c.Err, err = c.uncovered(selection); c.Err != nil || err != nil {
			return err
		}
	}
	var leave []File // no part of the set, and not changed
	for _, target := range selection.Targets {
		file, err := c.planTarget(target, options)
		switch {
		case err != nil:
			return err
		case target.Wanted() || file.State != Pristine:
			c.Files = append(c.Files, file)
		default:
			leave = append(leave, file)
		}
	}
	if err := c.planHelper(library, options); err != nil {
		return err
	}
	if err := c.keepHelperInUse(leave); err != nil {
		return err
	}
	c.Err = c.newerThanListed(options)
	return nil
}

func dirsOf(selection *patchset.Selection) []string {
	dirs := []string{path.Dir(patchset.HelperPath)}
	for _, target := range selection.Targets {
		dirs = append(dirs, path.Dir(target.Path))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// uncovered returns why the release is not supported if the package has a file
// that the set patches in other releases only. Where it can't be told without
// following a link, the file is drift.
func (c *Copy) uncovered(selection *patchset.Selection) (reason, err error) {
	for _, gap := range selection.Uncovered {
		err := checkDirs(c.root, gap.Path)
		if err == nil {
			_, err = c.root.Lstat(filepath.FromSlash(gap.Path))
		}
		irregular := (*irregularError)(nil)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &irregular): // nobody knows what Node.js would load there
			c.Files = append(c.Files, File{Path: gap.Path, State: Drifted, Action: Keep, Err: err})
		case err != nil:
			return nil, err
		default:
			return &patchset.UnsupportedError{Release: c.Release, Reason: gap.Reason, Hint: gap.Hint}, nil
		}
	}
	return nil, nil
}

// newerThanListed returns why a release above all listed ones can't be
// patched: its files must take the newest diffs, and --strict wants more.
func (c *Copy) newerThanListed(options Options) error {
	if !c.Newer {
		return nil
	}
	refuse := func(reason string) error {
		return &patchset.UnsupportedError{Release: c.Release, Reason: reason, Hint: "upgrade proxypatch"}
	}
	if options.Strict && options.Goal == Patch {
		return refuse("it is newer than every release this proxypatch knows")
	}
	ofSet := func(d *patchset.Diff) bool { return !d.Own }
	for i := range c.Files {
		if state := c.Files[i].State; (state == Drifted || state == Missing) && slices.ContainsFunc(c.Files[i].Diffs, ofSet) {
			return refuse("it is newer than every release this proxypatch knows, and its " + c.Files[i].Path + " does not take the newest diff")
		}
	}
	return nil
}

func (c *Copy) planTarget(target patchset.Target, options Options) (File, error) {
	file := File{Path: target.Path, Action: Keep, Diffs: target.Diffs(nil)}
	content, info, err := readFile(c.root, target.Path)
	irregular := (*irregularError)(nil)
	switch {
	case err == nil:
	case !target.Wanted() && (errors.As(err, &irregular) || errors.Is(err, fs.ErrNotExist)):
		file.State = Pristine // no set ever patched what is not there
		return file, nil
	case errors.Is(err, fs.ErrNotExist):
		file.State, file.Err = Missing, errors.New("is missing")
		return file, nil
	case errors.As(err, &irregular):
		file.State, file.Err = Drifted, err
		return file, nil
	default:
		return file, err
	}
	r, err := classify(target, content, options.Goal)
	if err != nil {
		return file, err
	}
	file.Diffs, file.By, file.State, file.Err, file.Clash = r.diffs, r.by, r.state, r.err, r.clash
	file.Before, file.After, file.info = content, content, info
	if options.Strict && !r.exact && r.state != Drifted {
		file.State, file.Err = Drifted, errors.New("is not as released, and --strict takes nothing else")
	}
	if !file.State.Blocks(options.Goal) {
		file.After = r.after(options.Goal)
	}
	file.Action = actionOn(&file, options.Goal == Restore || !target.Wanted())
	return file, nil
}

// keepHelperInUse makes drift of every file that would refer to the helper when
// the helper is not there: Node.js could not load it. Where the helper is to be
// removed, all of the package's JavaScript is searched, since a diff of
// somebody's own may have brought it to any file.
func (c *Copy) keepHelperInUse(leave []File) error {
	helper := slices.IndexFunc(c.Files, func(f File) bool { return f.Path == patchset.HelperPath })
	if helper >= 0 && (c.Files[helper].After != nil || c.Files[helper].State == Drifted) {
		return nil // it stays, be it no file at all
	}
	looked := map[string]bool{patchset.HelperPath: true}
	for i := range c.Files {
		file := &c.Files[i]
		looked[file.Path] = true
		if file.Err == nil && refersToHelper(file.Path, file.After) {
			file.State, file.Err, file.After, file.Action = Drifted, errNeedsHelper, file.Before, Keep
		}
	}
	if helper < 0 {
		return nil // there was none before either
	}
	needs := func(file File) {
		file.State, file.Err = Drifted, errNeedsHelper
		c.Files = append(c.Files, file)
	}
	for _, file := range leave {
		looked[file.Path] = true
		if refersToHelper(file.Path, file.After) {
			needs(file)
		}
	}
	return c.searchJavaScript(looked, func(path string, content []byte) {
		if refersToHelper(path, content) {
			needs(File{Path: path, Action: Keep, Before: content, After: content})
		}
	})
}

// searchJavaScript calls found with every JavaScript file of the package,
// without its own dependencies and those in skip.
func (c *Copy) searchJavaScript(skip map[string]bool, found func(path string, content []byte)) error {
	return fs.WalkDir(c.root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case safefile.Absent(err): // somebody is at work, and it is gone by now
			return nil
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return fs.SkipDir
		case skip[path], !entry.Type().IsRegular(), !strings.HasSuffix(path, ".js"):
			return nil
		}
		content, _, err := readFile(c.root, path)
		if irregular := (*irregularError)(nil); errors.As(err, &irregular) {
			return nil // too large to be one of next-auth's
		}
		if safefile.Absent(err) {
			return nil
		}
		if err == nil {
			found(path, content)
		}
		return err
	})
}

// refersToHelper reports whether a file with this content loads the helper.
func refersToHelper(name string, content []byte) bool {
	helper, err := filepath.Rel(path.Dir(name), strings.TrimSuffix(patchset.HelperPath, ".js"))
	if err != nil {
		return false
	}
	helper = filepath.ToSlash(helper)
	if !strings.HasPrefix(helper, ".") {
		helper = "./" + helper
	}
	for _, quote := range []string{`"`, "'", "`"} {
		for _, ending := range []string{"", ".js"} {
			if bytes.Contains(content, []byte(quote+helper+ending+quote)) {
				return true
			}
		}
	}
	return false
}

// planHelper puts the helper first among the files where it is to be there,
// and last where it is to go: whenever the process is killed, every file that
// refers to the helper finds one.
func (c *Copy) planHelper(library *patchset.Library, options Options) error {
	file := File{Path: patchset.HelperPath}
	content, info, err := readFile(c.root, patchset.HelperPath)
	irregular := (*irregularError)(nil)
	switch {
	case errors.As(err, &irregular):
		file.State, file.Action, file.Err = Drifted, Keep, err
		c.Files = append(c.Files, file)
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file.State, file.Err = classifyHelper(library.Helper, library.AddHelper, content)
	adding := options.Goal == Patch && library.AddHelper
	if file.State == Pristine && !adding {
		return nil
	}
	file.Before, file.After, file.info = content, content, info
	if info == nil && len(c.Files) > 0 {
		file.info, file.like = c.Files[0].info, c.Files[0].Path // a new file may be read by whoever may read its neighbours
	}
	switch {
	case file.State.Blocks(options.Goal):
	case adding:
		file.After = library.Helper.Content
	default:
		file.After = nil
	}
	file.Action = actionOn(&file, !adding)
	if adding {
		c.Files = append([]File{file}, c.Files...)
	} else {
		c.Files = append(c.Files, file)
	}
	return nil
}

// after returns the bytes the file is brought to.
func (r reading) after(goal Goal) []byte {
	if goal == Patch {
		return r.wanted
	}
	return r.base
}

// actionOn names what the Plan does to a file, given whether it takes patches
// off or puts them on.
func actionOn(file *File, takesOff bool) Action {
	switch {
	case !file.Changes():
		return Keep
	case file.Before == nil:
		return Add
	case file.After == nil:
		return Remove
	case takesOff:
		return Undo
	case file.State == Outdated:
		return Update
	}
	return Apply
}
