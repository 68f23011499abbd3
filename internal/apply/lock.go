package apply

import (
	"errors"
	"fmt"
	"os"
	"time"
)

var errLocked = errors.New("locked")

// ErrBusy says that another proxypatch holds the lock.
var ErrBusy = errors.New("another proxypatch has been at work")

// lockWait is how long another proxypatch in the same package is waited for.
var lockWait = 30 * time.Second

const lockPoll = 20 * time.Millisecond

// Lock takes the exclusive lock of a package or of another directory, for which
// another proxypatch is waited for up to 30 s; closing the file gives it back, and
// so does the end of the process, however it ends. On Windows it is a lock of the
// package.json in it, which nobody may replace meanwhile.
func Lock(root *os.Root) (*os.File, error) {
	file, err := root.Open(lockTarget)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(lockWait); ; time.Sleep(lockPoll) {
		err := tryLock(file)
		if err == nil {
			return file, nil
		}
		if err == errLocked && time.Now().Before(deadline) {
			continue
		}
		file.Close()
		if err == errLocked {
			return nil, fmt.Errorf("%w in %s for %v", ErrBusy, root.Name(), lockWait)
		}
		return nil, fmt.Errorf("locking %s: %w", root.Name(), err)
	}
}
