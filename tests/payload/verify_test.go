package payload

import (
	"encoding/json"
	"os/exec"
	"runtime"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// TestVerifyUnderLoad runs verify on a core that it shares with busy loops. A patched copy never leaks or fails, and an
// unpatched one never counts as patched.
func TestVerifyUnderLoad(t *testing.T) {
	gate.Need(t, "payload")
	verifyUnderLoad(t, 3, 6, "2m")
}

func verifyUnderLoad(t *testing.T, times, loops int, timeout string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has taskset to bind processes to a core")
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		repotest.Unavailable(t, "verify under load: %v", err)
	}
	program, err := clitest.Program()
	must(t, err)
	unpatched, patched := nodetest.Copy(t, "agent-7.0.6"), nodetest.Copy(t, "agent-7.0.6")
	clitest.Must(t, "-C", patched, "apply")
	for range loops {
		loop := exec.CommandContext(t.Context(), taskset, "-c", "0", "sh", "-c", "while :; do :; done")
		must(t, loop.Start())
		t.Cleanup(func() { _ = loop.Process.Kill(); _ = loop.Wait() })
	}
	codes := map[int]int{}
	for i := range times {
		code, leaked := verified(t, taskset, program, patched, timeout)
		if codes[code]++; code != 0 && code != 1 || leaked {
			t.Errorf("run %d: a patched copy ends in %d, leaked: %v", i, code, leaked)
		}
		if code, leaked := verified(t, taskset, program, unpatched, timeout); code == 0 || code == 1 && leaked {
			t.Errorf("run %d: an unpatched copy ends in %d, leaked: %v", i, code, leaked)
		}
	}
	t.Logf("%d busy loops, %d runs, exit codes of a patched copy: %v", loops, times, codes)
	casecount.Report(t, "runs of verify under load", 2*times)
	if codes[0]*30 < times*25 {
		t.Errorf("only %d of %d runs came to a result", codes[0], times)
	}
}

// verified runs verify on the busy core. It returns its exit code, and whether a call leaked.
func verified(t *testing.T, taskset, program, project, timeout string) (code int, leaked bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), taskset, "-c", "0", program, "-C", project, "verify", "--json", "--timeout", timeout, "--node", nodetest.Node(t))
	output, _ := cmd.Output() // the caller judges its exit code
	var report struct{ Calls []struct{ Result string } }
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, call := range report.Calls {
		leaked = leaked || call.Result == "leaked"
	}
	return cmd.ProcessState.ExitCode(), leaked
}
