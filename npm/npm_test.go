package npm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/npm"
)

// contents returns the modes of a package's files and its package.json.
func contents(t *testing.T, tarball npm.Tarball) (modes map[string]int64, manifest map[string]any) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(tarball.Data))
	if err != nil {
		t.Fatal(err)
	}
	modes = map[string]int64{}
	for archive := tar.NewReader(unzipped); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			return modes, manifest
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[entry.Name] = entry.Mode
		if entry.Name == "package/package.json" {
			if err := json.NewDecoder(archive).Decode(&manifest); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// requireFields compares all fields of a package.json that affect an install.
func requireFields(t *testing.T, manifest, want map[string]any) {
	t.Helper()
	for _, name := range []string{"description", "license", "homepage", "repository", "publishConfig"} {
		if manifest[name] == nil {
			t.Errorf("package.json has no %s", name)
		}
		delete(manifest, name)
	}
	if diff := cmp.Diff(want, manifest); diff != "" {
		t.Errorf("package.json (-want +got):\n%s", diff)
	}
}

func TestMainPackage(t *testing.T) {
	tarball, err := npm.Main("..", "1.2.3-rc.1")
	if err != nil {
		t.Fatal(err)
	}
	if tarball.Name != "proxypatch-1.2.3-rc.1.tgz" {
		t.Errorf("the file is %s", tarball.Name)
	}
	modes, manifest := contents(t, tarball)
	want := map[string]int64{"package/package.json": 0o644, "package/LICENSE": 0o644, "package/README.md": 0o644, "package/bin/proxypatch.js": 0o755}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
	programs := map[string]any{}
	for _, name := range []string{"darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-arm64", "win32-x64"} {
		programs["@proxypatch/"+name] = "1.2.3-rc.1"
	}
	if manifest["keywords"] == nil {
		t.Error("package.json has no keywords")
	}
	delete(manifest, "keywords")
	requireFields(t, manifest, map[string]any{
		"name": "proxypatch", "version": "1.2.3-rc.1", "bin": map[string]any{"proxypatch": "bin/proxypatch.js"},
		"engines": map[string]any{"node": ">=14"}, "optionalDependencies": programs,
	})
}

func TestPlatformPackages(t *testing.T) {
	for _, p := range npm.Platforms {
		tarball, err := p.Pack("..", "1.2.3", []byte("program"))
		if err != nil {
			t.Fatal(err)
		}
		if tarball.Name != "proxypatch-"+p.String()+"-1.2.3.tgz" {
			t.Errorf("the file is %s", tarball.Name)
		}
		modes, manifest := contents(t, tarball)
		want := map[string]int64{"package/package.json": 0o644, "package/LICENSE": 0o644, "package/README.md": 0o644, "package/" + p.Program(): 0o755}
		if diff := cmp.Diff(want, modes); diff != "" {
			t.Errorf("%s: modes (-want +got):\n%s", p, diff)
		}
		requireFields(t, manifest, map[string]any{
			"name": p.Package(), "version": "1.2.3", "os": []any{p.OS}, "cpu": []any{p.Arch}, "preferUnplugged": true,
			"program": map[string]any{"size": 7.0, "head": "70726f6772616d"},
		})
	}
}

func TestVersionsMustBeOnes(t *testing.T) {
	for _, version := range []string{"", "v1.2.3", "1.2", "1.2.3 ", "latest"} {
		if tarball, err := npm.Main("..", version); err == nil {
			t.Errorf("%q: made %s", version, tarball.Name)
		}
	}
}

// The same sources give the same program in another directory.
func TestBuildIsReproducible(t *testing.T) {
	gate.Need(t, "layouts")
	clone := filepath.Join(t.TempDir(), "clone")
	for _, name := range []string{"cmd", "internal", "npm", "patches"} {
		if err := nodetest.CopyTree(filepath.Join("..", name), filepath.Join(clone, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "LICENSE"} {
		data, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(clone, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := host(t)
	var made []npm.Tarball
	for _, top := range []string{"..", clone} {
		program, err := p.Build(t.Context(), top, "1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		tarball, err := p.Pack(top, "1.2.3", program)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, tarball)
	}
	if !bytes.Equal(made[0].Data, made[1].Data) {
		t.Error("the packages made in two directories differ")
	}
}
