//go:build unix

package hooks

import (
	"io"
	"os"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// lock prevents other runs of proxypatch from writing to the package.json files of the
// workspace with this root.
func lock(root *os.Root) (io.Closer, error) { return safefile.LockDir(root) }
