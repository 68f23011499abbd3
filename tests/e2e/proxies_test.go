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

// proxy is a program that people have between them and the internet. It knows
// no name either, but hands everything on to the proxy of a network.
type proxy struct {
	program string
	login   *url.Userinfo // what it asks for, with Basic
	config  string        // of its port, the parent's port and the directory for its log
	args    []string      // before the name of the configuration
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

// start runs the proxy in front of a network and returns its URL and the file
// of its log.
func (p proxy) start(t *testing.T, network *nettest.Network) (address, log string) {
	t.Helper()
	// Not t.TempDir, which squid may not enter when it has left root behind.
	dir, err := os.MkdirTemp("", "proxy")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	parent, err := url.Parse(network.Proxy())
	must(t, err)
	port := freePort(t)
	config := filepath.Join(dir, "config")
	must(t, os.WriteFile(config, fmt.Appendf(nil, p.config, port, parent.Port(), dir), 0o666))
	process := start(t, dir, nil, p.program, append(p.args, config)...)
	process.await(t, listening("127.0.0.1:"+port))
	there := url.URL{Scheme: "http", User: p.login, Host: "127.0.0.1:" + port}
	return there.String(), filepath.Join(dir, "log")
}

// passed makes sure that a proxy's log tells of the identity provider, and
// leaves it as an artefact.
func passed(t *testing.T, log string) {
	t.Helper()
	data, err := os.ReadFile(log)
	must(t, err)
	if !strings.Contains(string(data), "CONNECT "+identityProvider+":443") {
		t.Errorf("the proxy's log has no CONNECT to %s:\n%s", identityProvider, data)
	}
	must(t, os.WriteFile(artefact(t, "access.log"), data, 0o666))
}
