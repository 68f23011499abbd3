// Package helper_test runs the tests of the helper, which are JavaScript under Node's own test runner, as part of
// `go test`: once for each major release of https-proxy-agent.
package helper_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/nodetest"
)

// agents are the test projects. The one whose tests take longest is the first.
var agents = []string{"agent-7.0.6", "agent-5.0.1", "agent-6.2.1", "agent-8.0.0", "agent-9.1.0"}

// hosts are the names in the certificate of the test servers. Only the test's proxy knows where those below
// corp.test, fd00::/8 and 10/8 are.
var hosts = []string{"*.corp.test", "fd00::1", "10.1.2.3", "localhost", "127.0.0.1"}

// testTime bounds the tests with one release of https-proxy-agent. They take seconds.
const testTime = 2 * time.Minute

func TestHelper(t *testing.T) {
	node := nodetest.Node(t)
	tests, err := filepath.Glob(filepath.Join("test", "*.test.js"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests found: %v", err)
	}
	tls := nodetest.TLS(t, hosts...)
	for _, agent := range agents {
		t.Run(agent, func(t *testing.T) {
			t.Parallel()
			project := nodetest.Copy(t, agent)
			install(t, project)
			ctx, cancel := context.WithTimeout(t.Context(), testTime)
			defer cancel()
			cmd := exec.CommandContext(ctx, node, append([]string{"--test"}, tests...)...)
			cmd.Env = append(environment(),
				"HELPER_PROJECT="+project,
				"HELPER_AGENT="+strings.TrimPrefix(agent, "agent-"),
				"HELPER_TLS="+tls,
				"NODE_EXTRA_CA_CERTS="+filepath.Join(tls, "ca.pem"),
			)
			if agent == agents[len(agents)-1] {
				// Node's own support for proxies and the helper must live together.
				cmd.Env = append(cmd.Env, "NODE_USE_ENV_PROXY=1")
			}
			output, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", cmd, err, output)
			}
		})
	}
}

// install puts the helper where apply puts it, so that it finds https-proxy-agent as it will in a real project.
func install(t *testing.T, project string) {
	t.Helper()
	data, err := os.ReadFile("proxy.js")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(project, "node_modules", "next-auth", "core", "lib", "proxy.js")
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// environment is this process's without what would change how Node connects.
func environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
		if !strings.HasSuffix(name, "_PROXY") && !strings.HasPrefix(name, "NODE_") {
			env = append(env, entry)
		}
	}
	return env
}
