// Package prooftest makes the requests of an installed next-auth in Node.js, and checks
// which of them arrive at a proxy.
package prooftest

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
	"github.com/proxypatch/proxypatch/internal/verify"
)

const (
	slowHost   = "slow.corp.test"   // the same identity provider, but the proxy takes slowness to connect to it
	silentHost = "silent.corp.test" // the proxy never connects to it

	// slowness is more than the 3.5 s that openid-client waits by default.
	slowness = 4 * time.Second
)

// Network is the network of verify with additional slow hosts. A Node.js started by
// Command can't resolve names.
type Network struct {
	*verify.Network
	ca        string // file
	node      string
	forgotten int // number of lines of the log to skip
}

// On returns the network for another Node.js.
func (n *Network) On(node string) *Network {
	other := *n
	other.node = node
	return &other
}

// Forget clears Seen.
func (n *Network) Forget() { n.forgotten = len(n.Log()) }

// Seen returns the requests since Forget, sorted and without duplicates.
func (n *Network) Seen() []string {
	return slices.Compact(slices.Sorted(slices.Values(n.Log()[n.forgotten:])))
}

// NewNetwork starts a network that ends with the test.
func NewNetwork(t *testing.T) *Network {
	t.Helper()
	node := nodetest.Node(t)
	services := map[string]verify.Service{
		"GET " + slowHost + "/userinfo":   verify.UserInfo,
		"GET " + silentHost + "/userinfo": verify.UserInfo,
	}
	inner, err := verify.NewNetwork(verify.Options{Services: services, Dial: takeTime})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inner.Close)
	n := &Network{Network: inner, ca: filepath.Join(t.TempDir(), "ca.pem"), node: node}
	if err := os.WriteFile(n.ca, n.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

// takeTime delays the proxy before it connects to a slow host.
func takeTime(ctx context.Context, host string) error {
	slow := map[string]time.Duration{slowHost: slowness, silentHost: math.MaxInt64}
	select {
	case <-time.After(slow[host]):
		return nil
	case <-ctx.Done():
		return errors.New("the client has gone")
	}
}

// Command returns a command that runs a script of testdata with only http_proxy set, as
// the tutorial recommends.
func (n *Network) Command(t *testing.T, script string, env ...string) *exec.Cmd {
	t.Helper()
	kit := filepath.Join(repotest.Top(t), "internal", "testkit")
	names := filepath.Join(kit, "nettest", "names.js")
	cmd := exec.CommandContext(t.Context(), n.node, "--require", names, filepath.Join(kit, "prooftest", "testdata", script))
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"http_proxy=" + n.Proxy(),
		"NODE_EXTRA_CA_CERTS=" + n.ca,
	}, env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// OwnPort returns the port of all services, as a string.
func (n *Network) OwnPort() string { return n.Address()[strings.LastIndex(n.Address(), ":")+1:] }

// Direct returns an environment that makes Node.js reach the hosts without the proxy.
func (n *Network) Direct() string {
	return "DIRECT=" + strings.Join(n.Hosts(), ",") + ":" + n.OwnPort()
}
