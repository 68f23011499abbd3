//go:build unix

package hooks

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/proxypatch/proxypatch/internal/apply"
)

// keepOwner gives file the owner and group of the file described by like. Where
// only root may do that, another owner is an error, since somebody else's file
// would become ours; another group is not.
func keepOwner(file *os.File, like fs.FileInfo) error {
	want := like.Sys().(*syscall.Stat_t)
	err := file.Chown(int(want.Uid), int(want.Gid))
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if int(want.Uid) == os.Geteuid() {
		return nil
	}
	return fmt.Errorf("belongs to the user with id %d; run proxypatch as that user or as root", want.Uid)
}

// lock keeps other proxypatches from writing to the package.json files of the
// workspace whose root this is.
func lock(root *os.Root) (io.Closer, error) { return apply.Lock(root) }
