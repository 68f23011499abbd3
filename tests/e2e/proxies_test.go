package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
)

// proxy is a real proxy program. It resolves no names and forwards everything to the
// proxy of a network.
type proxy struct {
	program string
	login   *url.Userinfo // the login that it requires, with Basic
	config  string        // from its port, the parent's port and the directory for its log
	args    []string      // before the configuration's name
}

var proxies = map[string]proxy{
	"squid": {
		program: "squid",
		config: `
http_port 127.0.0.1:%[1]s
cache_peer 127.0.0.1 parent %[2]s 0 no-query no-digest no-netdb-exchange default
never_direct allow all
http_access allow all
cache deny all
access_log stdio:%[3]s/log
cache_log %[3]s/cache.log
pid_filename none
pinger_enable off
shutdown_lifetime 0 seconds
`,
		args: []string{"-N", "-f"},
	},
	"tinyproxy, Basic": {
		program: "tinyproxy",
		login:   url.UserPassword("ada", "secret"),
		config: `
Port %[1]s
Listen 127.0.0.1
Upstream http 127.0.0.1:%[2]s
BasicAuth ada secret
LogFile "%[3]s/log"
LogLevel Connect
`,
		args: []string{"-d", "-c"},
	},
}

// start runs the proxy before a network, and returns its URL and its log file.
func (p proxy) start(t *testing.T, network *nettest.Network) (address, log string) {
	t.Helper()
	// t.TempDir does not work, because squid can't enter it after it gave up root.
	dir, err := os.MkdirTemp("", "proxy")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	parent, err := url.Parse(network.Proxy())
	must(t, err)
	port := nettest.FreePort(t)
	config := filepath.Join(dir, "config")
	must(t, os.WriteFile(config, fmt.Appendf(nil, p.config, port, parent.Port(), dir), 0o666))
	process := start(t, dir, nil, p.program, append(p.args, config)...)
	process.await(t, func() bool { return nettest.Listens("127.0.0.1:" + port) })
	there := url.URL{Scheme: "http", User: p.login, Host: "127.0.0.1:" + port}
	return there.String(), filepath.Join(dir, "log")
}

// passed requires that a proxy's log names the identity provider, and keeps the log as
// an artefact.
func passed(t *testing.T, log string) {
	t.Helper()
	data, err := os.ReadFile(log)
	must(t, err)
	if !strings.Contains(string(data), "CONNECT "+identityProvider+":443") {
		t.Errorf("the proxy's log has no CONNECT to %s:\n%s", identityProvider, data)
	}
	must(t, os.WriteFile(artefact(t, "access.log"), data, 0o666))
}
