// Package term writes to terminals: which streams are terminals, colours, width,
// wrapping, the pager and a progress line. It knows nothing of next-auth.
//
//   - Results go to stdout; errors, warnings and hints go to stderr.
//   - Colour only underlines what the words say already, and only on a terminal.
//   - Lines are wrapped to a terminal's width, but not inside of what a person has to
//     type. Nothing else is wrapped.
package term

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Terminal is what is known of where text goes to. The zero value is a file or
// a pipe.
type Terminal struct {
	file  *os.File // nil unless it is one
	Color bool
}

// terminalOf follows https://no-color.org.
func terminalOf(w io.Writer) Terminal {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Terminal{}
	}
	return Terminal{file, os.Getenv("NO_COLOR") == "" && !dumb() && obeysEscapes(file)}
}

// Is reports whether there is a terminal.
func (t Terminal) Is() bool { return t.file != nil }

// dumb reports whether the terminal says that it knows no escape sequences.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// Width returns how many columns there are, 0 if that is unknown.
func (t Terminal) Width() int {
	if t.file == nil {
		return 0
	}
	width, _, err := term.GetSize(int(t.file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// InCI reports whether nobody looks at the terminal, even if there is one.
func InCI() bool { return os.Getenv("CI") != "" || OnGitHub() }

// OnGitHub reports whether the run is a step of GitHub Actions.
func OnGitHub() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }
