package hooks

import (
	"io"
	"io/fs"
	"os"
)

// keepOwner does nothing: a new file has its directory's access rules.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// lock does nothing: what can be locked is a file that is to be replaced.
func lock(*os.Root) (io.Closer, error) { return io.NopCloser(nil), nil }
