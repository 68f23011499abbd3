// Package apply patches and restores the files of installed next-auth packages.
// New reads them and makes a Plan: a value that says what every file is and what
// it would become. Commit carries the Plan out. A dry run is a Plan that is never
// committed, so it always agrees with a real run.
package apply

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Goal is what a Plan does with files.
type Goal int

const (
	// Patch applies the diffs of the chosen set.
	Patch Goal = iota
	// Restore reverses everything that proxypatch did.
	Restore
)

// Action is what carrying out a Plan does to a file. The names are in --json.
type Action string

// The actions.
const (
	Keep   Action = "keep"    // leave it unchanged
	Add    Action = "add"     // create the helper
	Apply  Action = "patch"   // apply the wanted diffs
	Update Action = "update"  // replace what an older or another patch left
	Undo   Action = "restore" // reverse patches
	Remove Action = "remove"  // delete the helper
)

// Options say how to make a Plan.
type Options struct {
	Goal   Goal
	Strict bool // treat unknown bytes as drift, even if the diffs apply
	Lock   bool // prevent others from writing until the Plan is closed; Commit needs it

	// Traced, if set, reports whether a copy's directory is in standalone output of
	// Next.js. The files that are missing there were not traced, because the app does
	// not load them, and the Plan leaves them out. Such a copy can't be patched or
	// restored. The Plan refuses it, unless patching has nothing to do or Part is set.
	Traced func(dir string) bool
	Part   bool

	// Shared makes a Plan for copies that other projects use too, as for any other. Such
	// a Plan only shows what would change. Without Shared, the Plan refuses such a copy,
	// unless patching has nothing to do.
	Shared bool

	// Progress, if set, is called before each copy. It gets what is done, the number
	// of the copy, counted from 1, and how many there are.
	Progress func(what string, n, of int)
}

// Plan says what would be done to all copies of next-auth.
type Plan struct {
	Copies []*Copy
	goal   Goal
	tell   func(what string, n, of int)
}

// Copy says what would be done to one copy.
type Copy struct {
	detect.Install
	Line   *line.Line // nil if no line has the release
	Newer  bool       // the release is newer than every listed one
	Traced bool       // Next.js traced only a part of it: it lacks files
	Files  []File     // in the order in which they are written
	Err    error      // why the copy can't be patched: a *line.UnsupportedError, a *detect.SharedError or ErrTraced

	files  reader
	root   *os.Root // nil if the files are in an archive
	locked *safefile.Lock
	dirs   []string // all directories in which any set changes files of this release, with slashes
}

// File says what would be done to one file.
type File struct {
	Path   string // relative to the package, with slashes
	Helper bool   // whether it is the helper
	State  patchset.State
	Action Action
	Diffs  []*patchset.Diff   // the diffs of the chosen set
	By     *patchset.Diff     // the diff of another set that was applied, if outdated
	Err    error              // why it is drifted, newer or missing
	Clash  *patchset.Conflict // with Err: a hunk that does not fit, and the lines of the file
	Before []byte             // nil if the file does not exist
	After  []byte             // nil if the file will not exist

	info fs.FileInfo // of the file itself, or of the file whose mode, owner and ACL it gets
	like string      // the path of that other file
}

// Changes reports whether the file's bytes would change.
func (f *File) Changes() bool {
	return (f.Before == nil) != (f.After == nil) || !bytes.Equal(f.Before, f.After)
}

// Blocks reports whether the file blocks a Plan with this goal. A newer helper does
// not block its own removal.
func (f *File) Blocks(goal Goal) bool {
	switch f.State {
	case patchset.Drifted, patchset.Missing:
		return true
	case patchset.Newer:
		return goal == Patch
	}
	return false
}

// Mode returns the file's permission bits.
func (f *File) Mode() fs.FileMode {
	if f.info == nil {
		return 0o644
	}
	return f.info.Mode().Perm()
}

// ErrTraced says that a copy is in standalone output of Next.js and lacks files.
var ErrTraced = errors.New("next build traced only a part of this next-auth, which can't be patched")

// New makes the Plan for some copies, in the order of their directories. If two
// processes locked the same copies in different orders, each could wait for the
// other. Files in a bad state are part of the Plan. If the system refuses something,
// New returns a *CopyError and no Plan. Close the Plan after use.
func New(installs []detect.Install, library *patchset.Library, options Options) (*Plan, error) {
	plan := &Plan{goal: options.Goal, tell: options.Progress}
	if plan.tell == nil {
		plan.tell = func(string, int, int) {}
	}
	sorted := slices.SortedStableFunc(slices.Values(installs), func(a, b detect.Install) int { return strings.Compare(a.Dir, b.Dir) })
	for i, install := range sorted {
		plan.tell("reading", i+1, len(sorted))
		c := &Copy{Install: install}
		plan.Copies = append(plan.Copies, c)
		if err := c.plan(library, options); err != nil {
			plan.Close()
			return nil, c.failed(err)
		}
	}
	return plan, nil
}

// Close releases the locks.
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

// Blocked reports whether the Plan can't be carried out.
func (p *Plan) Blocked() bool {
	return slices.ContainsFunc(p.Copies, p.IsBlocked)
}

// IsBlocked reports whether this copy blocks the Plan.
func (p *Plan) IsBlocked(c *Copy) bool {
	return c.Err != nil || slices.ContainsFunc(c.Files, func(f File) bool { return f.Blocks(p.goal) })
}

// LeaveOut removes a copy from the Plan.
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

// Changes counts the files whose bytes would change.
func (p *Plan) Changes() int {
	n := 0
	for _, c := range p.Copies {
		n += c.Changes()
	}
	return n
}

// Changes counts the files whose bytes would change.
func (c *Copy) Changes() int {
	n := 0
	for i := range c.Files {
		if c.Files[i].Changes() {
			n++
		}
	}
	return n
}

// Changed returns the newest modification time of the copies' files.
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
	if c.PnP != nil && c.PnP.Files != nil {
		c.files = archive{c.PnP.Files, c.Dir}
		return nil
	}
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return err
	}
	c.root, c.files = root, directory{root}
	if now, err := root.Stat("."); err != nil {
		return err
	} else if !c.Is(now) {
		return errors.New("was replaced while proxypatch was running")
	}
	if locking {
		c.locked, err = safefile.LockDir(root)
	}
	return err
}

// plan opens the copy and decides every file. It fills c.Err if the copy can't be
// patched. It takes no lock where others own the files, because it writes nothing there.
func (c *Copy) plan(library *patchset.Library, options Options) error {
	if c.Shared != nil && options.Goal == Restore {
		c.Err = c.Shared
		return nil
	}
	if err := c.open(options.Lock && c.Shared == nil); err != nil {
		return err
	}
	err := c.planFiles(library, options)
	unsupported := (*line.UnsupportedError)(nil)
	switch {
	case !errors.As(err, &unsupported):
		if err == nil {
			c.Err = c.refusal(options)
		}
		return err
	case c.Shared != nil && !c.Shared.Patches: // the project that it belongs to chose the release
		c.Err = c.Shared
	default:
		c.Err = unsupported
	}
	return nil
}

// refusal says why the copy must not be written; nil if it may be, or if there is nothing
// to write.
func (c *Copy) refusal(options Options) error {
	switch {
	case c.isPatched(options.Goal):
	case c.Shared != nil && !options.Shared && !c.IsBare():
		return c.Shared
	case c.Traced && !options.Part:
		return ErrTraced
	}
	return nil
}

// planFiles decides every file. The error may be a *line.UnsupportedError.
func (c *Copy) planFiles(library *patchset.Library, options Options) (err error) {
	if c.Line, err = c.ReleaseLine(); err != nil {
		return err
	}
	selection, err := library.For(c.Line, c.Version())
	if err != nil {
		return err
	}
	c.Newer = selection.Newer
	c.dirs = c.dirsOf(selection)
	if options.Goal == Patch { // patches can be reversed in any release
		if nothing := selection.Nothing; nothing != nil {
			return c.Unsupported(nothing.Reason, nothing.Hint)
		}
		if err := c.checkGaps(selection.Uncovered); err != nil {
			return err
		}
	}
	for _, target := range selection.Targets {
		file, err := c.planTarget(target, options)
		if err != nil {
			return err
		}
		if target.Wanted() || file.State != patchset.Pristine {
			c.Files = append(c.Files, file)
		}
	}
	c.leaveOutUntraced(options)
	if c.IsBare() {
		return nil
	}
	if err := c.planHelper(selection, options.Goal == Patch && library.AddHelper, options.Goal); err != nil {
		return err
	}
	if err := c.checkHelperUsers(); err != nil {
		return err
	}
	return c.checkNewer(options)
}

// IsBare reports whether Next.js traced none of the files that the Plan is made for.
// Then nothing loads the helper either.
func (c *Copy) IsBare() bool { return c.Traced && c.Err == nil && len(c.Files) == 0 }

// leaveOutUntraced removes the files that Next.js did not trace.
func (c *Copy) leaveOutUntraced(options Options) {
	missing := func(f File) bool { return f.State == patchset.Missing }
	c.Traced = slices.ContainsFunc(c.Files, missing) && options.Traced != nil && options.Traced(c.Dir)
	if c.Traced {
		c.Files = slices.DeleteFunc(c.Files, missing)
	}
}

// isPatched reports whether Next.js traced files that the patch is for, and a Plan to
// patch them has nothing to do.
func (c *Copy) isPatched(goal Goal) bool {
	blocks := func(f File) bool { return f.Blocks(goal) }
	return goal == Patch && len(c.Files) > 0 && c.Changes() == 0 && !slices.ContainsFunc(c.Files, blocks)
}

func (c *Copy) dirsOf(selection *patchset.Selection) []string {
	dirs := []string{path.Dir(c.Line.Helper)}
	for _, target := range selection.Targets {
		dirs = append(dirs, path.Dir(target.Path))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// checkGaps refuses the release if the package has a file that the set patches only
// in other releases. A file that only a link leads to counts as drift.
func (c *Copy) checkGaps(gaps []patchset.Gap) error {
	for _, gap := range gaps {
		err := c.files.look(gap.Path)
		irregular := (*irregularError)(nil)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && c.isClean(gap):
		case errors.As(err, &irregular): // what Node.js would load there is unknown
			c.Files = append(c.Files, File{Path: gap.Path, State: patchset.Drifted, Action: Keep, Err: err})
		case err != nil:
			return err
		default:
			return c.Unsupported(gap.Reason, gap.Hint)
		}
	}
	return nil
}

// isClean reports whether a file is as in a release in which it needs no diff.
func (c *Copy) isClean(gap patchset.Gap) bool {
	content, _, err := c.files.read(gap.Path)
	return err == nil && gap.Clean(content)
}

// checkNewer refuses a release above all listed ones unless the newest diffs apply
// to its files. --strict always refuses it.
func (c *Copy) checkNewer(options Options) error {
	if !c.Newer {
		return nil
	}
	refuse := func(reason string) error {
		return c.Unsupported(reason, hint.Text("upgrade proxypatch"))
	}
	if options.Strict && options.Goal == Patch {
		return refuse("it is newer than every release this proxypatch knows")
	}
	ofSet := func(d *patchset.Diff) bool { return !d.Own }
	for i := range c.Files {
		if state := c.Files[i].State; (state == patchset.Drifted || state == patchset.Missing) && slices.ContainsFunc(c.Files[i].Diffs, ofSet) {
			return refuse("it is newer than every release this proxypatch knows, and the newest diff does not apply to its " + c.Files[i].Path)
		}
	}
	return nil
}

func (c *Copy) planTarget(target patchset.Target, options Options) (File, error) {
	file := File{Path: target.Path, Action: Keep, Diffs: target.Diffs(nil)}
	content, info, err := c.files.read(target.Path)
	irregular := (*irregularError)(nil)
	switch {
	case err == nil:
	case !target.Wanted() && (errors.As(err, &irregular) || errors.Is(err, fs.ErrNotExist)):
		file.State = patchset.Pristine // no set can have patched a missing file
		return file, nil
	case errors.Is(err, fs.ErrNotExist):
		file.State, file.Err = patchset.Missing, errors.New("is missing")
		return file, nil
	case errors.As(err, &irregular):
		file.State, file.Err = patchset.Drifted, err
		return file, nil
	default:
		return file, err
	}
	r, err := target.Classify(content)
	if err != nil {
		return file, err
	}
	file.Diffs, file.By, file.State = r.Diffs, r.By, r.State
	file.Before, file.After, file.info = content, content, info
	if r.State == patchset.Drifted {
		file.Clash, file.Err = r.Explain(content, options.Goal == Restore)
	} else if options.Strict && !r.Exact {
		file.State, file.Err = patchset.Drifted, errors.New("differs from the released file; --strict rejects it")
	}
	switch {
	case file.Blocks(options.Goal):
	case options.Goal == Patch:
		file.After = r.Wanted
	default:
		file.After = r.Base
	}
	file.Action = actionOn(&file, options.Goal == Restore || !target.Wanted())
	return file, nil
}

// needsHelper is the error of a file that would load the helper when it does not exist.
func (c *Copy) needsHelper() error {
	return fmt.Errorf("needs %s, and the diff that added this can't be reversed", c.Line.Helper)
}

// checkHelperUsers marks files as drifted that would load the helper when it does
// not exist: Node.js could not load them.
func (c *Copy) checkHelperUsers() error {
	helper := slices.IndexFunc(c.Files, func(f File) bool { return f.Helper })
	removed := helper >= 0 && c.Files[helper].Action == Remove
	if removed || helper < 0 {
		c.checkPlannedUsers()
	}
	if removed {
		return c.checkOtherUsers()
	}
	return nil
}

// checkPlannedUsers checks the new content of the Plan's files.
func (c *Copy) checkPlannedUsers() {
	for i := range c.Files {
		file := &c.Files[i]
		if file.Err == nil && patchset.RefersToHelper(c.Line, file.Path, file.After) {
			file.State, file.Err, file.After, file.Action = patchset.Drifted, c.needsHelper(), file.Before, Keep
		}
	}
}

// checkOtherUsers checks all other JavaScript of the package, except its nested
// dependencies: a user's own diff may make any file load the helper.
func (c *Copy) checkOtherUsers() error {
	planned := map[string]bool{}
	for _, file := range c.Files {
		planned[file.Path] = true
	}
	return fs.WalkDir(c.files.all(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case safefile.Absent(err): // another process has removed it
			return nil
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return fs.SkipDir
		case planned[name], !entry.Type().IsRegular(), !slices.Contains(scripts, path.Ext(name)):
			return nil
		}
		content, _, err := c.files.read(name)
		if irregular := (*irregularError)(nil); errors.As(err, &irregular) {
			return nil // too large to be a file of next-auth
		}
		if safefile.Absent(err) {
			return nil
		}
		if err == nil && patchset.RefersToHelper(c.Line, name, content) {
			c.Files = append(c.Files, File{Path: name, State: patchset.Drifted, Action: Keep, Err: c.needsHelper(), Before: content, After: content})
		}
		return err
	})
}

// scripts are the extensions of files that Node.js loads as JavaScript.
var scripts = []string{".js", ".cjs", ".mjs"}

// planHelper puts the helper first among the files if it will be added, and last
// if it will be removed. So whenever the process is killed, every file that loads
// the helper finds it.
func (c *Copy) planHelper(selection *patchset.Selection, adding bool, goal Goal) error {
	file := File{Path: c.Line.Helper, Helper: true}
	content, info, err := c.files.read(file.Path)
	irregular := (*irregularError)(nil)
	switch {
	case errors.As(err, &irregular):
		file.State, file.Action, file.Err = patchset.Drifted, Keep, err
		c.Files = append(c.Files, file)
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file.State, file.Err = selection.ClassifyHelper(content)
	if file.State == patchset.Pristine && !adding {
		return nil
	}
	file.Before, file.After, file.info = content, content, info
	if info == nil && len(c.Files) > 0 {
		file.info, file.like = c.Files[0].info, c.Files[0].Path // users who can read its neighbours can read the new file
	}
	switch {
	case file.Blocks(goal):
	case adding:
		file.After = selection.Helper.Content
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

// actionOn names what the Plan does to a file. takesOff says that it reverses
// patches and does not apply them.
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
	case file.State == patchset.Outdated:
		return Update
	}
	return Apply
}
