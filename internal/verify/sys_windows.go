package verify

import "os/exec"

// together does nothing on Windows: what a process started ends by itself.
func together(*exec.Cmd) {}
