package buildcache

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// moved is what has another name in the meantime; both are relative to the app,
// with slashes.
type moved struct{ from, to string }

// Stage puts out of the way what next-auth's new state makes old: the stamps,
// then what may hold code. Call it before next-auth's files change. If it fails,
// it puts everything back, so that nothing has changed, and returns an *Error.
//
// Whenever a run is killed after this, the cache has no stamp, and what is built
// meanwhile counts as old.
func (a *App) Stage() error {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return &Error{".", err}
	}
	defer root.Close()
	for i := range a.Caches {
		if err := a.Caches[i].stage(root); err != nil {
			if left := a.unstage(root); left != nil {
				return errors.Join(err, left)
			}
			return err
		}
	}
	return nil
}

// Unstage takes Stage back, for when next-auth's files stay as they are. The
// error holds an *Error for everything that could not be put back, which is then
// missing, and without a stamp.
func (a *App) Unstage() error {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return &Error{".", err}
	}
	defer root.Close()
	return a.unstage(root)
}

func (a *App) unstage(root *os.Root) error {
	var left []error
	for i := range a.Caches {
		left = append(left, a.Caches[i].unstage(root)...)
	}
	return errors.Join(left...)
}

// Finish makes the directories that are missing, puts the stamps, and removes
// what Stage put out of the way. Call it after Stage, when next-auth's files are
// in their new state.
//
// What it could not do is worth a note and does no harm: nobody builds from what
// is out of the way, and what is built without a stamp counts as old at the next
// run.
func (a *App) Finish() []*Error {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return []*Error{{".", err}}
	}
	defer root.Close()
	var notes []*Error
	for i := range a.Caches {
		c := &a.Caches[i]
		if c.Action != Keep {
			if note := c.mark(root, a.state); note != nil {
				notes = append(notes, note)
			}
		}
		notes = append(notes, c.sweep(root)...)
	}
	return notes
}

func (c *Cache) stage(root *os.Root) error {
	if c.marked && (c.Action == Delete || c.Action == Stamp) {
		err := c.stageStamp(root)
		if c.Action == Stamp && errors.Is(err, syscall.EROFS) {
			return nil // nobody can build into it either, and Finish says so
		}
		if err != nil {
			return err
		}
	}
	if c.Action == Delete {
		for _, warm := range c.Warm {
			if err := c.putAside(root, warm); err != nil {
				return err
			}
		}
	}
	if len(c.aside) == 0 {
		return nil
	}
	if err := safefile.SyncDir(root, c.Path); err != nil {
		return newError(root, c.Path, err)
	}
	return nil
}

// stageStamp puts the stamp aside, unless there is a directory in its place in
// which somebody keeps something.
func (c *Cache) stageStamp(root *os.Root) error {
	stamp := path.Join(c.Path, stampName)
	if err := replaceable(root, stamp); err != nil {
		return err
	}
	return c.putAside(root, stamp)
}

// replaceable returns an *Error if a stamp can't be put aside.
func replaceable(root *os.Root, stamp string) error {
	info, err := root.Lstat(filepath.FromSlash(stamp))
	if err == nil && info.IsDir() {
		var entries []fs.DirEntry
		if entries, err = fs.ReadDir(root.FS(), stamp); len(entries) > 0 {
			return &Error{stamp, errFull}
		}
	}
	if err != nil && !safefile.Absent(err) {
		return newError(root, stamp, err)
	}
	return nil
}

func (c *Cache) putAside(root *os.Root, name string) error {
	to, err := safefile.PutAside(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return newError(root, name, err)
	}
	c.aside = append(c.aside, moved{name, to})
	return nil
}

// unstage puts back the stamp last, and only beside everything that it marked.
func (c *Cache) unstage(root *os.Root) (left []error) {
	for _, m := range slices.Backward(c.aside) {
		if path.Base(m.from) == stampName && len(left) > 0 {
			break
		}
		if err := safefile.PutBack(root, m.to, m.from); err != nil {
			left = append(left, newError(root, m.from, err))
		}
	}
	c.aside = nil
	return left
}

// mark puts the stamp, unless there is code again that a build made of
// next-auth's old state.
func (c *Cache) mark(root *os.Root, state string) *Error {
	warm, err := warmIn(root, c.Path)
	if at := (*Error)(nil); errors.As(err, &at) {
		return at
	}
	if len(warm) > 0 {
		return &Error{warm[0], errMeanwhile}
	}
	err = safefile.MakeDirs(root, c.Path)
	if err == nil {
		err = writeStamp(root, c.Path, state)
	}
	if err != nil {
		return newError(root, path.Join(c.Path, stampName), err)
	}
	return nil
}

// sweep removes what this run and killed ones have put aside.
func (c *Cache) sweep(root *os.Root) (notes []*Error) {
	entries, err := fs.ReadDir(root.FS(), c.Path)
	if err != nil && (len(c.aside) > 0 || !safefile.Absent(err)) {
		return []*Error{newError(root, c.Path, err)}
	}
	for _, entry := range entries {
		if base, _ := safefile.TempNameBase(entry.Name()); !safefile.IsAside(entry.Name()) && base != stampName {
			continue
		}
		old := path.Join(c.Path, entry.Name())
		if err := safefile.RemoveTemporary(root, old); err != nil {
			notes = append(notes, newError(root, old, err))
			if slices.ContainsFunc(c.aside, func(m moved) bool { return m.to == old }) {
				c.Remains = append(c.Remains, old)
			}
		}
	}
	return notes
}

// Aside reports whether the error is about what no build uses any more.
func (e *Error) Aside() bool { return safefile.IsAside(path.Base(e.Path)) }
