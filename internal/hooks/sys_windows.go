package hooks

import (
	"io"
	"os"
)

// lock does nothing: Windows could lock only the file that will be replaced.
func lock(*os.Root) (io.Closer, error) { return io.NopCloser(nil), nil }
