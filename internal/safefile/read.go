package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Error says what stands in the place of a regular file of sensible size.
type Error struct{ What string }

func (e *Error) Error() string { return e.What }

// ErrReplaced says that a file was replaced again and again.
var ErrReplaced = errors.New("keeps being replaced while proxypatch reads it")

// MaxFile bounds the size of a file that is read to be replaced, in bytes. Those of
// next-auth have a few thousand.
const MaxFile = 4 << 20

// ReadFile returns the content of the file at a path, or behind links from
// there, of at most max bytes. The error is an *Error or from the system.
func ReadFile(path string, max int64) ([]byte, error) {
	found, err := os.Stat(path)
	if err == nil {
		err = check(found, max)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, openFlags, 0)
	data, _, err := read(file, err, max)
	return data, err
}

// ReadIn is ReadFile for a name in root, with slashes, which links do not leave.
func ReadIn(root *os.Root, name string, max int64) ([]byte, error) {
	name = filepath.FromSlash(name)
	found, err := root.Stat(name)
	if err == nil {
		err = check(found, max)
	}
	if err != nil {
		return nil, err
	}
	file, err := root.OpenFile(name, openFlags, 0)
	data, _, err := read(file, err, max)
	return data, err
}

// ReadUnlinked is ReadIn for what must not be a link itself, because it is to be
// written. It describes the file as well. A file that another process replaces
// meanwhile is read again; the error is ErrReplaced if that does not end.
func ReadUnlinked(root *os.Root, name string, max int64) ([]byte, fs.FileInfo, error) {
	name = filepath.FromSlash(name)
	for range 10 {
		found, err := root.Lstat(name)
		if err == nil {
			err = check(found, max)
		}
		if err != nil {
			return nil, nil, err
		}
		file, err := root.OpenFile(name, openFlags, 0)
		data, info, err := read(file, err, max)
		if err != nil || os.SameFile(found, info) {
			return data, info, err
		}
	}
	return nil, nil, ErrReplaced
}

// read takes what an open has returned. All look before they open, since to open
// a device can do something; here is looked again, at what has been opened.
func read(file *os.File, err error, max int64) ([]byte, fs.FileInfo, error) {
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil {
		err = check(info, max)
	}
	if err != nil {
		return nil, nil, err
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, nil, &fs.PathError{Op: "read", Path: file.Name(), Err: err}
	}
	return data, info, nil
}

// check returns an *Error for what is no regular file of at most max bytes.
func check(info fs.FileInfo, max int64) error {
	if !info.Mode().IsRegular() {
		return &Error{describe(info.Mode()) + ", not a regular file"}
	}
	if info.Size() > max {
		return &Error{fmt.Sprintf("has %d bytes; the limit is %d", info.Size(), max)}
	}
	return nil
}

// describe says what a file of some mode is.
func describe(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case mode.IsDir():
		return "is a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "is a named pipe"
	case mode.IsRegular():
		return "is a file"
	}
	return "is a special file"
}

// ReadDir lists a directory, or what a link there leads to, in no order, and
// opens nothing else.
func ReadDir(path string) ([]fs.DirEntry, error) {
	dir, err := os.OpenFile(path, openDirFlags, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadDir(-1)
}
