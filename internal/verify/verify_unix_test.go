//go:build unix

package verify_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/verify"
)

// The node on the PATH may start other programs, which must end with it.
func TestFindNodeLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shim := filepath.Join(dir, "node")
	if err := os.WriteFile(shim, []byte("#!/bin/sh\nsleep 1000 &\necho $! > started\nwait\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	found := make(chan error)
	go func() {
		_, err := verify.FindNode(ctx, shim, dir, 18)
		found <- err
	}()
	var pid int
	for pid == 0 {
		time.Sleep(10 * time.Millisecond)
		data, _ := os.ReadFile(filepath.Join(dir, "started"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
	}
	cancel()
	if err := <-found; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) { // up to the test's own time limit
		time.Sleep(10 * time.Millisecond)
	}
}
