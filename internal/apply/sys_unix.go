//go:build unix

package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// lockTarget is what is locked inside a package: its directory itself.
const lockTarget = "."

// tryLock takes an exclusive advisory lock, or returns errLocked at once.
func tryLock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == syscall.EWOULDBLOCK {
		return errLocked
	}
	return err
}

// keepOwner gives file the owner and group that the file described by like has.
// Where only root may do that, another owner is an error, since somebody else's
// file would become ours; another group is not.
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
		return fmt.Errorf("belongs to the user with id %d; run proxypatch as that user or as root", want.Uid)
	}
	return err
}

// syncDir makes the renames in a directory last, as far as its file system can:
// some flush no directories.
func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
