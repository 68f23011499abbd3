package e2e

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// chromium returns the path of the browser. Without one it skips the test, or fails it
// in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "no Chromium on the PATH (Debian's package is chromium): nobody signs in with a browser"
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// browse signs in with Chromium and saves a picture of the signed-in page.
func (a *app) browse(t *testing.T) {
	t.Helper()
	type headings struct{ SignedIn, Other string }
	a.network.Forget()
	parameters, err := json.Marshal(map[string]string{
		"chromium": chromium(t), "url": a.origin + "/", "api": a.url + "/api/auth", "page": a.origin + "/provider",
		"address": a.network.Address(), "key": publicKey(t, a.network), "image": artefact(t, "signed-in.png"),
	})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), nodetest.Node(t), absolute(t, "testdata/browser.js"), string(parameters))
	cmd.Dir = nodetest.Project(t, "browser")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, a.server.output)
	}
	var got headings
	must(t, json.Unmarshal(out, &got))
	if diff := cmp.Diff(headings{"Signed in as Ada", a.heading}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(a.providers["idp"].arrives, arrived(a.network)); diff != "" {
		t.Errorf("arrivals (-want +got):\n%s", diff)
	}
	a.keepLog(t, "browser")
}

// publicKey returns the hash that makes Chromium trust the key of a network's services.
func publicKey(t *testing.T, network *nettest.Network) string {
	t.Helper()
	data, err := os.ReadFile(network.Certificate())
	must(t, err)
	block, _ := pem.Decode(data)
	certificate, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
