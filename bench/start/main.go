//go:build unix

// Command start runs a program and prints its time in ns, from before its start
// to after its end, its peak memory, as the system counts it, and its processor
// time in ns. Exit code 1 means that the program failed.
//
// Linux adds the memory of the parent process to the peak of its child. So this
// program is as small as possible, and the script that reads the numbers does
// not start the child itself.
package main

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

func main() {
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	files := []uintptr{uintptr(null), uintptr(null), 2}
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: files}

	begin := time.Now()
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], attr)
	if err != nil {
		panic(err)
	}
	var status syscall.WaitStatus
	var used syscall.Rusage
	for {
		if _, err = syscall.Wait4(pid, &status, 0, &used); err != syscall.EINTR {
			break
		}
	}
	took := time.Since(begin)

	if err != nil || status.ExitStatus() != 0 {
		os.Exit(1)
	}
	busy := used.Utime.Nano() + used.Stime.Nano()
	os.Stdout.WriteString(strconv.FormatInt(int64(took), 10) + " " + strconv.FormatInt(int64(used.Maxrss), 10) + " " + strconv.FormatInt(busy, 10) + "\n")
}
