package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Error says what is in the place of a regular file of reasonable size, or of a directory.
type Error struct {
	What string
	Dir  bool // a directory belongs there
}

func (e *Error) Error() string { return e.What }

// ErrReplaced says that a file was replaced at every attempt to read it.
var ErrReplaced = errors.New("keeps being replaced while proxypatch reads it")

// MaxFile limits the size of a file to be replaced, in bytes. Files of next-auth have a
// few thousand.
const MaxFile = 4 << 20

// ReadFile returns the content of a file of at most max bytes. It follows links. The
// error is an *Error or from the system.
func ReadFile(path string, max int64) ([]byte, error) {
	found, err := os.Stat(path)
	if err == nil {
		err = check(found, max)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, openFlags, 0)
	data, _, err := read(nil, file, err, max)
	return data, err
}

// ReadIn does what ReadFile does for a name in root, with slashes. Links can't lead out
// of root.
func ReadIn(root *os.Root, name string, max int64) ([]byte, error) {
	return ReadInto(nil, root, name, max)
}

// ReadInto does what ReadIn does, in the memory of a buffer that is no longer needed.
func ReadInto(buffer []byte, root *os.Root, name string, max int64) ([]byte, error) {
	name = filepath.FromSlash(name)
	found, err := root.Stat(name)
	if err == nil {
		err = check(found, max)
	}
	if err != nil {
		return nil, err
	}
	file, err := root.OpenFile(name, openFlags, 0)
	data, _, err := read(buffer, file, err, max)
	return data, err
}

// ReadUnlinked does what ReadIn does for a file that will be replaced, so the file must
// not be a link. It also describes the file. If another process replaces the file
// meanwhile, it is read again; ErrReplaced means that this did not end.
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
		data, info, err := read(nil, file, err, max)
		if err != nil || os.SameFile(found, info) {
			return data, info, err
		}
	}
	return nil, nil, ErrReplaced
}

// ReadFrom does what ReadUnlinked does for a name in a file system that no other process
// changes, such as an archive. What the file system says of a size need not be true.
func ReadFrom(files fs.FS, name string, max int64) ([]byte, fs.FileInfo, error) {
	info, err := fs.Lstat(files, name)
	if err == nil {
		err = check(info, max)
	}
	if err != nil {
		return nil, nil, err
	}
	file, err := files.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, max+1))
	if err == nil && int64(len(data)) > max {
		err = &Error{What: fmt.Sprintf("has more than %d bytes", max)}
	}
	return data, info, err
}

// read reads an opened file. All readers check a file before they open it, because
// opening a device can have effects. read checks again what was really opened.
func read(buffer []byte, file *os.File, err error, max int64) ([]byte, fs.FileInfo, error) {
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
	if buffer == nil || int64(cap(buffer)) < info.Size() {
		buffer = make([]byte, info.Size()) // never nil: an empty file is a file
	}
	data := buffer[:info.Size()]
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, nil, &fs.PathError{Op: "read", Path: file.Name(), Err: err}
	}
	return data, info, nil
}

// check returns an *Error unless the file is regular and has at most max bytes.
func check(info fs.FileInfo, max int64) error {
	if !info.Mode().IsRegular() {
		return &Error{What: describe(info.Mode()) + ", not a regular file"}
	}
	if info.Size() > max {
		return &Error{What: fmt.Sprintf("has %d bytes; the limit is %d", info.Size(), max)}
	}
	return nil
}

// describe says what kind of file has a mode.
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

// ReadDir lists a directory in no order. It follows links and opens only directories.
func ReadDir(path string) ([]fs.DirEntry, error) {
	dir, err := os.OpenFile(path, openDirFlags, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadDir(-1)
}
