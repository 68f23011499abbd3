//go:build unix

package verify

import (
	"os/exec"
	"syscall"
)

// together kills a process and all that it started when the context ends. The node
// on the PATH is often a script that starts other programs.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
