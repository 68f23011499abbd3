package packaging

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

var (
	modulePath = "github.com/proxypatch/proxypatch"
	published  = module.Version{Path: modulePath, Version: "v0.0.2-test"}
)

// TestInstallFromProxy installs the last commit as users install a release: from a
// module proxy, here a directory. Making the module's zip checks file names and size.
func TestInstallFromProxy(t *testing.T) {
	gate.Need(t, "release")
	t.Parallel()
	repository := clone(t)
	var archive bytes.Buffer
	must(t, zip.CreateFromVCS(&archive, published, repository, "HEAD", ""))
	goMod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	must(t, err)

	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{published.Version, time.Unix(0, 0).UTC()})
	must(t, err)
	proxy := t.TempDir()
	versions := filepath.Join(proxy, filepath.FromSlash(modulePath), "@v")
	must(t, os.MkdirAll(versions, 0o755))
	for name, data := range map[string][]byte{
		"list":                      []byte(published.Version + "\n"),
		published.Version + ".info": info,
		published.Version + ".mod":  goMod,
		published.Version + ".zip":  archive.Bytes(),
	} {
		must(t, os.WriteFile(filepath.Join(versions, name), data, 0o666))
	}

	// The build of this test already fetched its dependencies.
	known := filepath.Join(strings.TrimSpace(repotest.Output(t, repotest.Command("", nil, "go", "env", "GOMODCACHE"))), "cache", "download")
	bin := t.TempDir()
	repotest.Output(t, repotest.Command(t.TempDir(), []string{
		"GOBIN=" + bin,
		"GOFLAGS=-trimpath -modcacherw",
		"GOMODCACHE=" + t.TempDir(),
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(known),
		"GOSUMDB=off",
		"GOWORK=off",
	}, "go", "install", modulePath+"/cmd/proxypatch@"+published.Version))
	isComplete(t, filepath.Join(bin, "proxypatch"), published.Version)
}

// TestInstallFromClone installs from a clone at a tag.
func TestInstallFromClone(t *testing.T) {
	gate.Need(t, "release")
	t.Parallel()
	const tag = "v0.0.1"
	repository := clone(t)
	repotest.Output(t, repotest.Command(repository, nil, "git", "tag", tag))
	bin := t.TempDir()
	repotest.Output(t, repotest.Command(repository, []string{"GOBIN=" + bin, "GOFLAGS=-trimpath -buildvcs=true", "GOWORK=off"}, "go", "install", "./cmd/proxypatch"))
	isComplete(t, filepath.Join(bin, "proxypatch"), tag)
}

// isComplete checks that an installed program knows its version and contains the
// diffs.
func isComplete(t *testing.T, program, version string) {
	t.Helper()
	if got, want := repotest.Output(t, repotest.Command("", nil, program, "version")), "proxypatch "+version+"\n"; got != want {
		t.Errorf("proxypatch version prints %q, not %q", got, want)
	}
	if got := repotest.Output(t, repotest.Command("", nil, program, "releases")); !strings.Contains(got, "core/lib/oauth/client.js") {
		t.Errorf("proxypatch releases prints %q", got)
	}
}
