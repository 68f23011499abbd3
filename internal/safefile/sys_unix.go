//go:build unix

package safefile

import (
	"errors"
	"os"
	"syscall"
)

// lockTarget is the file that is locked: the directory itself.
const lockTarget = "."

// tryLock takes an exclusive advisory lock, or returns errLocked at once.
func tryLock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == syscall.EWOULDBLOCK {
		return errLocked
	}
	return err
}

// isRunning reports whether a process may still be running on this machine.
func isRunning(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }

// syncDir flushes the renames in a directory. Some file systems can't flush directories.
func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
