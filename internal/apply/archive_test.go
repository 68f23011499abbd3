package apply

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/pnp"
)

// A file whose bytes are not those that the archive was made with says so of the archive.
func TestDamagedArchive(t *testing.T) {
	const name, content = "client.js", "what was released"
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	file, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data := bytes.Replace(out.Bytes(), []byte(content), []byte("what was replaced"), 1)
	at := filepath.Join(t.TempDir(), "next-auth.zip")
	if err := os.WriteFile(at, data, 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := archive{files, filepath.Join(at, "node_modules", "next-auth")}.read(name)
	damaged, ok := errors.AsType[*pnp.Error](err)
	if !ok || damaged.Path != at || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
