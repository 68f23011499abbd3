package payload

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// TestSoakVerify is TestVerifyUnderLoad with more of everything.
func TestSoakVerify(t *testing.T) {
	gate.NeedAll(t, "payload")
	verifyUnderLoad(t, 30, 20, "5m")
}

// TestSoakSignIns signs in thousands of times with every major release of Node.js and three of https-proxy-agent:
// none fails, the heap does not grow, and no connection is left.
func TestSoakSignIns(t *testing.T) {
	gate.NeedAll(t, "payload")
	nodes, err := filepath.Glob("../../testdata/npm/node-*")
	must(t, err)
	script := absolute(t, "../../patches/helper/test/support/soak.js")
	tls := nodetest.TLS(t, "*.corp.test", "localhost")
	combinations := 0
	for _, agent := range []string{"agent-5.0.1", "agent-7.0.6", "agent-9.1.0"} {
		project := nodetest.Copy(t, agent)
		clitest.Must(t, "-C", project, "apply")
		for _, node := range nodes {
			name := filepath.Base(node)
			combinations++
			t.Run(name+" "+agent, func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), nodetest.PinnedNode(t, name), "--expose-gc", script, "5000")
				cmd.Env = append(slices.DeleteFunc(os.Environ(), misleads),
					"HELPER_PROJECT="+project, "HELPER_AGENT="+agent[len("agent-"):], "HELPER_TLS="+tls, "NODE_EXTRA_CA_CERTS="+filepath.Join(tls, "ca.pem"))
				output, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("%v\n%s", err, output)
				}
				t.Logf("%s", output)
			})
		}
	}
	casecount.AtLeast(t, "combinations of Node.js and https-proxy-agent in the soak", combinations, 27)
}
