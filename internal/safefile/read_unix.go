//go:build unix

package safefile

import (
	"os"
	"syscall"
)

// openFlags keep an open from waiting on a named pipe that took a file's place.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// openDirFlags let the system open directories alone.
const openDirFlags = openFlags | syscall.O_DIRECTORY
