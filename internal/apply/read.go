package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

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

// readFile reads a regular file of the package. os.Root keeps the path inside the
// package. readFile also checks every directory of the path, because even inside the
// package a link must not redirect a write to another file. The error is an
// *irregularError, or wraps fs.ErrNotExist, or is from the system.
func readFile(root *os.Root, name string) ([]byte, fs.FileInfo, error) {
	if err := checkDirs(root, name); err != nil {
		return nil, nil, err
	}
	data, info, err := safefile.ReadUnlinked(root, name, safefile.MaxFile)
	if irregular := (*safefile.Error)(nil); errors.As(err, &irregular) {
		return nil, nil, &irregularError{name, irregular.What}
	}
	if errors.Is(err, safefile.ErrReplaced) {
		return nil, nil, fmt.Errorf("%s %w", name, err)
	}
	return data, info, err
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
