package apply

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// CommitError says why a Plan could not be carried out. Everything done before
// was put back, except the files in Left, which hold their new bytes. Files that
// were only on their way and could not be removed are in Temporary.
type CommitError struct {
	Err       error
	Left      []string
	Temporary []string
}

func (e *CommitError) Error() string {
	text := e.Err.Error()
	if len(e.Left) > 0 {
		text += "; these files could not be put back: " + strings.Join(e.Left, ", ")
	}
	if len(e.Temporary) > 0 {
		text += "; these temporary files could not be removed: " + strings.Join(e.Temporary, ", ")
	}
	return text
}

// Unwrap returns the cause.
func (e *CommitError) Unwrap() error { return e.Err }

var (
	errNotLocked = errors.New("the plan was made without a lock")
	errBlocked   = errors.New("the plan can't be carried out")
)

// Commit writes all files of the Plan, or none: on an error everything is put
// back from the bytes the Plan holds. Every file gets its new bytes by a rename
// within its directory and never in place, since package managers share the
// bytes of one file between projects by hard links. Errors are *CommitError, with a
// *CopyError inside.
func (p *Plan) Commit() error {
	if p.Blocked() {
		return &CommitError{Err: errBlocked}
	}
	var staged, done []*step // all new files are there before any file is replaced
	fail := func(c *Copy, err error) error {
		for _, s := range staged[len(done):] { // first, for putting back needs room
			s.discard()
		}
		return &CommitError{Err: c.failed(err), Left: putBack(done), Temporary: p.temporary()}
	}
	for i, c := range p.Copies {
		p.tell("writing", i+1, len(p.Copies))
		steps, err := c.stage()
		staged = append(staged, steps...)
		if err != nil {
			return fail(c, err)
		}
	}
	for _, s := range staged {
		if err := s.finish(); err != nil {
			return fail(s.copy, err)
		}
		done = append(done, s)
	}
	for _, c := range p.Copies {
		if err := c.syncDirs(done); err != nil {
			return fail(c, err)
		}
	}
	return nil
}

// temporary names the files on their way that could not be removed.
func (p *Plan) temporary() []string {
	var all []string
	for _, c := range p.Copies {
		all = append(all, c.temporary...)
	}
	return all
}

// step is one file of one copy on its way to its new bytes.
type step struct {
	copy *Copy
	file *File
	temp string   // name of the file with the new bytes, empty for a removal
	open *os.File // that file, until it is flushed
}

// stage writes all new bytes of a copy to temporary files and returns the steps, also
// beside an error. It removes those that a killed run has left.
func (c *Copy) stage() (staged []*step, err error) {
	if c.locked == nil {
		return nil, errNotLocked
	}
	if err := removeLeftovers(c.root, c.dirs); err != nil {
		return nil, err
	}
	for i := range c.Files {
		file := &c.Files[i]
		if !file.Changes() {
			continue
		}
		s := &step{copy: c, file: file}
		staged = append(staged, s)
		if err := c.readAttributes(file); err != nil {
			return staged, err
		}
		if file.After != nil {
			if err := s.create(file.After); err != nil {
				return staged, err
			}
		}
	}
	return staged, flush(staged)
}

// readAttributes reads those that the file's next bytes, or its old ones if they are
// put back, are to have.
func (c *Copy) readAttributes(file *File) (err error) {
	switch {
	case file.Before != nil:
		file.attributes, err = safefile.Of(c.root, file.Path)
	case file.like != "":
		file.attributes, err = safefile.Of(c.root, file.like)
		file.attributes = file.attributes.ACL()
	}
	return err
}

// create writes data to a new file beside the step's, with its mode, owner and
// attributes. Until the last step of these nobody may do more with it than with the
// file that it is to replace.
func (s *step) create(data []byte) error {
	dir, base := path.Split(s.file.Path)
	name := filepath.Join(filepath.FromSlash(dir), safefile.NewTempName(base))
	file, err := s.copy.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.temp, s.open = name, file
	if _, err := file.Write(data); err != nil {
		return err
	}
	if s.file.info != nil {
		if err := safefile.KeepOwner(file, s.file.info); err != nil {
			return &fs.PathError{Op: "chown", Path: s.file.Path, Err: err}
		}
	}
	if err := s.file.attributes.GiveTo(file); err != nil {
		return &fs.PathError{Op: "fsetxattr", Path: s.file.Path, Err: err}
	}
	if s.file.Before != nil {
		return file.Chmod(safefile.Mode(s.file.info))
	}
	return file.Chmod(s.file.Mode())
}

// flush makes the bytes of all new files last, and closes them.
func flush(steps []*step) error {
	var files []*os.File
	for _, s := range steps {
		if s.open != nil {
			files = append(files, s.open)
			s.open = nil
		}
	}
	return syncAll(files, (*os.File).Sync)
}

// syncAll syncs and closes files, all at once: the disk does that in about the
// time it takes for one.
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

// finish gives the file its new bytes, provided that it is still the file the
// Plan was made from.
func (s *step) finish() error {
	name := filepath.FromSlash(s.file.Path)
	if err := s.unchanged(name); err != nil {
		return err
	}
	if s.temp == "" {
		return s.copy.root.Remove(name)
	}
	return s.copy.root.Rename(s.temp, name)
}

func (s *step) unchanged(name string) error {
	if err := checkDirs(s.copy.root, s.file.Path); err != nil {
		return err
	}
	info, err := s.copy.root.Lstat(name)
	if s.file.Before == nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			return &irregularError{s.file.Path, "appeared while proxypatch was at work"}
		}
	}
	if err != nil {
		return err
	}
	planned := s.file.info
	if !os.SameFile(info, planned) || info.Size() != planned.Size() || !info.ModTime().Equal(planned.ModTime()) {
		return &irregularError{s.file.Path, "was changed while proxypatch was at work"}
	}
	return nil
}

// discard removes the file with the new bytes, if there is one. If it can't, the copy
// remembers the file.
func (s *step) discard() {
	if s.open != nil {
		s.open.Close()
	}
	if s.temp != "" && s.copy.root.Remove(s.temp) != nil {
		s.copy.temporary = append(s.copy.temporary, filepath.Join(s.copy.Path, s.temp))
	}
}

// syncDirs makes the renames of those steps last that are the copy's.
func (c *Copy) syncDirs(done []*step) error {
	opened := map[string]bool{}
	var handles []*os.File
	for _, s := range done {
		dir := filepath.FromSlash(path.Dir(s.file.Path))
		if s.copy != c || opened[dir] {
			continue
		}
		opened[dir] = true
		handle, err := c.root.Open(dir)
		if err != nil {
			return errors.Join(err, syncAll(handles, syncDir))
		}
		handles = append(handles, handle)
	}
	return syncAll(handles, syncDir)
}

// putBack undoes the steps, the last one first, and returns the paths of the
// files that keep their new bytes. In a copy it ends where that fails: the files
// can be loaded in Node.js after any number of its steps, and not in general if
// one of the later ones stays.
func putBack(done []*step) (left []string) {
	failed := map[*Copy]bool{}
	for _, s := range slices.Backward(done) {
		if failed[s.copy] || s.undo() != nil {
			failed[s.copy] = true
			left = append(left, filepath.Join(s.copy.Path, filepath.FromSlash(s.file.Path)))
		}
	}
	return left
}

func (s *step) undo() error {
	name := filepath.FromSlash(s.file.Path)
	if s.file.Before == nil {
		return s.copy.root.Remove(name)
	}
	back := &step{copy: s.copy, file: s.file}
	err := back.create(s.file.Before)
	if err == nil {
		err = flush([]*step{back})
	}
	if err == nil {
		err = s.copy.root.Rename(back.temp, name)
	}
	if err != nil {
		back.discard()
	}
	return err
}
