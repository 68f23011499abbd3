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

// stuck is a project of which a dependency runs JavaScript that never ends.
type stuck struct{ project, file, fs, code string }

// make makes the project. The code first writes the process's id to a file.
func (s stuck) make(t *testing.T) (project, started string) {
	t.Helper()
	project, started = nodetest.Copy(t, s.project), filepath.Join(t.TempDir(), "started")
	prooftest.Patch(t, project)
	code := fmt.Sprintf("%s\nfs.writeFileSync(%q, process.pid + '\\n');\n%s", s.fs, started, s.code)
	if err := os.WriteFile(filepath.Join(project, "node_modules", filepath.FromSlash(s.file)), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	return project, started
}

var (
	busy    = stuck{"agent-7.0.6", "openid-client/lib/index.js", "const fs = require('fs');", "for (;;);"}
	waiting = stuck{
		busy.project, busy.file, busy.fs,
		"exports.Issuer = class { constructor() { return new Promise(() => setInterval(() => {}, 1000)); } };\n" +
			"exports.Issuer.discover = () => new exports.Issuer(); exports.custom = {};",
	}
	coreBusy    = stuck{"core-agent-9.1.0", "oauth4webapi/build/index.js", "import fs from 'fs';", "for (;;);"}
	coreWaiting = stuck{
		coreBusy.project, coreBusy.file, coreBusy.fs,
		"export const discoveryRequest = () => new Promise(() => setInterval(() => {}, 1000));",
	}
)

// verify's Node.js always ends with it, and leaves nothing behind.
func TestVerifyEndsItsProcess(t *testing.T) {
	t.Parallel()
	gate.Need(t, "verify")
	ends := map[string]struct {
		stuck  stuck
		signal syscall.Signal
		args   []string
		exit   clitest.Code // -1 if it is killed
		says   string
	}{
		"Ctrl-C":                {busy, syscall.SIGINT, nil, clitest.Failed, "proxypatch: interrupted\n"},
		"SIGTERM":               {busy, syscall.SIGTERM, nil, clitest.Failed, "proxypatch: interrupted\n"},
		"killed":                {waiting, syscall.SIGKILL, nil, -1, ""},
		"timeout":               {busy, 0, []string{"--timeout", "8s"}, clitest.Failed, "could not say: too slow\nhint: give it more time with --timeout\n"},
		"Ctrl-C, @auth/core":    {coreBusy, syscall.SIGINT, nil, clitest.Failed, "proxypatch: interrupted\n"},
		"timeout, @auth/core":   {coreWaiting, 0, []string{"--timeout", "8s"}, clitest.Unproven, ": could not say: too slow\nhint: give it more time with --timeout\n"},
		"timeout of some calls": {waiting, 0, []string{"--timeout", "8s"}, clitest.Unproven, ": could not say: too slow\nhint: give it more time with --timeout\n"},
	}
	if runtime.GOOS == "linux" { // on other systems, a busy process does not notice
		test := ends["killed"]
		test.stuck = busy
		ends["killed while it is busy"] = test
	}
	for name, test := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			project, started := test.stuck.make(t)
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
