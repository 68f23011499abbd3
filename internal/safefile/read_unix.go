//go:build unix

package safefile

import (
	"os"
	"syscall"
)

// openFlags prevent an open from waiting on a named pipe that replaced a file.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// openDirFlags make the system open only directories.
const openDirFlags = openFlags | syscall.O_DIRECTORY
