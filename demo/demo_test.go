// Package demo tests that the demonstration works and leaves nothing behind.
package demo

import (
	"os"
	"os/exec"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

func TestDemo(t *testing.T) {
	gate.Need(t, "e2e")
	nodetest.Project(t, "agent-7.0.6") // skips where npm can't fetch packages
	scratch := t.TempDir()
	cmd := exec.Command("./demo.sh")
	cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	left, err := os.ReadDir(scratch)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("left behind: %s", entry.Name())
	}
}
