package buildcache

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// aside starts the base of the temporary names of what Stage puts out of the way.
// What a killed run leaves under such a name is removed by the next Finish.
const aside = "old-"

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
	if c.Action != Delete && c.Action != Stamp {
		return nil
	}
	if c.marked {
		err := c.stageStamp(root)
		if c.Action == Stamp && errors.Is(err, syscall.EROFS) {
			return nil // nobody can build into it either, and Finish says so
		}
		if err != nil {
			return err
		}
	}
	if c.Action != Delete {
		return nil
	}
	for _, warm := range c.Warm {
		if err := c.putAside(root, warm); err != nil {
			return err
		}
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
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return newError(root, stamp, err)
	}
	return nil
}

func (c *Cache) putAside(root *os.Root, name string) error {
	to := path.Join(c.Path, safefile.NewTempName(aside+path.Base(name)))
	err := move(root, name, to)
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
		if err := move(root, m.to, m.from); err != nil {
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
	err = makeDirs(root, c.Path)
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
	if err != nil && (len(c.aside) > 0 || !absent(err)) {
		return []*Error{newError(root, c.Path, err)}
	}
	for _, entry := range entries {
		if !isAside(entry.Name()) {
			continue
		}
		old := path.Join(c.Path, entry.Name())
		if err := root.RemoveAll(filepath.FromSlash(old)); err != nil {
			notes = append(notes, newError(root, old, err))
			if slices.ContainsFunc(c.aside, func(m moved) bool { return m.to == old }) {
				c.Remains = append(c.Remains, old)
			}
		}
	}
	return notes
}

// Aside reports whether the error is about what no build uses any more.
func (e *Error) Aside() bool { return isAside(path.Base(e.Path)) }

func isAside(name string) bool {
	return safefile.IsTempName(name) && strings.HasPrefix(name, ".proxypatch-"+aside)
}

// move gives a file or directory another name, which is free. Where a directory
// can't be renamed, what is in it is: overlayfs, under an image that is built,
// renames no directory of an earlier layer. If it fails, nothing has moved.
func move(root *os.Root, from, to string) error {
	err := root.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	info, err := root.Lstat(filepath.FromSlash(from))
	if err != nil {
		return err
	}
	if err := root.Mkdir(filepath.FromSlash(to), info.Mode().Perm()); err != nil {
		return err
	}
	err = inheritOwner(root, filepath.FromSlash(to))
	if err == nil {
		err = moveAll(root, from, to)
	}
	if err != nil {
		_ = root.Remove(filepath.FromSlash(to))
	}
	return err
}

// moveAll moves what is in a directory to another, and removes the first.
func moveAll(root *os.Root, from, to string) error {
	entries, err := fs.ReadDir(root.FS(), from)
	for i := 0; err == nil && i < len(entries); i++ {
		name := entries[i].Name()
		if err = move(root, path.Join(from, name), path.Join(to, name)); err != nil {
			entries = entries[:i]
		}
	}
	if err == nil {
		err = root.Remove(filepath.FromSlash(from))
	}
	if err != nil {
		for _, entry := range entries {
			_ = move(root, path.Join(to, entry.Name()), path.Join(from, entry.Name()))
		}
	}
	return err
}

// makeDirs makes the directories that are missing on the way to name. Each gets
// the owner of the one it is made in, so that whoever builds can write there.
func makeDirs(root *os.Root, name string) error {
	for at := range len(name) + 1 {
		if at < len(name) && name[at] != '/' {
			continue
		}
		dir := filepath.FromSlash(name[:at])
		err := root.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := inheritOwner(root, dir); err != nil {
			return err
		}
	}
	return nil
}

// absent reports whether an error says that nothing can be in a place.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
