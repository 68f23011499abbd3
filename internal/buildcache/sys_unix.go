//go:build unix

package buildcache

import (
	"os"
	"path/filepath"
	"syscall"
)

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
