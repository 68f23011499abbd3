package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// TestOwnRequests runs the code of docs/troubleshooting.md that refreshes tokens through a proxy. Without it, no one
// resolves the host's name.
func TestOwnRequests(t *testing.T) {
	t.Parallel()
	code := ownRequests(t)
	certificates := nodetest.TLS(t, "idp.corp.test")
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + `{"access_token":"x"}`
	proxy := proxytest.Tunnel{Certificates: certificates, Answer: answer}.Start(t)
	project := nodetest.Copy(t, "undici-6")
	code += `
console.log(JSON.stringify(await refreshTokens("https://idp.corp.test/token", "y")))`
	if err := os.WriteFile(filepath.Join(project, "refresh.mjs"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, node := range []string{"node-18", "node-20", "node-26"} {
		cmd := exec.CommandContext(t.Context(), nodetest.PinnedNode(t, node), "--no-warnings", "refresh.mjs")
		cmd.Dir = project
		cmd.Env = append(os.Environ(), "https_proxy=http://"+proxy, "no_proxy=", "NO_PROXY=", "NODE_EXTRA_CA_CERTS="+filepath.Join(certificates, "ca.pem"))
		output, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(output)) != `{"access_token":"x"}` {
			t.Errorf("%s: %v, %s", node, err, output)
		}
	}
}

// ownRequests returns the code in the section about requests of the app's own code.
func ownRequests(t *testing.T) string {
	t.Helper()
	for _, section := range repotest.Document(t, "docs/troubleshooting.md") {
		if section.Title != "Requests of your own code" {
			continue
		}
		for _, block := range section.Blocks {
			if block.Language == "js" {
				return block.Code
			}
		}
	}
	t.Fatal("the section has no code")
	return ""
}
