package safefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked")

// ErrBusy says that another proxypatch holds the lock.
var ErrBusy = errors.New("another proxypatch has been running")

// BusyError is an ErrBusy with a place. File is the lock file, if there is one. If the
// process that made it was killed on another machine, delete it and every file whose name
// begins with its name.
type BusyError struct {
	Dir  string
	File string

	maker  maker
	waited time.Duration
}

func (e *BusyError) Error() string {
	text := fmt.Sprintf("%v in %s for %v", ErrBusy, e.Dir, e.waited)
	if e.File != "" {
		text += fmt.Sprintf("; %v holds %s", e.maker, e.File)
	}
	return text
}

// Unwrap returns ErrBusy.
func (e *BusyError) Unwrap() error { return ErrBusy }

// LockWait is how long LockDir waits for another proxypatch. Only tests change it.
var LockWait = 30 * time.Second

const lockPoll = 20 * time.Millisecond

// Lock is the exclusive lock of a directory.
type Lock struct {
	target *os.File // the file that is locked, if the system can lock
	file   *lockFile
}

// LockDir takes the exclusive lock of a directory. It waits up to LockWait. The system
// releases the lock when the process ends, even if it is killed. On Windows the lock is
// on the directory's package.json, which can't be replaced meanwhile.
//
// Some network file systems have no locks. There LockDir makes a lock file instead. If
// this run is killed, the next one removes the file.
func LockDir(root *os.Root) (*Lock, error) {
	target, err := root.Open(lockTarget)
	if err != nil {
		return nil, err
	}
	l := &Lock{target: target}
	for deadline := time.Now().Add(LockWait); ; time.Sleep(lockPoll) {
		err := l.try(root)
		if err == nil {
			return l, nil
		}
		if errors.Is(err, errLocked) && time.Now().Before(deadline) {
			continue
		}
		target.Close()
		if errors.Is(err, errLocked) {
			return nil, busy(root, err)
		}
		return nil, fmt.Errorf("locking %s: %w", root.Name(), err)
	}
}

// try takes the lock, or returns an errLocked at once.
func (l *Lock) try(root *os.Root) error {
	err := tryLock(l.target)
	switch {
	case err == nil:
		return clearLockFile(root) // a machine that can't lock may have made one
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, errors.ErrUnsupported):
		l.file, err = makeLockFile(root)
	}
	return err
}

func busy(root *os.Root, err error) error {
	e := &BusyError{Dir: root.Name(), waited: LockWait}
	if held := (*heldError)(nil); errors.As(err, &held) {
		e.File, e.maker = filepath.Join(root.Name(), lockName), held.by
	}
	return e
}

// Close releases the lock.
func (l *Lock) Close() error {
	var err error
	if l.file != nil {
		err = l.file.remove()
	}
	return errors.Join(err, l.target.Close())
}
