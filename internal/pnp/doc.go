// Package pnp reads what yarn's Plug'n'Play knows: which package loads which, and where
// their files are, usually in archives. It runs no code of the project and writes
// nothing. Everything that it reads is untrusted, so it reads regular files of a bounded
// size only.
package pnp

import "fmt"

// Error says which file of Plug'n'Play can't be used, and why.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
