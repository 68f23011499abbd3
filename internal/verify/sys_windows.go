package verify

import "os/exec"

// together leaves it to those that a process has started to end with it.
func together(*exec.Cmd) {}
