// Package tempname names files that are on their way to their place, or out of it,
// so that what a killed run leaves is known for ours, and nobody else's file is.
package tempname

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
)

const (
	prefix = ".proxypatch-"
	// alphabet and length are those of the random end of each name, which never
	// comes again.
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	length   = 26
)

// New returns a name for something beside the file called base.
func New(base string) string { return prefix + base + "-" + rand.Text()[:length] }

// Is reports whether New makes names like this one.
func Is(name string) bool {
	_, is := For(name)
	return is
}

// Clean removes the files in a directory of root, whose name has slashes, that have
// such names. Nobody else may be writing there.
func Clean(root *os.Root, dir string) error {
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
		if !Is(base) {
			continue
		}
		name := filepath.Join(filepath.FromSlash(dir), base)
		info, err := root.Lstat(name)
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

// For returns the base for which New has made a name, if it has.
func For(name string) (base string, is bool) {
	rest, ours := strings.CutPrefix(name, prefix)
	at := strings.LastIndexByte(rest, '-')
	if !ours || at <= 0 || len(rest)-at-1 != length || strings.Trim(rest[at+1:], alphabet) != "" {
		return "", false
	}
	return rest[:at], true
}
