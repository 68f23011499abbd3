package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is what is known of where text goes to. The zero value is a file or
// a pipe.
type terminal struct {
	file  *os.File // nil unless it is one
	color bool
}

// terminalOf follows https://no-color.org.
func terminalOf(w io.Writer) terminal {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return terminal{}
	}
	return terminal{file, os.Getenv("NO_COLOR") == "" && !dumb() && obeysEscapes(file)}
}

// dumb reports whether the terminal says that it knows no escape sequences.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// width returns how many columns there are, 0 if there is no telling.
func (t terminal) width() int {
	if t.file == nil {
		return 0
	}
	width, _, err := term.GetSize(int(t.file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// inCI reports whether nobody looks at the terminal, even if there is one.
func inCI() bool { return os.Getenv("CI") != "" || onGitHub() }

// onGitHub reports whether the run is a step of GitHub Actions.
func onGitHub() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }
