package detect

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// maxLinks limits the links in one path, as operating systems do.
const maxLinks = 255

var errLinks = errors.New("too many links")

// realPath returns the path of a file or directory without any links, like Node.js's
// fs.realpath. Unlike filepath.EvalSymlinks it follows Windows' junctions, which package
// managers use in node_modules.
func realPath(path string) (string, error) { return system.realPath(path) }

func (d disk) realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return d.below(splitVolume(abs))
}

// below returns the real path of rest, which is relative to a real directory.
func (d disk) below(real, rest string) (string, error) {
	for links := 0; rest != ""; {
		name, after, _ := strings.Cut(rest, string(filepath.Separator))
		rest = after
		switch name {
		case "", ".":
			continue
		case "..": // relative to the target of an earlier link
			real = filepath.Dir(real)
			continue
		}
		next := filepath.Join(real, name)
		info, err := d.lstat(next)
		if err != nil {
			return "", err
		}
		if !mayBeLink(info.Mode()) {
			real = next
			continue
		}
		target, err := d.readlink(next)
		if isAbsent(err) && info.Mode()&fs.ModeSymlink == 0 { // irregular, but not a junction
			real = next
			continue
		}
		if err != nil {
			return "", err
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "realpath", Path: next, Err: errLinks}
		}
		if filepath.IsAbs(target) {
			real, target = splitVolume(target)
		}
		rest = filepath.FromSlash(target) + string(filepath.Separator) + rest
	}
	return real, nil
}

// splitVolume splits an absolute path into its root and the rest.
func splitVolume(path string) (root, rest string) {
	root = filepath.VolumeName(path) + string(filepath.Separator)
	return root, strings.TrimPrefix(path[len(root)-1:], string(filepath.Separator))
}

// mayBeLink reports whether a file of this mode may be a link. Go calls junctions
// irregular.
func mayBeLink(mode fs.FileMode) bool { return mode&(fs.ModeSymlink|fs.ModeIrregular) != 0 }
