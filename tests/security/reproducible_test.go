package security

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// sources are the files and directories that a build reads.
var sources = []string{"Makefile", "go.mod", "go.sum", "cmd", "internal", "patches"}

// TestBuildsAreReproducible builds the same commit in two directories and requires the
// same bytes, for this platform and others. It finds paths, times and states of the
// repository that get into the program. Both builds share Go's build cache, so it does
// not find a compiler with varying results.
func TestBuildsAreReproducible(t *testing.T) {
	gate.Need(t, "release")
	for _, name := range []string{"git", "make"} {
		if _, err := exec.LookPath(name); err != nil {
			repotest.Unavailable(t, "needs %s", name)
		}
	}
	one := commit(t, filepath.Join(t.TempDir(), "one"))
	two := commit(t, filepath.Join(t.TempDir(), "elsewhere", "a much longer path"))
	for _, target := range []struct{ os, arch string }{
		{"linux", "amd64"},
		{"darwin", "arm64"},
		{"windows", "amd64"},
	} {
		env := []string{"GOOS=" + target.os, "GOARCH=" + target.arch, "GOFLAGS=-buildvcs=true"}
		first := build(t, one, env)
		if !bytes.Equal(first, build(t, two, env)) {
			t.Errorf("%s/%s: two builds differ", target.os, target.arch)
		}
		for _, dir := range []string{one, two, repotest.Top(t)} {
			if bytes.Contains(first, []byte(dir)) {
				t.Errorf("%s/%s: the program holds %s", target.os, target.arch, dir)
			}
		}
		checkStamp(t, first, strings.TrimSpace(repotest.Output(t, repotest.Command(one, nil, "git", "rev-parse", "HEAD"))))
	}
}

// commit makes a repository of the current sources in dir. Its only commit always has
// the same id.
func commit(t *testing.T, dir string) string {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	for _, name := range sources {
		must(t, nodetest.CopyTree(filepath.Join(repotest.Top(t), name), filepath.Join(dir, name)))
	}
	env := []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null"}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		env = append(env, "GIT_"+who+"_NAME=a", "GIT_"+who+"_EMAIL=a@example.com", "GIT_"+who+"_DATE=2026-01-01T00:00:00Z")
	}
	must(t, os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("/bin/\n"), 0o644))
	repotest.Output(t, repotest.Command(dir, env, "git", "init", "-q"))
	repotest.Output(t, repotest.Command(dir, env, "git", "add", "."))
	repotest.Output(t, repotest.Command(dir, env, "git", "commit", "-qm", "sources"))
	return dir
}

// build runs the documented command and returns the program.
func build(t *testing.T, dir string, env []string) []byte {
	t.Helper()
	must(t, os.RemoveAll(filepath.Join(dir, "bin")))
	repotest.Output(t, repotest.Command(dir, env, "make", "build"))
	made, err := filepath.Glob(filepath.Join(dir, "bin", "*"))
	must(t, err)
	if len(made) != 1 {
		t.Fatalf("make build made %v", made)
	}
	data, err := os.ReadFile(made[0])
	must(t, err)
	return data
}

// checkStamp requires that the program names the commit of its sources.
func checkStamp(t *testing.T, program []byte, revision string) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(program))
	must(t, err)
	stamp := map[string]string{}
	for _, s := range info.Settings {
		stamp[s.Key] = s.Value
	}
	if stamp["vcs.revision"] != revision || stamp["vcs.modified"] != "false" || stamp["-trimpath"] != "true" || stamp["CGO_ENABLED"] != "0" {
		t.Errorf("built from %s, but says %v", revision, stamp)
	}
}
