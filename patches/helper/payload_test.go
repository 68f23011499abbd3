package helper_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// combinations are the oldest, a common and the newest Node.js, each with an https-proxy-agent of its time.
var combinations = []struct{ node, agent string }{
	{"node-18", "agent-5.0.1"},
	{"node-20", "agent-7.0.6"},
	{"node-26", "agent-9.1.0"},
}

// TestPayload runs the tests of what the helper does over years in a server: connections that are kept, faults, load.
// Each is tried often enough with PROXYPATCH_TESTS=nodes. The quick loop tries a few times what connections that are kept
// do, and settings. The rest takes most of the time.
func TestPayload(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("test", "payload", "*.test.js"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests found: %v", err)
	}
	for _, f := range chosenForms(t) {
		s := newSuite(t, f, agents...)
		if !gate.Wanted(t, "nodes") {
			quick := slices.DeleteFunc(slices.Clone(files), isSlow)
			if failure := s.test(t.Context(), nodetest.Node(t), agents[len(agents)-1], quick...); failure != "" {
				t.Error(failure)
			}
			continue
		}
		var env []string
		if f == commonJS { // the forms differ in how they load modules, not in what happens over years
			env = []string{"HELPER_THOROUGH=1"}
		}
		for _, c := range combinations {
			t.Run(f.name+" "+c.node+" "+c.agent, func(t *testing.T) {
				t.Parallel()
				for _, file := range files {
					if failure := s.testWith(t.Context(), env, nodetest.PinnedNode(t, c.node), c.agent, file); failure != "" {
						t.Error(failure)
					}
				}
			})
		}
	}
}

func isSlow(file string) bool {
	return slices.Contains([]string{"blame.test.js", "faults.test.js", "load.test.js"}, filepath.Base(file))
}

// Tools that intercept the requests of a process, to answer, record or refuse them, see the helper's like any others.
func TestInterceptors(t *testing.T) {
	gate.Need(t, "nodes")
	t.Parallel()
	s := newSuite(t, commonJS)
	tools := nodetest.Project(t, "interceptors")
	for _, tool := range []string{"msw", "nock", "OpenTelemetry", "Sentry"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), nodetest.Node(t), filepath.Join("test", "support", "intercepted.js"), tool)
			cmd.Env = append(s.environment(waitingAgent), "HELPER_TOOLS="+tools)
			if output, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(output), "done\n") {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}
