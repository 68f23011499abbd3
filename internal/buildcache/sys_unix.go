//go:build unix

package buildcache

import (
	"os"
	"path/filepath"
	"syscall"
)

// readFlags keep an open from waiting on a FIFO that took a file's place.
const readFlags = os.O_RDONLY | syscall.O_NONBLOCK

// inheritOwner gives what root made the owner and group of the directory it is
// in. Everybody else can make nothing for others, and needs not to.
func inheritOwner(root *os.Root, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := root.Stat(filepath.Dir(name))
	if err != nil {
		return err
	}
	like := info.Sys().(*syscall.Stat_t)
	return root.Lchown(name, int(like.Uid), int(like.Gid))
}
