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
	// takeoverName is the name of the file that whoever removes another's lock file
	// holds meanwhile.
	takeoverName = lockName + "-takeover"
	// maxLock bounds what is read of a lock file, in bytes.
	maxLock = 4096
)

// maker is the process that made a lock file, and the file's content.
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

// isGone reports whether the process has surely ended. Only its own machine, and its own
// container, can tell.
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

// lockFile is a lock file of our own.
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

// remove removes the lock file, unless it is another's by now.
func (f *lockFile) remove() error {
	defer f.root.Close()
	by, there, err := readLockFile(f.root)
	if err == nil && there && by == f.by {
		err = f.root.Remove(lockName)
	}
	return err
}

// clearLockFile makes sure that there is no lock file, and removes that of a process
// which was killed.
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

// takeOver removes the lock file of a process that is gone. Two that try at once must not
// remove a third one's new lock file. So only one of them may, and it looks again: the
// file of a process that is gone is nobody's to change. One that is killed here leaves
// both files, and somebody has to delete them.
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

// readLockFile returns who made the lock file, as far as it says so.
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

// createExclusively makes a file that says who made it. Where there is one it returns an
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
