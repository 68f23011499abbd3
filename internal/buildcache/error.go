package buildcache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Error is an error of a cache directory or of a file in it.
type Error struct {
	Path string // relative to the app, with slashes
	Err  error  // the cause, without a path
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	errOutside   = errors.New("leads out of the app through a link")
	errDeep      = errors.New("is nested more than 100 directories deep") // maxDepth
	errFull      = errors.New("is a non-empty directory")
	errMeanwhile = errors.New("was built while next-auth changed, so it may hold old code")
)

func newError(root *os.Root, name string, err error) *Error {
	return &Error{name, Cause(root, err)}
}

// Cause returns the system's error without the system call and without the path, which
// is relative to a directory that the user does not see. [os.Root] exports no error for
// a link that leads out of it, but ".." always gives the same one.
func Cause(root *os.Root, err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	if at := (*os.LinkError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	if _, outside := root.Lstat(".."); errors.Is(err, errors.Unwrap(outside)) {
		return errOutside
	}
	return err
}
