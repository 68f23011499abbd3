package hooks

import (
	"io"
	"os"
)

// lock does nothing: what can be locked is a file that is to be replaced.
func lock(*os.Root) (io.Closer, error) { return io.NopCloser(nil), nil }
