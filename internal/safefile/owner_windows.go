package safefile

import (
	"io/fs"
	"os"
)

// KeepOwner does nothing: a new file has its directory's access rules.
func KeepOwner(*os.File, fs.FileInfo) error { return nil }
