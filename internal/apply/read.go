package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/proxypatch/proxypatch/internal/pnp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// irregularError says that something other than a regular file of reasonable size
// is in the place of a package's file.
type irregularError struct {
	path, what string
}

func (e *irregularError) Error() string {
	return fmt.Sprintf("%s %s", e.path, e.what)
}

// reader reads the files of a copy, which have names with slashes.
type reader interface {
	// read reads a regular file. The error is an *irregularError, or wraps
	// fs.ErrNotExist, or is from the system.
	read(name string) ([]byte, fs.FileInfo, error)
	// look returns the error of looking at a file, as read does.
	look(name string) error
	all() fs.FS
}

// directory reads the files of a package on disk. os.Root keeps each path inside the
// package. Every directory of a path is checked, too, because even inside the package a
// link must not redirect a write to another file.
type directory struct{ root *os.Root }

func (d directory) all() fs.FS { return d.root.FS() }

func (d directory) look(name string) error {
	err := checkDirs(d.root, name)
	if err == nil {
		_, err = d.root.Lstat(filepath.FromSlash(name))
	}
	return err
}

func (d directory) read(name string) ([]byte, fs.FileInfo, error) {
	if err := checkDirs(d.root, name); err != nil {
		return nil, nil, err
	}
	data, info, err := safefile.ReadUnlinked(d.root, name, safefile.MaxFile)
	return data, info, irregular(name, err)
}

// archive reads the files of a package in an archive, whose directories are no links.
type archive struct {
	files fs.FS
	dir   string // the package's directory in it
}

func (a archive) all() fs.FS { return a.files }

func (a archive) look(name string) error {
	_, err := fs.Lstat(a.files, name)
	return err
}

func (a archive) read(name string) ([]byte, fs.FileInfo, error) {
	data, info, err := safefile.ReadFrom(a.files, name, safefile.MaxFile)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*safefile.Error)) {
		return data, info, irregular(name, err)
	}
	at, _, failed := pnp.Split(a.dir)
	if failed != nil {
		return nil, nil, failed
	}
	return nil, nil, &pnp.Error{Path: at, Err: fmt.Errorf("is damaged: %s: %w", name, err)}
}

// irregular adds a file's name to an error of safefile.
func irregular(name string, err error) error {
	if irregular := (*safefile.Error)(nil); errors.As(err, &irregular) {
		return &irregularError{name, irregular.What}
	}
	if errors.Is(err, safefile.ErrReplaced) {
		return fmt.Errorf("%s %w", name, err)
	}
	return err
}

// checkDirs makes sure that every directory in the path of name is a real one.
func checkDirs(root *os.Root, name string) error {
	err := safefile.CheckDirs(root, name)
	at, irregular := (*fs.PathError)(nil), (*safefile.Error)(nil)
	if errors.As(err, &at) && errors.As(err, &irregular) {
		return &irregularError{at.Path, irregular.What}
	}
	return err
}

// removeLeftovers removes the temporary files that a killed proxypatch left in the
// directories. Call it only with the lock and only before writing: a run that is
// refused changes nothing.
func removeLeftovers(root *os.Root, dirs []string) error {
	for _, dir := range dirs {
		if err := removeLeftoversIn(root, dir); err != nil {
			return err
		}
	}
	return nil
}

func removeLeftoversIn(root *os.Root, dir string) error {
	err := checkDirs(root, dir+"/")
	if errors.As(err, new(*irregularError)) || errors.Is(err, fs.ErrNotExist) {
		return nil // reading the file itself reports what is wrong with its directory
	}
	if err != nil {
		return err
	}
	return safefile.CleanDir(root, dir)
}
