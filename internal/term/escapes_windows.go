package term

import (
	"os"

	"golang.org/x/sys/windows"
)

// obeysEscapes makes the console obey escape sequences, which old ones do not
// do unasked, and reports whether it does.
func obeysEscapes(console *os.File) bool {
	handle := windows.Handle(console.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
