package docs

import (
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
)

// nodesOwnWay is what docs/after-you-patched.md says of NODE_USE_ENV_PROXY: the calls that go through the proxy.
var nodesOwnWay = []struct{ settings, url, proxied string }{
	{"https_proxy=http://PROXY", "https://idp.corp.test", "https fetch"},
	{"http_proxy=http://PROXY", "https://idp.corp.test", "fetch"},
	{"all_proxy=http://PROXY", "https://idp.corp.test", ""},
	{"https_proxy=http://PROXY no_proxy=.corp.test", "https://idp.corp.test", ""},
	{"https_proxy=http://PROXY no_proxy=127.0.0.0/8", "https://127.0.0.5:1025", "https fetch"},
	{"https_proxy=http://PROXY no_proxy=127.0.0.1-127.0.0.9", "https://127.0.0.5:1025", "fetch"},
	{"https_proxy=http://PROXY", "https://localhost:1025", "https fetch"},
}

// TestNodesOwnWay tries it, with a proxy that answers 407.
func TestNodesOwnWay(t *testing.T) {
	t.Parallel()
	nodes := []string{"node-24"}
	if gate.Wanted(t, "nodes") {
		nodes = append(nodes, "node-22", "node-26")
	}
	for _, name := range nodes {
		node := nodetest.PinnedNode(t, name)
		for _, row := range nodesOwnWay {
			proxied, output := callWithNodesOwnWay(t, node, row.url, row.settings)
			if proxied != row.proxied {
				t.Errorf("%s: %s with %s goes through the proxy by %q, not %q:\n%s", name, row.url, row.settings, proxied, row.proxied, output)
			}
		}
		// Node.js 22 and newer ones differ in fetch here.
		if proxied, output := callWithNodesOwnWay(t, node, "https://idp.corp.test", "https_proxy=http://PROXY no_proxy=corp.test"); !strings.HasPrefix(proxied, "https") {
			t.Errorf("%s: no_proxy=corp.test excludes a subdomain in https.get:\n%s", name, output)
		}
		if _, output := callWithNodesOwnWay(t, node, "https://idp.corp.test", "https_proxy=PROXY"); !strings.Contains(output, "TypeError: Invalid URL") {
			t.Errorf("%s does not refuse a proxy without http://:\n%s", name, output)
		}
	}
}

// callWithNodesOwnWay makes a call with https.get and one with fetch, through the proxy in settings. It returns which of
// them failed as they do if a proxy answers 407, and what Node.js printed.
func callWithNodesOwnWay(t *testing.T, node, url, settings string) (proxied, output string) {
	t.Helper()
	var connections atomic.Int32
	proxy := proxytest.Serve(t, func(c net.Conn) {
		connections.Add(1)
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
	})
	code := `const url = process.argv[1]
require("https").get(url).on("error", (e) => console.log(e.code, e.message))
fetch(url).catch((e) => console.log(e.message, e.cause.message))`
	cmd := exec.CommandContext(t.Context(), node, "--no-warnings", "-e", code, url)
	cmd.Env = append(strings.Fields(strings.ReplaceAll(settings, "PROXY", proxy)), "NODE_USE_ENV_PROXY=1")
	out, _ := cmd.CombinedOutput() // some settings end Node.js
	var ways []string
	if strings.Contains(string(out), "ERR_PROXY_TUNNEL Failed to establish tunnel to "+strings.TrimPrefix(url, "https://")) {
		ways = append(ways, "https")
	}
	if strings.Contains(string(out), "fetch failed Request was cancelled.") {
		ways = append(ways, "fetch")
	}
	if int(connections.Load()) != len(ways) {
		t.Errorf("%s with %s: %d connections to the proxy, but the errors say %q:\n%s", url, settings, connections.Load(), ways, out)
	}
	return strings.Join(ways, " "), string(out)
}
