package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// Absent reports whether an error says that nothing can exist at a path. Any other
// error does not answer that.
func Absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// Exists reports whether a path exists. It follows links.
func Exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if Absent(err) {
		return false, nil
	}
	return err == nil, err
}

// IsDir reports whether a name in root, with slashes, is a directory or a link to one.
// Anything else there, or in place of a parent directory, is an *Error.
func IsDir(root *os.Root, name string) (bool, error) {
	info, err := root.Stat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Windows returns it, too, if a file is in place of a parent directory.
		if above := path.Dir(name); above != "." {
			_, err := IsDir(root, above)
			return false, err
		}
		return false, nil
	case err != nil:
		return false, err
	case !info.IsDir():
		return false, &Error{What: "is not a directory", Dir: true}
	}
	return true, nil
}

// CheckDirs makes sure that every parent directory of a name in root, with slashes, is
// a real directory and not a link. The error is a *fs.PathError, with an *Error inside if
// something else is there.
func CheckDirs(root *os.Root, name string) error {
	for at, char := range name {
		if char != '/' {
			continue
		}
		info, err := root.Lstat(filepath.FromSlash(name[:at]))
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &fs.PathError{Op: "open", Path: name[:at], Err: &Error{What: describe(info.Mode()) + ", not a directory", Dir: true}}
		}
	}
	return nil
}

// RealDir lists the names in a directory of root, which has a name with slashes. is
// reports whether there is a directory and not, for example, a link to one.
func RealDir(root *os.Root, name string) (names []string, is bool, err error) {
	name = filepath.FromSlash(name)
	info, err := root.Lstat(name)
	if err != nil || !info.IsDir() {
		return nil, false, err
	}
	dir, err := root.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer dir.Close()
	names, err = dir.Readdirnames(-1) // ReadDir would stat each of them
	return names, true, err
}
