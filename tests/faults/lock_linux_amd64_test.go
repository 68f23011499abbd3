package faults

import (
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestWithoutLocks runs every command without locks. Commands that write must make a
// lock file instead and remove it. Commands that only read must make none.
func TestWithoutLocks(t *testing.T) {
	needFaults(t)
	for _, errno := range []syscall.Errno{syscall.ENOLCK, syscall.EOPNOTSUPP, syscall.ENOSYS} {
		t.Run(errno.Error(), func(t *testing.T) {
			with, without := hooked.install(t), hooked.install(t)
			for _, run := range []struct {
				args  []string
				locks int
			}{
				{[]string{"apply", "--dry-run"}, 0},
				{[]string{"check", "--if-present"}, 0},
				{[]string{"apply"}, 1},
				{[]string{"check"}, 0},
				{[]string{"revert", "--dry-run"}, 0},
				{[]string{"revert"}, 1},
				{[]string{"init", "--dry-run"}, 0},
				{[]string{"init"}, 1},
				{[]string{"init", "--undo"}, 1},
			} {
				want, _ := proxypatch(t, with, run.args...)
				locks, r := traceWithoutLocks(t, without, errno, run.args)
				if locks != run.locks || r.status.ExitStatus() != want {
					t.Errorf("%q makes %d lock files and exits with %d instead of %d:\n%s", run.args, locks, r.status.ExitStatus(), want, r.stderr)
				}
				if diff := differences(treeOf(t, with), treeOf(t, without)); len(diff) > 0 {
					t.Errorf("%q leaves others than with a lock: %q", run.args, diff)
				}
			}
		})
	}
}

// traceWithoutLocks runs the program with a failing flock, and counts the lock files
// that it makes.
func traceWithoutLocks(t *testing.T, dir string, errno syscall.Errno, args []string) (locks int, r result) {
	t.Helper()
	r, err := trace(binary(t), dir, args, environment(), func(c call) fault {
		if c.name == "flock" {
			return fault{errno: errno, lasts: true}
		}
		if c.make && path.Base(c.path) == lockFile {
			locks++
		}
		return fault{}
	})
	must(t, err)
	return locks, r
}

// TestLockFilesAtOnce runs several applies and reverts at once without locks.
func TestLockFilesAtOnce(t *testing.T) {
	needFaults(t)
	dir := one.install(t)
	one.warm(t, dir, "revert")
	pristine := treeOf(t, dir)
	patched := make(chan int)
	commands := slices.Repeat([][]string{{"apply"}, {"revert"}}, 4)
	for _, args := range commands {
		go func() {
			r, err := trace(binary(t), dir, args, environment(), func(c call) fault {
				if c.name == "flock" {
					return fault{errno: syscall.ENOLCK, lasts: true}
				}
				return fault{}
			})
			if err != nil || r.status.ExitStatus() != 0 {
				t.Errorf("%q: %v, exit code %d\n%s", args, err, r.status.ExitStatus(), r.stderr)
			}
			change := 0
			if strings.Contains(r.stdout, "files patched\n") {
				change = 1
			} else if strings.Contains(r.stdout, "files restored\n") {
				change = -1
			}
			patched <- change
		}()
	}
	sum := 0
	for range commands {
		sum += <-patched
	}
	if code, out := proxypatch(t, dir, "check"); sum < 0 || sum > 1 || code != map[int]int{0: 3, 1: 0}[sum] {
		t.Errorf("patched %d times more often than taken back, and check exits with %d:\n%s", sum, code, out)
	}
	one.requireClean(t, dir, pristine)
}
