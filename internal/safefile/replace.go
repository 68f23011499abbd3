package safefile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Group is a list of changes below one directory. After each of them, in this order,
// the files work together.
type Group struct {
	Root    *os.Root
	Path    string // of Root, as the user would type it
	Changes []*Change

	// Explain adds to an error what the user needs to know about the group.
	Explain func(error) error
}

// Change replaces, creates or removes one file.
type Change struct {
	Name   string // in the group's root, with slashes
	Before []byte // nil if there is no file
	After  []byte // nil to remove it

	// Info describes the file that Before was read from. For a new file it describes
	// the file Like, whose owner, permissions and access control list the new one gets.
	Info fs.FileInfo
	Like string

	group *Group
	kept  attributes
	temp  string   // name of the file with the new bytes, until it is renamed
	open  *os.File // that file, until it is flushed
}

// CommitError says why files could not be replaced. All changes were undone, except in
// the files of Left, which have their new bytes. Temporary lists the temporary files that
// could not be removed.
type CommitError struct {
	Err       error
	Left      []string
	Temporary []string
}

func (e *CommitError) Error() string {
	text := e.Err.Error()
	if len(e.Left) > 0 {
		text += "; these files could not be restored: " + strings.Join(e.Left, ", ")
	}
	if len(e.Temporary) > 0 {
		text += "; these temporary files could not be removed: " + strings.Join(e.Temporary, ", ")
	}
	return text
}

// Unwrap returns the cause.
func (e *CommitError) Unwrap() error { return e.Err }

// Undone reports whether everything is as it was before.
func (e *CommitError) Undone() bool { return len(e.Left)+len(e.Temporary) == 0 }

var (
	errChanged  = errors.New("was changed while proxypatch was running")
	errAppeared = errors.New("appeared while proxypatch was running")
)

// Replace makes the changes of all groups, or none. It never writes to a file in place,
// because package managers share files between projects with hard links. Every file gets
// its new bytes with a rename in its directory. All new bytes are on the disk before the
// first rename. Errors are *CommitError.
//
// If staging is not nil, Replace calls it with the number of each group, from 1.
func Replace(groups []*Group, staging func(n int)) error {
	r := &replacement{}
	for i, g := range groups {
		if staging != nil {
			staging(i + 1)
		}
		if err := r.stage(g); err != nil {
			return r.fail(g, err)
		}
	}
	for _, c := range r.staged {
		if err := c.finish(); err != nil {
			return r.fail(c.group, err)
		}
		r.done++
	}
	for _, g := range groups {
		if err := syncDirs(g.Root, g.Changes); err != nil {
			return r.fail(g, err)
		}
	}
	return nil
}

// replacement is the progress of Replace.
type replacement struct {
	staged []*Change
	done   int // how many of these are finished
}

// stage writes the new bytes of a group's files beside them.
func (r *replacement) stage(g *Group) error {
	for _, c := range g.Changes {
		c.group = g
		r.staged = append(r.staged, c)
		if err := c.stage(); err != nil {
			return err
		}
	}
	return flush(g.Changes)
}

// fail undoes everything.
func (r *replacement) fail(g *Group, err error) error {
	failure := &CommitError{Err: g.Explain(err)}
	for _, c := range r.staged[r.done:] { // first, because restoring needs room
		failure.discard(c)
	}
	failure.putBack(r.staged[:r.done])
	return failure
}

// discard removes the temporary file of a change.
func (e *CommitError) discard(c *Change) {
	if c.discard() != nil {
		e.Temporary = append(e.Temporary, filepath.Join(c.group.Path, c.temp))
	}
}

// putBack undoes changes, the last one first. In each group it stops at the first
// failure. The files work together after any number of first changes, but perhaps not
// with a later change alone.
func (e *CommitError) putBack(done []*Change) {
	failed := map[*Group]bool{}
	for _, c := range slices.Backward(done) {
		if failed[c.group] || !e.undo(c) {
			failed[c.group] = true
			e.Left = append(e.Left, filepath.Join(c.group.Path, filepath.FromSlash(c.Name)))
		}
	}
}

// undo undoes a change and reports whether it could.
func (e *CommitError) undo(c *Change) bool {
	if c.Before == nil {
		return c.remove() == nil
	}
	back := &Change{Name: c.Name, Before: c.Before, Info: c.Info, group: c.group, kept: c.kept}
	err := back.create(c.Before)
	if err == nil {
		err = flush([]*Change{back})
	}
	if err == nil {
		err = back.rename()
	}
	e.discard(back)
	return err == nil
}

// stage reads the file's attributes, which its new bytes and restored old bytes keep,
// and writes the new bytes to a temporary file.
func (c *Change) stage() (err error) {
	switch {
	case c.Before != nil:
		c.kept, err = attributesOf(c.group.Root, c.Name)
	case c.Like != "":
		c.kept, err = attributesOf(c.group.Root, c.Like)
		c.kept = c.kept.acl()
	}
	if err == nil && c.After != nil {
		err = c.create(c.After)
	}
	return err
}

// create writes data to a temporary file with the owner, attributes and permissions of
// the file. They are set in this order, so that at no time the temporary file allows
// more than the file.
func (c *Change) create(data []byte) error {
	if err := c.write(data, 0o600); err != nil {
		return err
	}
	if c.Info != nil {
		if err := keepOwner(c.open, c.Info); err != nil {
			return &fs.PathError{Op: "chown", Path: c.Name, Err: err}
		}
	}
	if err := c.kept.giveTo(c.open); err != nil {
		return &fs.PathError{Op: "fsetxattr", Path: c.Name, Err: err}
	}
	return c.open.Chmod(c.mode())
}

// mode returns the permissions that the file has, or gets if it is new.
func (c *Change) mode() fs.FileMode {
	switch {
	case c.Before != nil:
		return c.Info.Mode() & modeBits
	case c.Info != nil:
		return c.Info.Mode().Perm()
	}
	return 0o644
}

// write writes data to a new temporary file beside the file.
func (c *Change) write(data []byte, mode fs.FileMode) error {
	dir, base := path.Split(c.Name)
	name := filepath.Join(filepath.FromSlash(dir), NewTempName(base))
	file, err := c.group.Root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	c.temp, c.open = name, file
	_, err = file.Write(data)
	return err
}

// flush flushes and closes all new files.
func flush(changes []*Change) error {
	var files []*os.File
	for _, c := range changes {
		if c.open != nil {
			files = append(files, c.open)
			c.open = nil
		}
	}
	return syncAll(files, (*os.File).Sync)
}

// syncAll flushes and closes all files at once, which takes the disk about as long as
// one file.
func syncAll(files []*os.File, sync func(*os.File) error) error {
	errs := make(chan error, len(files))
	for _, file := range files {
		go func() { errs <- errors.Join(sync(file), file.Close()) }()
	}
	var all error
	for range files {
		all = errors.Join(all, <-errs)
	}
	return all
}

// finish gives the file its new bytes if the file is unchanged since the plan was made.
func (c *Change) finish() error {
	if err := c.checkUnchanged(); err != nil {
		return err
	}
	if c.After == nil {
		return c.remove()
	}
	return c.rename()
}

func (c *Change) remove() error { return c.group.Root.Remove(filepath.FromSlash(c.Name)) }

func (c *Change) rename() error {
	err := c.group.Root.Rename(c.temp, filepath.FromSlash(c.Name))
	if err == nil {
		c.temp = ""
	}
	return err
}

func (c *Change) checkUnchanged() error {
	if err := CheckDirs(c.group.Root, c.Name); err != nil {
		return err
	}
	if c.Before == nil {
		_, err := c.group.Root.Lstat(filepath.FromSlash(c.Name))
		if err == nil {
			err = c.wrong(errAppeared)
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
	data, info, err := ReadUnlinked(c.group.Root, c.Name, MaxFile)
	if irregular := (*Error)(nil); errors.As(err, &irregular) || errors.Is(err, ErrReplaced) {
		return c.wrong(err)
	}
	if err == nil && (!os.SameFile(info, c.Info) || !bytes.Equal(data, c.Before)) {
		err = c.wrong(errChanged)
	}
	return err
}

func (c *Change) wrong(err error) error { return &fs.PathError{Op: "replace", Path: c.Name, Err: err} }

// discard removes the file with the new bytes if it was not renamed.
func (c *Change) discard() error {
	if c.open != nil {
		c.open.Close()
	}
	if c.temp == "" {
		return nil
	}
	return c.group.Root.Remove(c.temp)
}

// syncDirs flushes the directories of changes.
func syncDirs(root *os.Root, changes []*Change) error {
	opened := map[string]bool{}
	var handles []*os.File
	for _, c := range changes {
		dir := filepath.FromSlash(path.Dir(c.Name))
		if opened[dir] {
			continue
		}
		opened[dir] = true
		handle, err := root.Open(dir)
		if err != nil {
			return errors.Join(err, syncAll(handles, syncDir))
		}
		handles = append(handles, handle)
	}
	return syncAll(handles, syncDir)
}

// Write writes a file of our own, completely or not at all, and replaces any file of
// that name. The file belongs to the owner of its directory.
func Write(root *os.Root, name string, data []byte) error {
	c := &Change{Name: name, group: &Group{Root: root}}
	err := c.write(data, 0o666)
	if err == nil {
		err = inheritOwner(root, c.temp)
	}
	if err == nil {
		err = flush([]*Change{c})
	}
	if err == nil {
		err = c.rename()
	}
	if err == nil {
		err = syncDirs(root, []*Change{c})
	}
	if err != nil {
		_ = c.discard()
	}
	return err
}
