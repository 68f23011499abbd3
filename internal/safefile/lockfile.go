package safefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

const (
	// lockName is the name of a lock file in the directory that it locks.
	lockName = tempPrefix + "lock"
	// takeoverName is the name of the file that a process holds while it removes the
	// lock file of another process.
	takeoverName = lockName + "-takeover"
	// maxLock limits the size of a lock file, in bytes.
	maxLock = 4096
)

// maker is the process that made a lock file. It is also the content of the file.
type maker struct {
	Host  string `json:"host"`
	Space string `json:"namespace,omitempty"` // of the process id, on Linux: containers have their own
	PID   int    `json:"process"`
}

func thisProcess() maker {
	m := maker{PID: os.Getpid()}
	m.Host, _ = os.Hostname()
	if runtime.GOOS == "linux" {
		m.Space, _ = os.Readlink("/proc/self/ns/pid")
	}
	return m
}

// isGone reports whether the process has certainly ended. Only its own machine and
// container can know that.
func (m maker) isGone() bool {
	here := thisProcess()
	known := m.Host != "" && (m.Space != "" || runtime.GOOS != "linux") && m.PID > 0
	return known && m.Host == here.Host && m.Space == here.Space && !isRunning(m.PID)
}

func (m maker) String() string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
	if m.Host == "" || strings.Trim(m.Host, plain) != "" || m.PID <= 0 {
		return "an unknown process"
	}
	return fmt.Sprintf("process %d on %s", m.PID, m.Host)
}

// heldError is an errLocked for a lock file of a process that may be running.
type heldError struct{ by maker }

func (e *heldError) Error() string { return errLocked.Error() }

func (e *heldError) Unwrap() error { return errLocked }

// lockFile is a lock file that this process made.
type lockFile struct {
	root *os.Root
	by   maker
}

// makeLockFile makes the lock file, or returns an errLocked at once.
func makeLockFile(root *os.Root) (*lockFile, error) {
	if err := clearLockFile(root); err != nil {
		return nil, err
	}
	f := &lockFile{by: thisProcess()}
	if err := createExclusively(root, lockName, f.by); err != nil {
		return nil, err
	}
	own, err := root.OpenRoot(".")
	if err != nil {
		return nil, errors.Join(err, root.Remove(lockName))
	}
	f.root = own
	return f, nil
}

// remove removes the lock file, unless it now belongs to another process.
func (f *lockFile) remove() error {
	defer f.root.Close()
	by, there, err := readLockFile(f.root)
	if err == nil && there && by == f.by {
		err = f.root.Remove(lockName)
	}
	return err
}

// clearLockFile makes sure that there is no lock file. It removes the lock file of a
// killed process.
func clearLockFile(root *os.Root) error {
	by, there, err := readLockFile(root)
	switch {
	case err != nil || !there:
		return err
	case by.isGone():
		return takeOver(root, by)
	}
	return &heldError{by}
}

// takeOver removes the lock file of a process that has ended. Two runs that try at once
// must not remove the new lock file of a third one. So only one of them may remove it,
// after reading it again: no other run changes the file of an ended process. A run that
// is killed here leaves both files, and a person must delete them.
func takeOver(root *os.Root, gone maker) error {
	if err := createExclusively(root, takeoverName, thisProcess()); err != nil {
		return err
	}
	by, there, err := readLockFile(root)
	if err == nil && there && by == gone {
		err = root.Remove(lockName)
	} else if err == nil && there {
		err = &heldError{by}
	}
	return errors.Join(err, root.Remove(takeoverName))
}

// readLockFile returns the maker of the lock file, or a zero maker if the file does not
// name one.
func readLockFile(root *os.Root) (by maker, there bool, err error) {
	data, _, err := ReadUnlinked(root, lockName, maxLock)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return by, false, nil
	case errors.As(err, new(*Error)):
		return by, true, nil
	case err != nil:
		return by, false, err
	}
	if json.Unmarshal(data, &by) != nil {
		return maker{}, true, nil
	}
	return by, true, nil
}

// createExclusively makes a file that names its maker. If the file exists, it returns
// errLocked.
func createExclusively(root *os.Root, name string, by maker) error {
	data, err := json.Marshal(by)
	if err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return errLocked
	}
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, root.Remove(name))
	}
	return nil
}
