//go:build unix

package safefile

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func lockRoot(t *testing.T) *os.Root {
	t.Helper()
	LockWait = 2 * lockPoll
	t.Cleanup(func() { LockWait = 30 * time.Second })
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// killed returns a process of this machine that has ended.
func killed(t *testing.T) maker {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	gone := thisProcess()
	gone.PID = cmd.Process.Pid
	if !gone.isGone() {
		t.Skip("skipped: here it is unknown whether a process is running")
	}
	return gone
}

func lockOf(t *testing.T, m maker) string {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A lock file and a lock of the system exclude each other.
func TestLockFile(t *testing.T) {
	root := lockRoot(t)
	file, err := makeLockFile(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := makeLockFile(root); !errors.Is(err, errLocked) {
		t.Errorf("twice: %v", err)
	}
	_, err = LockDir(root)
	busy := (*BusyError)(nil)
	if !errors.As(err, &busy) || !errors.Is(err, ErrBusy) || busy.File != filepath.Join(root.Name(), ".proxypatch-lock") {
		t.Fatalf("got %v", err)
	}
	if want := "another proxypatch has been running in " + root.Name() + " for 40ms; " + thisProcess().String() + " holds " + busy.File; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := file.remove(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{}, tree(t, root.Name())); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	lock, err := LockDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

// A killed process of this machine holds no lock. Whether a process of another machine
// has ended is unknown here.
func TestLockFileOfAnother(t *testing.T) {
	gone, here := killed(t), thisProcess()
	for name, test := range map[string]struct {
		content string
		by      string // empty if no process holds it
	}{
		"killed":                {lockOf(t, gone), ""},
		"running":               {lockOf(t, here), here.String()},
		"on another machine":    {lockOf(t, maker{Host: "build-7.example", Space: gone.Space, PID: gone.PID}), maker{Host: "build-7.example", PID: gone.PID}.String()},
		"in another container":  {lockOf(t, maker{Host: gone.Host, Space: "pid:[1]", PID: gone.PID}), gone.String()},
		"of no known machine":   {lockOf(t, maker{PID: gone.PID}), "an unknown process"},
		"of no known process":   {lockOf(t, maker{Host: gone.Host, Space: gone.Space}), "an unknown process"},
		"with escape sequences": {`{"host": "\u001b[2J", "process": 1}`, "an unknown process"},
		"empty":                 {"", "an unknown process"},
		"of somebody else":      {"1234\n", "an unknown process"},
		"huge":                  {strings.Repeat(" ", maxLock+1), "an unknown process"},
	} {
		t.Run(name, func(t *testing.T) {
			root := lockRoot(t)
			write(t, root.Name(), lockName, test.content)
			before := tree(t, root.Name())
			file, err := makeLockFile(root)
			if test.by == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := file.remove(); err != nil {
					t.Error(err)
				}
				if got := tree(t, root.Name()); len(got) > 0 {
					t.Errorf("left: %q", got)
				}
				return
			}
			if held := (*heldError)(nil); !errors.As(err, &held) || held.by.String() != test.by {
				t.Errorf("got %v, want %s", err, test.by)
			}
			if diff := cmp.Diff(before, tree(t, root.Name())); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
	t.Run("a link", func(t *testing.T) {
		root := lockRoot(t)
		if err := os.Symlink("elsewhere", filepath.Join(root.Name(), lockName)); err != nil {
			t.Fatal(err)
		}
		if _, err := makeLockFile(root); !errors.Is(err, errLocked) {
			t.Errorf("got %v", err)
		}
	})
}

// Many runs find the lock file of a killed process at the same time, and still only one
// of them holds the lock.
func TestTakeOverAtOnce(t *testing.T) {
	gone := killed(t)
	for range 20 {
		root := lockRoot(t)
		write(t, root.Name(), lockName, lockOf(t, gone))
		var holders, taken atomic.Int32
		var workers sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for {
					file, err := makeLockFile(root)
					if errors.Is(err, errLocked) {
						time.Sleep(time.Millisecond)
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if n := holders.Add(1); n != 1 {
						t.Errorf("%d hold the lock", n)
					}
					taken.Add(1)
					holders.Add(-1)
					if err := file.remove(); err != nil {
						t.Error(err)
					}
					return
				}
			})
		}
		workers.Wait()
		if got := tree(t, root.Name()); taken.Load() != 16 || len(got) > 0 {
			t.Errorf("%d got the lock, and %q is left", taken.Load(), got)
		}
	}
}

// If a process was killed while it took over a lock, no other one can do so until the
// lock files are deleted by hand. The process may still be running.
func TestKilledTakeOver(t *testing.T) {
	gone, root := killed(t), lockRoot(t)
	write(t, root.Name(), lockName, lockOf(t, gone))
	write(t, root.Name(), takeoverName, "")
	before := tree(t, root.Name())
	if _, err := makeLockFile(root); !errors.Is(err, errLocked) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, tree(t, root.Name())); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if err := errors.Join(root.Remove(lockName), root.Remove(takeoverName)); err != nil {
		t.Fatal(err)
	}
	file, err := makeLockFile(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.remove(); err != nil {
		t.Error(err)
	}
	if got := tree(t, root.Name()); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}
