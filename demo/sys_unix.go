//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// together ends a command, and all that it started, with its context. Ctrl-C in the terminal
// reaches only the demo, which then ends the context.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
