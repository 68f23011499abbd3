//go:build unix

package regular

import (
	"os"
	"syscall"
)

// flags keep an open from waiting on a named pipe that took a file's place.
const flags = os.O_RDONLY | syscall.O_NONBLOCK

// dirFlags let the system open directories alone.
const dirFlags = flags | syscall.O_DIRECTORY
