//go:build unix

package hooks

import (
	"io"
	"os"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// lock keeps other proxypatches from writing to the package.json files of the
// workspace whose root this is.
func lock(root *os.Root) (io.Closer, error) { return safefile.LockDir(root) }
