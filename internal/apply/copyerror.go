package apply

import (
	"errors"
	"io/fs"
	"os"
	"path"
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

// failed wraps an error in a *CopyError. It replaces the name of a temporary file
// with the name of the file that it was made for.
func (c *Copy) failed(err error) error {
	name, cause := split(err)
	if filepath.IsAbs(name) {
		var outside error
		if name, outside = filepath.Rel(c.Dir, name); outside != nil {
			name = ""
		}
	}
	if name = filepath.ToSlash(name); name == "." {
		name = ""
	}
	if base, ok := safefile.TempNameBase(path.Base(name)); ok {
		name = path.Join(path.Dir(name), base)
	}
	return &CopyError{c.Install, name, cause}
}

// split separates the path that an error names, if it names one, from its cause.
func split(err error) (name string, cause error) {
	for cause = err; ; {
		at, link, irregular := (*fs.PathError)(nil), (*os.LinkError)(nil), (*irregularError)(nil)
		found := ""
		switch {
		case errors.As(cause, &at):
			found, cause = at.Path, at.Err
		case errors.As(cause, &link):
			found, cause = link.New, link.Err
		case errors.As(cause, &irregular):
			found, cause = irregular.path, errors.New(irregular.what)
		default:
			return name, cause
		}
		if name == "" {
			name = found
		}
	}
}
