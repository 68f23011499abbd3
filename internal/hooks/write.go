package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const (
	manifestName = "package.json"
	// maxManifest bounds the size of a package.json, in bytes.
	maxManifest = 4 << 20
)

// FileError says which package.json can't be used, and why.
type FileError struct {
	Path string // as a person would write it
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

var errChanged = errors.New("was changed while proxypatch was at work")

// readFile reads the package.json in root, if it is a regular file: behind a
// link stands a file that others may use too. The error is a *FileError.
func readFile(root *os.Root, path string) ([]byte, fs.FileInfo, error) {
	data, info, err := safefile.ReadUnlinked(root, manifestName, maxManifest)
	if err != nil {
		return nil, nil, &FileError{path, plain(err)}
	}
	return data, info, nil
}

// plain leaves the path out of an error, for FileError names a better one.
func plain(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// step is one file on its way to its new bytes.
type step struct {
	file *File
	root *os.Root
	temp string // name of the file with the new bytes; empty once that is in place

	attributes safefile.Attributes // of the file
}

// Lock keeps other proxypatches from writing to a workspace's package.json files
// until it is closed. Take it before the plan is made: one that fails puts back
// what it has read, and with it what others have written since. Windows has no
// such lock; there a file that was changed meanwhile is an error.
func Lock(ws *detect.Workspace) (io.Closer, error) {
	root, err := os.OpenRoot(ws.Root().Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return lock(root)
}

// Commit writes all files of the plan, or none. Each gets its new bytes by a
// rename and must still be the file that was read; on an error those before it
// are put back. Errors are *apply.CommitError. What a killed run has left beside the
// files goes first, also if nothing is to be written.
func (p *Plan) Commit() (err error) {
	for _, pkg := range p.ws.Packages {
		if pkg.Linked { // another project's
			continue
		}
		if err := clean(pkg.Dir); err != nil {
			return &apply.CommitError{Err: &FileError{p.ws.Display(pkg.Dir), err}}
		}
	}
	var steps []*step
	defer func() {
		for _, s := range steps {
			left, commit := s.close(), (*apply.CommitError)(nil)
			if left != "" && errors.As(err, &commit) {
				commit.Temporary = append(commit.Temporary, left)
			}
		}
	}()
	for _, f := range p.Files {
		if !f.Changes() {
			continue
		}
		root, err := os.OpenRoot(f.pkg.Dir)
		if err != nil {
			return &apply.CommitError{Err: err}
		}
		s := &step{file: f, root: root}
		steps = append(steps, s)
		if s.attributes, err = safefile.Of(root, manifestName); err == nil {
			err = s.stage(f.after)
		}
		if err != nil {
			return &apply.CommitError{Err: &FileError{f.Path, plain(err)}}
		}
	}
	for i, s := range steps {
		if err := s.finish(); err != nil {
			return &apply.CommitError{Err: &FileError{s.file.Path, plain(err)}, Left: putBack(steps[:i])}
		}
	}
	return nil
}

// clean removes what a killed run has left in a directory. On Windows, where there is
// no lock, it may be another run's that is at work.
func clean(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return safefile.CleanDir(root, ".")
}

// stage writes data to a new file beside the package.json, with its mode, owner and
// attributes.
func (s *step) stage(data []byte) error {
	name := safefile.NewTempName(manifestName)
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.temp = name
	_, err = file.Write(data)
	if err == nil {
		err = safefile.KeepOwner(file, s.file.info)
	}
	if err == nil {
		err = s.attributes.GiveTo(file)
	}
	if err == nil {
		err = file.Chmod(safefile.Mode(s.file.info))
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// finish puts the new bytes in place of those that the plan was made from.
func (s *step) finish() error {
	data, info, err := safefile.ReadUnlinked(s.root, manifestName, maxManifest)
	if err != nil {
		return err
	}
	if !os.SameFile(info, s.file.info) || !bytes.Equal(data, s.file.before) {
		return errChanged
	}
	if err := s.root.Rename(s.temp, manifestName); err != nil {
		return err
	}
	s.temp = ""
	return nil
}

// close removes the file with the new bytes if it is not in its place, and returns
// its path if that fails.
func (s *step) close() (left string) {
	if s.temp != "" && s.root.Remove(s.temp) != nil {
		left = filepath.Join(filepath.Dir(s.file.Path), s.temp)
	}
	s.root.Close()
	return left
}

// putBack undoes the steps, the last one first, and returns the paths of the
// files for which that failed.
func putBack(done []*step) (left []string) {
	for _, s := range slices.Backward(done) {
		err := s.stage(s.file.before)
		if err == nil {
			err = s.root.Rename(s.temp, manifestName)
		}
		if err != nil {
			left = append(left, s.file.Path)
			continue
		}
		s.temp = ""
	}
	return left
}
