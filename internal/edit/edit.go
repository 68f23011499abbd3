// Package edit changes single values in package.json and in YAML settings. Every other byte
// of the file remains, and the changes can be taken out again to the byte.
package edit

import (
	"bytes"
	"fmt"
)

// Document is a file of settings: objects with names, and strings in them. A path leads
// through such objects.
type Document interface {
	// Bytes returns the file with all changes.
	Bytes() []byte
	// Has reports whether there is a value at a path.
	Has(path ...string) bool
	// Text returns the string at a path; ok is false if there is no string.
	Text(path ...string) (text string, ok bool)
	// Keys lists the names in the object at a path, in their order.
	Keys(path ...string) []string
	// Set writes a string at a path, and the objects that lead there. The error is a
	// *SyntaxError without Path.
	Set(text string, path ...string) error
	// Unset reverses Set. It does nothing if there is no value.
	Unset(path ...string) error
}

// Action is what is done to a file, or to a value in it.
type Action string

// The actions.
const (
	Keep   Action = "keep"
	Add    Action = "add"
	Change Action = "change"
	Remove Action = "remove"
)

// SyntaxError says where a file can't be read or changed.
type SyntaxError struct {
	Path string // as the user would type it
	Line int    // from 1
	Err  error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *SyntaxError) Unwrap() error { return e.Err }

func syntaxError(text []byte, offset int, format string, args ...any) error {
	line := 1 + bytes.Count(text[:max(0, min(offset, len(text)))], []byte("\n"))
	return &SyntaxError{Line: line, Err: fmt.Errorf(format, args...)}
}

// FileError says which file can't be used, and why.
type FileError struct {
	Path string // as the user would type it
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }
