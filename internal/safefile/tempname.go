package safefile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	tempPrefix = ".proxypatch-"
	// tempAlphabet and tempLength are those of the random end of each name, which never
	// comes again.
	tempAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	tempLength   = 26
)

// NewTempName returns a name for something beside the file called base.
func NewTempName(base string) string { return tempPrefix + base + "-" + rand.Text()[:tempLength] }

// IsTempName reports whether NewTempName makes names like this one.
func IsTempName(name string) bool {
	_, is := TempNameBase(name)
	return is
}

// CleanDir removes the files in a directory of root, whose name has slashes, that have
// such names. Nobody else may be writing there.
func CleanDir(root *os.Root, dir string) error {
	handle, err := root.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	defer handle.Close()
	// ReadDir would look at every one of the directory's hundreds of entries.
	names, err := handle.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, base := range names {
		if !IsTempName(base) {
			continue
		}
		name := filepath.Join(filepath.FromSlash(dir), base)
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if err := root.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// TempNameBase returns the base for which NewTempName has made a name, if it has.
func TempNameBase(name string) (base string, is bool) {
	rest, ours := strings.CutPrefix(name, tempPrefix)
	at := strings.LastIndexByte(rest, '-')
	if !ours || at <= 0 || len(rest)-at-1 != tempLength || strings.Trim(rest[at+1:], tempAlphabet) != "" {
		return "", false
	}
	return rest[:at], true
}
