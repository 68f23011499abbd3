//go:build unix

// Measured runs a program and writes to descriptor 3 the most that it had in memory,
// in bytes. What the system counts of a process begins with what the one had that
// started it, and tests have hundreds of megabytes. This one has few.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	syscall.CloseOnExec(3)
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	fmt.Fprintln(os.NewFile(3, "memory"), maxMemory(cmd.ProcessState))
	os.Exit(cmd.ProcessState.ExitCode())
}

// maxMemory returns the most that a process had in memory, in bytes.
func maxMemory(state *os.ProcessState) int64 {
	most := int64(state.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" {
		return most
	}
	return most << 10
}
