// Package nettest starts a simulated network for tests, and writes the files that a
// Node.js process needs to use it. Only tests use it.
package nettest

import (
	_ "embed"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/verify/network"
)

//go:embed names.js
var names []byte

// Network is a network that ends with the test.
type Network struct {
	*network.Network
	dir       string
	forgotten int // number of lines of the log to skip
}

// New starts a network of services by host name.
func New(t testing.TB, services map[string]http.Handler) *Network {
	t.Helper()
	inner, err := network.New(services, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inner.Close)
	n := &Network{Network: inner, dir: t.TempDir()}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: inner.Certificate.Certificate[0]})
	for name, data := range map[string][]byte{n.CA(): inner.CA, n.Certificate(): certificate, n.Names(): names} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// Forget clears Log and Seen.
func (n *Network) Forget() { n.forgotten = len(n.Network.Log()) }

// Log returns the requests since Forget, in order.
func (n *Network) Log() []string { return n.Network.Log()[n.forgotten:] }

// Seen returns the lines of Log, sorted and without duplicates.
func (n *Network) Seen() []string { return slices.Compact(slices.Sorted(slices.Values(n.Log()))) }

// Arrivals returns the lines that a request "METHOD host/path" through the proxy adds
// to the log.
func Arrivals(request string) []string {
	_, target, _ := strings.Cut(request, " ")
	host, _, _ := strings.Cut(target, "/")
	return []string{"CONNECT " + host + ":443", request}
}

// CA returns the file with the authority of all services' certificate, for
// NODE_EXTRA_CA_CERTS.
func (n *Network) CA() string { return filepath.Join(n.dir, "ca.pem") }

// Certificate returns the file with that certificate.
func (n *Network) Certificate() string { return filepath.Join(n.dir, "cert.pem") }

// Names returns a script for Node's --require. With it, a process resolves only
// localhost, so it can reach the services only through the proxy.
func (n *Network) Names() string { return filepath.Join(n.dir, "names.js") }
