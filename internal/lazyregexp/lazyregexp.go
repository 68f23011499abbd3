// Package lazyregexp compiles regular expressions on first use, to keep start-up fast.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Compile returns a function that compiles an expression when it is first
// called. One that does not compile panics then.
func Compile(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
