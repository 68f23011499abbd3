package nodetest

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestProjectIsInstalledOnce(t *testing.T) {
	dirs := make([]string, 3)
	dirs[0] = Project(t, "agent-7.0.6") // skips the test here, not in a goroutine
	var wait sync.WaitGroup
	for i := range dirs[1:] {
		wait.Go(func() { dirs[i+1] = Project(t, "agent-7.0.6") })
	}
	wait.Wait()
	for _, dir := range dirs {
		if dir != dirs[0] {
			t.Errorf("got %s and %s", dirs[0], dir)
		}
	}
	if _, err := os.Stat(filepath.Join(dirs[0], "node_modules", "next-auth", "package.json")); err != nil {
		t.Error(err)
	}
}

func TestCopyIsPrivate(t *testing.T) {
	shared, private := Project(t, "agent-7.0.6"), Copy(t, "agent-7.0.6")
	name := filepath.Join("node_modules", "next-auth", "package.json")
	a, err := os.Stat(filepath.Join(shared, name))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat(filepath.Join(private, name))
	if err != nil {
		t.Fatal(err)
	}
	if os.SameFile(a, b) {
		t.Error("the copy shares a file with the original")
	}
	if a.Mode() != b.Mode() || a.Size() != b.Size() {
		t.Errorf("got %v with %d bytes, want %v with %d", b.Mode(), b.Size(), a.Mode(), a.Size())
	}
}

func TestCopyTreeKeepsLinksAndModes(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(filepath.Join(from, "run"), []byte("x"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", filepath.Join(from, "link")); err != nil {
		t.Skip(err)
	}
	if err := CopyTree(from, to); err != nil {
		t.Fatal(err)
	}
	if link, err := os.Readlink(filepath.Join(to, "link")); err != nil || link != "run" {
		t.Errorf("link: got %q, %v", link, err)
	}
	want, err := os.Stat(filepath.Join(from, "run"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.Stat(filepath.Join(to, "run")); err != nil || got.Mode() != want.Mode() {
		t.Errorf("mode: got %v, %v; want %v", got.Mode(), err, want.Mode())
	}
}

func TestTLSNamesHosts(t *testing.T) {
	dir := TLS(t, "idp.corp.test", "127.0.0.1")
	roots := x509.NewCertPool()
	roots.AddCert(certificate(t, filepath.Join(dir, "ca.pem")))
	leaf := certificate(t, filepath.Join(dir, "cert.pem"))
	for _, host := range []string{"idp.corp.test", "127.0.0.1"} {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "other.test"}); err == nil {
		t.Error("other.test: accepted")
	}
}

func certificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%s: no PEM block", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
