//go:build unix

package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// keepOwner gives file the owner and group of the file that like describes. If only
// root may do that, a different owner is an error, because another user's file would
// become ours. A different group is not.
func keepOwner(file *os.File, like fs.FileInfo) error {
	want := like.Sys().(*syscall.Stat_t)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	have := info.Sys().(*syscall.Stat_t)
	if have.Uid == want.Uid && have.Gid == want.Gid {
		return nil
	}
	err = file.Chown(int(want.Uid), int(want.Gid))
	if errors.Is(err, fs.ErrPermission) {
		if have.Uid == want.Uid {
			return nil
		}
		return fmt.Errorf("belongs to user id %d; run proxypatch as that user or as root", want.Uid)
	}
	return err
}

// inheritOwner gives a file that root made the owner and group of its directory. Other
// users can't change the owner, and need not.
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
