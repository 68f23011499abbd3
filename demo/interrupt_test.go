//go:build unix

package main

import (
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
			d := start(t)
			for !strings.Contains(d.output(), test.during) {
				select {
				case <-d.ends:
					t.Fatalf("it ended early: %v\n%s", d.wait(t), d.output())
				case <-time.After(10 * time.Millisecond):
				}
			}
			if err := test.signal(d.cmd.Process.Pid); err != nil {
				t.Fatal(err)
			}
			if err := d.wait(t); err == nil {
				t.Error("it succeeded")
			}
			if !strings.HasSuffix(d.output(), "demo: interrupted\n") {
				t.Errorf("it does not say so:\n%s", d.output())
			}
		})
	}
}

// ctrlC sends what a terminal sends to all processes.
func ctrlC(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }

// terminate sends a signal to the demo alone.
func terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
