//go:build unix

package apply

import (
	"io/fs"
	"os"
	"syscall"
)

// readFlags keep an open from waiting on a FIFO that took a file's place.
const readFlags = os.O_RDONLY | syscall.O_NONBLOCK

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

// keepOwner gives file the owner that the file described by like has. Only a
// change costs a system call, because only root may make one.
func keepOwner(file *os.File, like fs.FileInfo) error {
	want := like.Sys().(*syscall.Stat_t)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if have := info.Sys().(*syscall.Stat_t); have.Uid == want.Uid && have.Gid == want.Gid {
		return nil
	}
	return file.Chown(int(want.Uid), int(want.Gid))
}

// syncDir makes the renames in a directory last.
func syncDir(dir *os.File) error { return dir.Sync() }
