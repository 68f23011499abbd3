package docs

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// TestOwnRequests runs the code of docs/troubleshooting.md that refreshes tokens through a proxy. Without it, no one
// resolves the host's name. The quick loop runs the newest Node.js.
func TestOwnRequests(t *testing.T) {
	t.Parallel()
	code := exampleIn(t, "docs/troubleshooting.md", "Requests of your own code")
	certificates := nodetest.TLS(t, "idp.corp.test")
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + `{"access_token":"x"}`
	proxy := proxytest.Tunnel{Certificates: certificates, Answer: answer}.Start(t)
	project := nodetest.Copy(t, "undici-6")
	code += `
console.log(JSON.stringify(await refreshTokens("https://idp.corp.test/token", "y")))`
	if err := os.WriteFile(filepath.Join(project, "refresh.mjs"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, node := range chosen(t, "node-18", "node-20", "node-26") {
		cmd := exec.CommandContext(t.Context(), nodetest.PinnedNode(t, node), "--no-warnings", "refresh.mjs")
		cmd.Dir = project
		cmd.Env = append(os.Environ(), "https_proxy=http://"+proxy, "no_proxy=", "NO_PROXY=", "NODE_EXTRA_CA_CERTS="+filepath.Join(certificates, "ca.pem"))
		output, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(output)) != `{"access_token":"x"}` {
			t.Errorf("%s: %v, %s", node, err, output)
		}
	}
}

// TestInstrumentation runs the code of docs/do-i-need-it.md that gives fetch a proxy, with
// the releases of undici and Node.js that the document names. The quick loop runs the newest
// Node.js.
func TestInstrumentation(t *testing.T) {
	t.Parallel()
	code := exampleIn(t, "docs/do-i-need-it.md", "next-auth 5") + `
await register()
await fetch("https://idp.corp.test/").then(() => console.log("by the proxy"), () => console.log("directly"))`
	certificates := nodetest.TLS(t, "idp.corp.test")
	proxy := proxytest.Tunnel{Certificates: certificates, Answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}.Start(t)
	for project, ways := range map[string]map[string]string{
		"undici-6": {"node-18": "by the proxy", "node-20": "by the proxy", "node-22": "by the proxy", "node-24": "by the proxy", "node-26": "directly"},
		"undici-7": {"node-20": "by the proxy", "node-22": "by the proxy", "node-24": "by the proxy", "node-26": "by the proxy"},
	} {
		dir := nodetest.Copy(t, project)
		if err := os.WriteFile(filepath.Join(dir, "instrumentation.mjs"), []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, node := range chosen(t, slices.Sorted(maps.Keys(ways))...) {
			want := ways[node]
			cmd := exec.CommandContext(t.Context(), nodetest.PinnedNode(t, node), "--no-warnings", "instrumentation.mjs")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "NEXT_RUNTIME=nodejs", "https_proxy=http://"+proxy, "no_proxy=", "NO_PROXY=", "NODE_EXTRA_CA_CERTS="+filepath.Join(certificates, "ca.pem"))
			output, err := cmd.CombinedOutput()
			if got := strings.TrimSpace(string(output)); err != nil || got != want {
				t.Errorf("%s, %s: %v, %s; want %s", project, node, err, got, want)
			}
		}
	}
}

// chosen returns releases of Node.js, in the quick loop only the last one.
func chosen(t *testing.T, nodes ...string) []string {
	t.Helper()
	if gate.Wanted(t, "nodes") {
		return nodes
	}
	return nodes[len(nodes)-1:]
}

// exampleIn returns the first JavaScript in a section of a document.
func exampleIn(t *testing.T, document, title string) string {
	t.Helper()
	for _, section := range repotest.Document(t, document) {
		if section.Title != title {
			continue
		}
		for _, block := range section.Blocks {
			if block.Language == "js" {
				return block.Code
			}
		}
	}
	t.Fatalf("%s has no code in %q", document, title)
	return ""
}
