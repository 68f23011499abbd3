// Package nettest gives tests a network, with the files that a Node.js process
// needs to live in it. It is for tests only.
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

// Network is a network that lives as long as the test.
type Network struct {
	*network.Network
	dir       string
	forgotten int // lines of the log
}

// New starts a network of services, by their host names.
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

// Forget makes Log and Seen begin anew.
func (n *Network) Forget() { n.forgotten = len(n.Network.Log()) }

// Log returns what arrived since Forget, in order.
func (n *Network) Log() []string { return n.Network.Log()[n.forgotten:] }

// Seen returns the lines of Log, each once and sorted.
func (n *Network) Seen() []string { return slices.Compact(slices.Sorted(slices.Values(n.Log()))) }

// Arrivals returns what a network sees of a request, "METHOD host/path", that
// goes through its proxy.
func Arrivals(request string) []string {
	_, target, _ := strings.Cut(request, " ")
	host, _, _ := strings.Cut(target, "/")
	return []string{"CONNECT " + host + ":443", request}
}

// CA is the file with the authority that signed the certificate of all
// services, for NODE_EXTRA_CA_CERTS.
func (n *Network) CA() string { return filepath.Join(n.dir, "ca.pem") }

// Certificate is the file with that certificate.
func (n *Network) Certificate() string { return filepath.Join(n.dir, "cert.pem") }

// Names is a script for Node's --require with which a process can't resolve the
// name of any host but localhost: it reaches the services by way of the proxy or
// not at all.
func (n *Network) Names() string { return filepath.Join(n.dir, "names.js") }
