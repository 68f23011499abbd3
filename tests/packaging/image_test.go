package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// descriptor refers to a blob of an OCI layout.
type descriptor struct {
	MediaType, Digest string
	Size              int
	Platform          struct{ OS, Architecture string }
	Annotations       map[string]string
}

type imageIndex struct {
	SchemaVersion int
	Manifests     []descriptor
	Annotations   map[string]string
}

type imageManifest struct {
	SchemaVersion int
	Config        descriptor
	Layers        []descriptor
}

type imageConfig struct {
	OS, Architecture, Created string
	Config                    map[string]any
	RootFS                    struct {
		Type    string
		DiffIDs []string `json:"diff_ids"`
	}
}

// layout is an OCI layout that counts which of its files were read.
type layout struct {
	files map[string][]byte
	read  map[string]bool
}

// blob returns what a descriptor refers to, and decodes it unless into is nil.
func (l *layout) blob(t *testing.T, d descriptor, into any) []byte {
	t.Helper()
	name := "blobs/" + strings.Replace(d.Digest, ":", "/", 1)
	data := l.files[name]
	if fmt.Sprintf("sha256:%x", sha256.Sum256(data)) != d.Digest || len(data) != d.Size {
		t.Fatalf("%s has %d bytes: %+v", name, len(data), d)
	}
	l.read[name] = true
	if into != nil {
		must(t, json.Unmarshal(data, into))
	}
	return data
}

// testImage expects an image for each program's processor, with the program alone.
func testImage(t *testing.T, file, version, commit, date string, programs map[string][]byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	l := &layout{map[string][]byte{}, map[string]bool{}}
	readTar(t, bytes.NewReader(data), func(header *tar.Header, data []byte) {
		isOf(t, header, 0o644, date)
		l.files[header.Name] = data
	})
	if got := string(l.files["oci-layout"]); got != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout is %q", got)
	}
	var top, all imageIndex
	must(t, json.Unmarshal(l.files["index.json"], &top))
	if len(top.Manifests) != 1 || top.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != version {
		t.Fatalf("index.json: %s", l.files["index.json"])
	}
	l.blob(t, top.Manifests[0], &all)
	labels := map[string]any{}
	for name, value := range map[string]string{
		"created": date, "description": "Makes an installed NextAuth.js work behind a corporate proxy", "licenses": "MIT",
		"revision": commit, "source": "https://github.com/proxypatch/proxypatch", "title": "proxypatch", "version": version,
	} {
		labels["org.opencontainers.image."+name] = value
		if all.Annotations["org.opencontainers.image."+name] != value {
			t.Errorf("the index has the annotations %q", all.Annotations)
		}
	}
	found := map[string][]byte{}
	for _, d := range all.Manifests {
		var m imageManifest
		var c imageConfig
		l.blob(t, d, &m)
		l.blob(t, m.Config, &c)
		if len(m.Layers) != 1 || top.SchemaVersion != 2 || all.SchemaVersion != 2 || m.SchemaVersion != 2 || c.Created != date ||
			c.OS != "linux" || d.Platform.OS != c.OS || d.Platform.Architecture != c.Architecture || c.RootFS.Type != "layers" {
			t.Fatalf("%+v\n%+v\n%+v", d, m, c)
		}
		if diff := cmp.Diff(map[string]any{"Entrypoint": []any{"/proxypatch"}, "Labels": labels}, c.Config); diff != "" {
			t.Errorf("the configuration (-want +got):\n%s", diff)
		}
		uncompressed, err := gzip.NewReader(bytes.NewReader(l.blob(t, m.Layers[0], nil)))
		must(t, err)
		layer, err := io.ReadAll(uncompressed)
		must(t, err)
		if diff := cmp.Diff([]string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}, c.RootFS.DiffIDs); diff != "" {
			t.Errorf("diff_ids (-want +got):\n%s", diff)
		}
		readTar(t, bytes.NewReader(layer), func(header *tar.Header, data []byte) {
			isOf(t, header, 0o755, date)
			found[c.Architecture+" "+header.Name] = data
		})
	}
	if blobs := len(l.files) - 2; blobs != len(l.read) { // without oci-layout and index.json
		t.Errorf("%q are there, and only %q belong to the image", slices.Sorted(maps.Keys(l.files)), slices.Sorted(maps.Keys(l.read)))
	}
	for arch, program := range programs {
		if !bytes.Equal(found[arch+" proxypatch"], program) {
			t.Errorf("the image for %s has another program", arch)
		}
		delete(found, arch+" proxypatch")
	}
	if len(found) > 0 {
		t.Errorf("there is more in the image: %q", slices.Sorted(maps.Keys(found)))
	}
}

// isOf checks a header's mode and date. It must not name the user who made the file.
func isOf(t *testing.T, header *tar.Header, mode int64, date string) {
	t.Helper()
	if header.Typeflag != tar.TypeReg || header.Mode != mode || header.Uid != 0 || header.Gid != 0 ||
		header.Uname != "" && header.Uname != "root" || header.ModTime.UTC().Format("2006-01-02T15:04:05Z") != date {
		t.Errorf("the header of %s: %+v", header.Name, header)
	}
}

// readTar calls visit with every entry of a tar file.
func readTar(t *testing.T, from io.Reader, visit func(*tar.Header, []byte)) {
	t.Helper()
	for reader := tar.NewReader(from); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return
		}
		must(t, err)
		data, err := io.ReadAll(reader)
		must(t, err)
		visit(header, data)
	}
}

// TestImage makes the image from two files, one as large as a megabyte: compressing this
// machine's program would take seconds.
func TestImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tool := filepath.Join(dir, "image.exe")
	repotest.Output(t, repotest.Command(repotest.Top(t), []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-o", tool, "./tools/image"))
	programs := map[string][]byte{runtime.GOARCH: buildProgram(t)[:1<<20], "riscv64": []byte("another program")}
	args := []string{"first.tar", "9.8.7", "0123abc", "1767323045"}
	for _, arch := range slices.Sorted(maps.Keys(programs)) {
		writeFile(t, filepath.Join(dir, arch), string(programs[arch]), 0o755)
		args = append(args, arch+"="+arch)
	}
	repotest.Output(t, repotest.Command(dir, nil, tool, args...))
	first := filepath.Join(dir, "first.tar")
	testImage(t, first, "9.8.7", "0123abc", "2026-01-02T03:04:05Z", programs)

	second := slices.Clone(args)
	second[0] = "second.tar"
	repotest.Output(t, repotest.Command(dir, nil, tool, second...))
	a, err := os.ReadFile(first)
	must(t, err)
	if b, err := os.ReadFile(filepath.Join(dir, "second.tar")); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the same programs give other bytes (%v)", err)
	}

	for name, args := range map[string][]string{
		"no program":      {"bad.tar", "9.8.7", "0123abc", "1"},
		"no time":         {"bad.tar", "9.8.7", "0123abc", "today", args[4]},
		"missing program": {"bad.tar", "9.8.7", "0123abc", "1", args[4], "arm64=missing"},
	} {
		out, err := repotest.Command(dir, nil, tool, args...).CombinedOutput()
		if err == nil || !strings.HasPrefix(string(out), "image: ") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "bad.tar")); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
}
