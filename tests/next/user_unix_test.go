//go:build unix

package next

import (
	"os"
	"os/exec"
	"syscall"
)

// dropRights makes a command run as the user of an image. Only root can do so.
func dropRights(cmd *exec.Cmd) {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1000, Gid: 1000}}
	}
}
