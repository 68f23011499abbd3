package safefile

import "os"

const (
	openFlags    = os.O_RDONLY
	openDirFlags = os.O_RDONLY
)
