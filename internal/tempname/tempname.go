// Package tempname names files that are on their way to their place, or out of it,
// so that what a killed run leaves is known for ours, and nobody else's file is.
package tempname

import (
	"crypto/rand"
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

// For returns the base for which New has made a name, if it has.
func For(name string) (base string, is bool) {
	rest, ours := strings.CutPrefix(name, prefix)
	at := strings.LastIndexByte(rest, '-')
	if !ours || at <= 0 || len(rest)-at-1 != length || strings.Trim(rest[at+1:], alphabet) != "" {
		return "", false
	}
	return rest[:at], true
}
