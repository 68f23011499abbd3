package apply

import (
	"errors"
	"path/filepath"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// CopyError is an error of the system in a copy.
type CopyError struct {
	Copy detect.Install
	File string // relative to the package, with slashes; empty for the package itself
	Err  error  // without a path and without the name of a system call
}

func (e *CopyError) Error() string {
	return filepath.Join(e.Copy.Path, filepath.FromSlash(e.File)) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *CopyError) Unwrap() error { return e.Err }

// failed wraps an error in a *CopyError.
func (c *Copy) failed(err error) error {
	if irregular, ok := errors.AsType[*irregularError](err); ok {
		return &CopyError{c.Install, irregular.path, errors.New(irregular.what)}
	}
	name, cause := safefile.Concerned(err, c.Dir)
	if name == "." {
		name = ""
	}
	return &CopyError{c.Install, name, cause}
}
