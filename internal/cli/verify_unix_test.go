//go:build unix

package cli

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

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// stuckProject makes a project whose calls run into some JavaScript that never
// ends, and write the process's id to a file when they do.
func stuckProject(t *testing.T, code string) (project, started string) {
	t.Helper()
	project, started = nodetest.Copy(t, "agent-7.0.6"), filepath.Join(t.TempDir(), "started")
	patch(t, project)
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

// However verify ends, its Node.js ends too, and nothing is left.
func TestVerifyEndsItsProcess(t *testing.T) {
	t.Parallel()
	needsVerify(t)
	ends := map[string]struct {
		code   string
		signal syscall.Signal
		args   []string
		exit   exitCode // -1 if it is killed
		says   string
	}{
		"Ctrl-C":                {busy, syscall.SIGINT, nil, exitFailed, "proxypatch: interrupted\n"},
		"SIGTERM":               {busy, syscall.SIGTERM, nil, exitFailed, "proxypatch: interrupted\n"},
		"killed":                {waiting, syscall.SIGKILL, nil, -1, ""},
		"timeout":               {busy, 0, []string{"--timeout", "8s"}, exitFailed, "discovery, token, JWKS"},
		"timeout of some calls": {waiting, 0, []string{"--timeout", "8s"}, exitUnproven, ": could not tell: too slow\nhint: --timeout gives it longer\n"},
	}
	if runtime.GOOS == "linux" { // elsewhere a process that is busy does not notice
		test := ends["killed"]
		test.code = busy
		ends["killed while it is busy"] = test
	}
	for name, test := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			project, started := stuckProject(t, test.code)
			before, temp := mustList(t, project), t.TempDir()
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
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 || mustList(t, project) != before {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// pidIn waits until a process has written its id to a file, or the one that was
// to start it has ended.
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
