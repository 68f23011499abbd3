package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Concerned returns the name of the file that an error concerns, from the directory dir and
// with slashes, and the cause without a path. If the file is a temporary one, the name is
// that of the file that it was made for. A path outside of dir gives a name that begins with
// "..". The name is "." if the error names no other file.
func Concerned(err error, dir string) (name string, cause error) {
	name, cause = split(err)
	if filepath.IsAbs(name) {
		rel, outside := filepath.Rel(dir, name)
		if outside != nil {
			return ".", cause
		}
		name = rel
	}
	name = path.Clean(filepath.ToSlash(name))
	if base, ok := TempNameBase(path.Base(name)); ok {
		name = path.Join(path.Dir(name), base)
	}
	return name, cause
}

// split separates the first path that an error names, if it names one, from its cause.
func split(err error) (name string, cause error) {
	for cause = err; ; {
		at, link := (*fs.PathError)(nil), (*os.LinkError)(nil)
		found := ""
		switch {
		case errors.As(cause, &at):
			found, cause = at.Path, at.Err
		case errors.As(cause, &link):
			found, cause = link.New, link.Err
		default:
			return name, cause
		}
		if name == "" {
			name = found
		}
	}
}
