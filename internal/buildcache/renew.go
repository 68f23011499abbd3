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

// moved is a file or directory with a temporary name. Both names are relative to the
// app, with slashes.
type moved struct{ from, to string }

// Stage moves aside what next-auth's new state makes old: first the stamps, then the
// code caches. Call it before next-auth's files change. If it fails, it moves
// everything back and returns an *Error.
//
// If the run is killed afterwards, the cache has no stamp, so builds in between count
// as old.
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

// Unstage undoes Stage if next-auth's files did not change. The error holds an *Error
// for everything that could not be moved back; that cache then has no stamp.
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

// Finish creates missing directories, writes the stamps, and deletes what Stage moved
// aside and the directories that only a stamp made. Call it after Stage, when next-auth's files are in their new state.
//
// Its errors do no harm: builds ignore what was moved aside, and a cache without a stamp
// counts as old at the next run.
func (a *App) Finish() []*Error {
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return []*Error{{".", err}}
	}
	defer root.Close()
	var notes []*Error
	for i := range a.Caches {
		notes = append(notes, a.Caches[i].finish(root, a.state)...)
	}
	return notes
}

func (c *Cache) finish(root *os.Root, state string) (notes []*Error) {
	if c.Action != Keep && c.Action != Remove {
		if note := c.mark(root, state); note != nil {
			notes = append(notes, note)
		}
	}
	notes = append(notes, c.sweep(root)...)
	if c.Action == Remove {
		if err := safefile.RemoveEmptyDirs(root, c.Path); err != nil {
			notes = append(notes, newError(root, c.Path, err))
		}
	}
	return notes
}

func (c *Cache) stage(root *os.Root) error {
	if c.replacesStamp() {
		err := c.stageStamp(root)
		if c.Action == Stamp && errors.Is(err, syscall.EROFS) {
			return nil // builds can't write there either, and Finish reports it
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

// stageStamp moves the stamp aside, unless a non-empty directory is in its place.
func (c *Cache) stageStamp(root *os.Root) error {
	stamp := path.Join(c.Path, stampName)
	if err := replaceable(root, stamp); err != nil {
		return err
	}
	return c.putAside(root, stamp)
}

// replaceable returns an *Error if a stamp can't be moved aside.
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

// unstage moves the stamp back last, and only if everything that it marked is back.
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

// mark writes the stamp, unless a build has meanwhile created a code cache from
// next-auth's old state.
func (c *Cache) mark(root *os.Root, state string) *Error {
	warm, err := warmIn(root, c.Path)
	if at := (*Error)(nil); errors.As(err, &at) {
		return at
	}
	if len(warm) > 0 {
		return &Error{warm[0], errMeanwhile}
	}
	_, err = safefile.MakeDirs(root, c.Path)
	if err == nil {
		err = writeStamp(root, c.Path, state)
	}
	if err != nil {
		return newError(root, path.Join(c.Path, stampName), err)
	}
	return nil
}

// sweep deletes what this run and killed runs moved aside.
func (c *Cache) sweep(root *os.Root) (notes []*Error) {
	entries, err := fs.ReadDir(root.FS(), c.Path)
	if err != nil && (len(c.aside) > 0 || !safefile.Absent(err)) {
		return []*Error{newError(root, c.Path, err)}
	}
	for _, entry := range entries {
		if !isOurs(entry.Name()) {
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

// Aside reports whether the error concerns something that was moved aside, which no
// build uses.
func (e *Error) Aside() bool { return safefile.IsAside(path.Base(e.Path)) }
