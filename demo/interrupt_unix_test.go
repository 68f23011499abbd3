//go:build unix

package main

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDemoInterrupted ends the demo while it builds, while servers run, and while the program
// has a child.
func TestDemoInterrupted(t *testing.T) {
	needPackages(t)
	for name, test := range map[string]struct {
		during string
		signal func(pid int) error
	}{
		"building, Ctrl-C":    {"Building", ctrlC},
		"signing in, SIGTERM": {"$ node sign-in.js\n", terminate},
		"verifying, Ctrl-C":   {"$ proxypatch verify\n", ctrlC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDemo(t)
			d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := d.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- d.cmd.Wait() }()
			for !strings.Contains(d.output(), test.during) {
				select {
				case err := <-ended:
					t.Fatalf("ended early: %v\n%s", err, d.output())
				case <-time.After(10 * time.Millisecond):
				}
			}
			if err := test.signal(d.cmd.Process.Pid); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err == nil {
				t.Error("it succeeded")
			}
			if !strings.HasSuffix(d.output(), "demo: interrupted\n") {
				t.Errorf("it does not end with that:\n%s", d.output())
			}
			d.leavesNothing(t)
			if err := syscall.Kill(-d.cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("a process is left: %v", err)
			}
		})
	}
}

// ctrlC sends what a terminal sends to all processes.
func ctrlC(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }

// terminate sends a signal to the demo alone.
func terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
