package regular

import "os"

const (
	flags    = os.O_RDONLY
	dirFlags = os.O_RDONLY
)
