//go:build unix

// Command measured runs a program and writes its peak memory to descriptor 3, in bytes.
// The system's count for a process starts with the memory of its parent. Tests use
// hundreds of megabytes, and this program uses few.
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

// maxMemory returns the peak memory of a process, in bytes.
func maxMemory(state *os.ProcessState) int64 {
	most := int64(state.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" {
		return most
	}
	return most << 10
}
