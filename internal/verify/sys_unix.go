//go:build unix

package verify

import (
	"os/exec"
	"syscall"
)

// together makes what a process has started end with it when the context ends:
// what stands on the PATH for Node.js is often a script that starts others.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
