// Package nettest gives tests a network, with the files that a Node.js process
// needs to live in it. It is for tests only.
package nettest

import (
	_ "embed"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/verify/network"
)

//go:embed names.js
var names []byte

// Network is a network that lives as long as the test.
type Network struct {
	*network.Network
	dir string
}

// New starts a network of services, by their host names.
func New(t testing.TB, services map[string]http.Handler) *Network {
	t.Helper()
	inner, err := network.New(services, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inner.Close)
	n := &Network{inner, t.TempDir()}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: inner.Certificate.Certificate[0]})
	for name, data := range map[string][]byte{n.CA(): inner.CA, n.Certificate(): certificate, n.Names(): names} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return n
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
