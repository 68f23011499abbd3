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
	// tempAlphabet and tempLength describe the random end of each name, which never
	// repeats.
	tempAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	tempLength   = 26
)

// NewTempName returns a temporary name for a file beside the file called base.
func NewTempName(base string) string { return tempPrefix + base + "-" + rand.Text()[:tempLength] }

// IsTempName reports whether a name has the form that NewTempName gives.
func IsTempName(name string) bool {
	_, is := TempNameBase(name)
	return is
}

// CleanDir removes the files with temporary names from a directory of root; its name has
// slashes. Call it only while no other process writes there.
func CleanDir(root *os.Root, dir string) error {
	handle, err := root.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	defer handle.Close()
	// ReadDir would stat each of the directory's hundreds of entries.
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

// TempNameBase returns the base of a name that NewTempName made, if it did.
func TempNameBase(name string) (base string, is bool) {
	rest, ours := strings.CutPrefix(name, tempPrefix)
	at := strings.LastIndexByte(rest, '-')
	if !ours || at <= 0 || len(rest)-at-1 != tempLength || strings.Trim(rest[at+1:], tempAlphabet) != "" {
		return "", false
	}
	return rest[:at], true
}
