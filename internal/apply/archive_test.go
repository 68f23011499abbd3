package apply

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/proxypatch/proxypatch/internal/pnp"
	"github.com/proxypatch/proxypatch/internal/testkit/pnptest"
)

// If a file does not have the checksum that its archive records, the error names the archive.
func TestDamagedArchive(t *testing.T) {
	const name, content = "client.js", "what was released"
	// The second file of an archive is stored, so that its bytes can be replaced.
	data, err := pnptest.Archive("next-auth", fstest.MapFS{"a.js": {}, name: {Data: []byte(content)}})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), "next-auth.zip")
	if err := os.WriteFile(at, bytes.Replace(data, []byte(content), []byte("what was replaced"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(at, "node_modules", "next-auth")
	files, err := pnp.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := archive{files, dir}.read(name)
	damaged, ok := errors.AsType[*pnp.Error](err)
	if !ok || damaged.Path != at || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
