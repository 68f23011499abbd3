//go:build unix

package verify

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

// stuckProject makes a project whose calls write the process's id to a file, and then
// run JavaScript that never ends.
func stuckProject(t *testing.T, code string) (project, started string) {
	t.Helper()
	project, started = nodetest.Copy(t, "agent-7.0.6"), filepath.Join(t.TempDir(), "started")
	prooftest.Patch(t, project)
	code = fmt.Sprintf("require('fs').writeFileSync(%q, process.pid + '\\n');\n%s", started, code)
	if err := os.WriteFile(filepath.Join(project, "node_modules", "openid-client", "lib", "index.js"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	return project, started
}

const (
	busy    = "for (;;);"
	waiting = "exports.Issuer = class { constructor() { return new Promise(() => setInterval(() => {}, 1000)); } };\n" +
		"exports.Issuer.discover = () => new exports.Issuer(); exports.custom = {};"
)

// verify's Node.js always ends with it, and leaves nothing behind.
func TestVerifyEndsItsProcess(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	ends := map[string]struct {
		code   string
		signal syscall.Signal
		args   []string
		exit   clitest.Code // -1 if it is killed
		says   string
	}{
		"Ctrl-C":                {busy, syscall.SIGINT, nil, clitest.Failed, "proxypatch: interrupted\n"},
		"SIGTERM":               {busy, syscall.SIGTERM, nil, clitest.Failed, "proxypatch: interrupted\n"},
		"killed":                {waiting, syscall.SIGKILL, nil, -1, ""},
		"timeout":               {busy, 0, []string{"--timeout", "8s"}, clitest.Failed, "could not say: too slow\nhint: give it more time with --timeout\n"},
		"timeout of some calls": {waiting, 0, []string{"--timeout", "8s"}, clitest.Unproven, ": could not say: too slow\nhint: give it more time with --timeout\n"},
	}
	if runtime.GOOS == "linux" { // on other systems, a busy process does not notice
		test := ends["killed"]
		test.code = busy
		ends["killed while it is busy"] = test
	}
	for name, test := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			project, started := stuckProject(t, test.code)
			before, temp := clitest.List(t, project), t.TempDir()
			var says strings.Builder
			cmd := exec.CommandContext(t.Context(), "proxypatch", append([]string{"-C", project, "verify"}, test.args...)...)
			cmd.Env = append(os.Environ(), "TMPDIR="+temp)
			cmd.Stderr = &says
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { _ = cmd.Wait(); close(ended) }()
			pid := pidIn(t, started, ended)
			if test.signal != 0 {
				if err := cmd.Process.Signal(test.signal); err != nil {
					t.Fatal(err)
				}
			}
			<-ended
			if code := cmd.ProcessState.ExitCode(); code != int(test.exit) || !strings.Contains(says.String(), test.says) {
				t.Errorf("exited with %d: %s", code, &says)
			}
			for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) { // up to the test's own time limit
				time.Sleep(10 * time.Millisecond)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 || clitest.List(t, project) != before {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// pidIn waits until a process wrote its id to a file, or until the process that starts
// it has ended.
func pidIn(t *testing.T, file string, ended <-chan struct{}) int {
	t.Helper()
	for {
		data, err := os.ReadFile(file)
		if text, written := strings.CutSuffix(string(data), "\n"); err == nil && written {
			pid, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
		select {
		case <-ended:
			t.Fatal("it ended before")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
