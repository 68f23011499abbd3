//go:build unix

package safefile

import (
	"errors"
	"os"
	"syscall"
)

// lockTarget is what is locked in a directory: that itself.
const lockTarget = "."

// tryLock takes an exclusive advisory lock, or returns errLocked at once.
func tryLock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == syscall.EWOULDBLOCK {
		return errLocked
	}
	return err
}

// isRunning reports whether there is a process on this machine, as far as that is known.
func isRunning(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }

// syncDir makes the renames in a directory last, as far as its file system can:
// some flush no directories.
func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
