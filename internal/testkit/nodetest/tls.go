package nodetest

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/verify/network/certs"
)

// TLS makes a certificate authority and a certificate for hosts (names or IP addresses), both valid for a day. It returns a
// directory with ca.pem, for NODE_EXTRA_CA_CERTS, and cert.pem with key.pem, for a server. The directory ends with the test
// and does not contain the authority's key.
func TLS(t testing.TB, hosts ...string) string {
	t.Helper()
	ca, server, err := certs.New(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"ca.pem":   ca,
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate[0]}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
