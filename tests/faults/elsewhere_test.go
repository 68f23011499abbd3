//go:build !(linux && amd64)

package faults

import (
	"os"
	"runtime"
	"testing"
)

func TestFaults(t *testing.T) {
	needFaults(t)
	if runtime.GOOS == "linux" && os.Getenv("CI") != "" {
		t.Fatal("system calls can be traced on Linux on amd64 only")
	}
	t.Skip("skipped failing and being killed at every system call, and taking out what the tests are for: only Linux on amd64 is known")
}
