package safefile

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked")

// ErrBusy says that another proxypatch holds the lock.
var ErrBusy = errors.New("another proxypatch has been at work")

// LockWait is how long LockDir waits for another proxypatch. Only tests change it.
var LockWait = 30 * time.Second

const lockPoll = 20 * time.Millisecond

// Lock is the exclusive lock of a directory.
type Lock struct {
	target *os.File // what the system has locked, if it can
}

// LockDir takes the exclusive lock of a directory, for which it waits up to LockWait.
// The end of the process gives the lock back, however it ends. On Windows it is a lock
// of the package.json in the directory, which nobody may replace meanwhile.
func LockDir(root *os.Root) (*Lock, error) {
	target, err := root.Open(lockTarget)
	if err != nil {
		return nil, err
	}
	l := &Lock{target: target}
	for deadline := time.Now().Add(LockWait); ; time.Sleep(lockPoll) {
		err := tryLock(l.target)
		if err == nil {
			return l, nil
		}
		if errors.Is(err, errLocked) && time.Now().Before(deadline) {
			continue
		}
		target.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w in %s for %v", ErrBusy, root.Name(), LockWait)
		}
		return nil, fmt.Errorf("locking %s: %w", root.Name(), err)
	}
}

// Close gives the lock back.
func (l *Lock) Close() error { return l.target.Close() }
