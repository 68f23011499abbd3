// Package lazyregexp compiles regular expressions on first use, to keep start-up fast.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Compile returns a function that compiles an expression on its first call. An invalid
// expression panics then.
func Compile(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
