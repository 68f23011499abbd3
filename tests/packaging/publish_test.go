package packaging

import (
	"archive/tar"
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// workflow holds the parts of a workflow that the tests read.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []struct{ ID, Uses, Run string }
	}
}

// script returns the scripts of a job's steps, in the order of ids.
func (w workflow) script(t *testing.T, job string, ids ...string) string {
	t.Helper()
	var scripts, found []string
	for _, step := range w.Jobs[job].Steps {
		if step.ID != "" && strings.Contains(" "+strings.Join(ids, " ")+" ", " "+step.ID+" ") {
			scripts, found = append(scripts, step.Run), append(found, step.ID)
		}
	}
	if diff := cmp.Diff(ids, found); diff != "" {
		t.Fatalf("the steps of %s (-want +got):\n%s", job, diff)
	}
	return strings.Join(scripts, "\n")
}

// bash runs scripts as GitHub's runner does.
func bash(dir string, env []string, script string) *exec.Cmd {
	return repotest.Command(dir, env, "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script)
}

// TestPermissions allows each job of a release to write only what it has to.
func TestPermissions(t *testing.T) {
	for name, want := range map[string]map[string]map[string]string{
		"release": {
			"test":     nil,
			"archives": {"contents": "write", "id-token": "write", "attestations": "write"},
		},
		"publish": {
			"image": {"contents": "read", "packages": "write", "id-token": "write", "attestations": "write"},
			"npm":   {"contents": "read", "id-token": "write"},
		},
	} {
		var w workflow
		readYAML(t, ".github/workflows/"+name+".yml", &w)
		got := map[string]map[string]string{}
		for job, its := range w.Jobs {
			got[job] = its.Permissions
			for _, step := range its.Steps {
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: %s: the value of an expression would run as shell code:\n%s", name, job, step.Run)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(map[string]string{"contents": "read"}, w.Permissions); diff != "" {
			t.Errorf("%s, for all jobs (-want +got):\n%s", name, diff)
		}
	}
}

// TestPublishNPM runs the step that publishes packages, with a stand-in for npm.
func TestPublishNPM(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the workflow runs on Linux")
	}
	need(t, "bash")
	var w workflow
	readYAML(t, ".github/workflows/publish.yml", &w)
	dir, bin := t.TempDir(), t.TempDir()
	for _, name := range []string{"", "-darwin-arm64", "-darwin-x64", "-linux-arm64", "-linux-x64", "-win32-arm64", "-win32-x64"} {
		writeFile(t, filepath.Join(dir, "dist/npm/proxypatch"+name+"-9.8.7.tgz"), "", 0o644)
	}
	writeFile(t, filepath.Join(bin, "npm"), "#!/bin/sh\necho npm \"$@\"\ncase $* in *$FAIL) exit 1;; esac\n", 0o755)
	env := []string{"TAG=v9.8.7", "FAIL=nothing", "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	want := `npm publish --provenance ./dist/npm/proxypatch-darwin-arm64-9.8.7.tgz
npm publish --provenance ./dist/npm/proxypatch-darwin-x64-9.8.7.tgz
npm publish --provenance ./dist/npm/proxypatch-linux-arm64-9.8.7.tgz
npm publish --provenance ./dist/npm/proxypatch-linux-x64-9.8.7.tgz
npm publish --provenance ./dist/npm/proxypatch-win32-arm64-9.8.7.tgz
npm publish --provenance ./dist/npm/proxypatch-win32-x64-9.8.7.tgz
npm publish --provenance ./dist/npm/proxypatch-9.8.7.tgz
`
	script := w.script(t, "npm", "publish")
	if diff := cmp.Diff(want, repotest.Output(t, bash(dir, env, script))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	out, err := bash(dir, append(env, "FAIL=linux-x64-9.8.7.tgz"), script).Output()
	if err == nil || strings.Contains(string(out), "win32") {
		t.Errorf("after a package that npm refused (%v):\n%s", err, out)
	}
}

// registry starts a registry on this machine, and returns its address.
func registry(t *testing.T, repository string) string {
	t.Helper()
	cmd := repotest.Command(repository, nil, "go", "tool", "-modfile=tools/goreleaser.mod", "-n", "crane")
	crane := strings.TrimSpace(repotest.Output(t, cmd))
	server := repotest.Command("", nil, crane, "registry", "serve", "--address", "127.0.0.1:0")
	stderr, err := server.StderrPipe()
	must(t, err)
	must(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if _, port, found := strings.Cut(lines.Text(), "serving on port "); found {
			return "127.0.0.1:" + port
		}
	}
	t.Fatal("the registry did not start")
	return ""
}

// testPublishImage runs the workflow's steps on a release, with a registry on this machine
// and stand-ins for gh and cosign. Then it takes the image from the registry.
func testPublishImage(t *testing.T, repository string) {
	t.Helper()
	release := releaseOf(repository)
	var w workflow
	readYAML(t, ".github/workflows/publish.yml", &w)
	script := w.script(t, "image", "download", "login", "push")
	bin, home := t.TempDir(), t.TempDir()
	log, outputs := filepath.Join(home, "log"), filepath.Join(home, "output")
	writeFile(t, filepath.Join(bin, "gh"), "#!/bin/sh\necho gh \"$@\" >>\"$LOG\"\ncp \"$RELEASE\"/SHA256SUMS* \"$RELEASE\"/*_image.tar .\n", 0o755)
	writeFile(t, filepath.Join(bin, "cosign"), "#!/bin/sh\necho cosign \"$@\" >>\"$LOG\"\n", 0o755)
	image := registry(t, repository) + "/proxypatch"
	environment := func(release, dir string) []string {
		return []string{
			"TAG=" + tag, "IMAGE=" + image, "RELEASE=" + release, "LOG=" + log, "GITHUB_OUTPUT=" + outputs,
			"GITHUB_ACTOR=somebody", "GITHUB_TOKEN=not-a-token", "GITHUB_REPOSITORY=proxypatch/proxypatch",
			"DOCKER_CONFIG=" + home, "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		}
	}

	tampered := t.TempDir()
	for _, name := range []string{"SHA256SUMS", "proxypatch_9.8.7_image.tar"} {
		data, err := os.ReadFile(filepath.Join(release, name))
		must(t, err)
		writeFile(t, filepath.Join(tampered, name), string(data)+strings.Repeat("\x00", len(name)-len("SHA256SUMS")), 0o644)
	}
	if out, err := bash(publishing(t, repository), environment(tampered, home), script).CombinedOutput(); err == nil || !strings.Contains(string(out), "proxypatch_9.8.7_image.tar: FAILED") {
		t.Errorf("a tampered image: %v\n%s", err, out)
	}
	if _, err := os.Stat(outputs); err == nil {
		t.Error("a tampered image was pushed")
	}

	must(t, os.Remove(log))
	dir := publishing(t, repository)
	repotest.Output(t, bash(dir, environment(release, home), script))
	digest, err := os.ReadFile(outputs)
	must(t, err)
	reference := image + "@" + strings.TrimSpace(strings.TrimPrefix(string(digest), "digest="))
	want := "gh release download v9.8.7 --pattern SHA256SUMS* --pattern *_image.tar\n" +
		"cosign verify-blob --bundle SHA256SUMS.sigstore.json --certificate-identity https://github.com/proxypatch/proxypatch/.github/workflows/release.yml@refs/tags/v9.8.7 --certificate-oidc-issuer https://token.actions.githubusercontent.com SHA256SUMS\n" +
		"cosign sign --yes " + reference + "\n"
	if got, err := os.ReadFile(log); err != nil || string(got) != want {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, string(got)))
	}
	crane := func(args ...string) string {
		args = append([]string{"tool", "-modfile=tools/goreleaser.mod", "crane"}, args...)
		return repotest.Output(t, repotest.Command(dir, nil, "go", args...))
	}
	if got := strings.TrimSpace(crane("digest", image+":9.8.7")); image+"@"+got != reference {
		t.Errorf("the pushed image is %s, not %s", got, reference)
	}
	crane("validate", "--remote", image+":9.8.7")
	for arch := range linux {
		exported := crane("export", "--platform", "linux/"+arch, image+":9.8.7", "-")
		readTar(t, strings.NewReader(exported), func(header *tar.Header, data []byte) {
			if header.Name != "proxypatch" || string(data) != string(builtProgram(t, release, arch)) {
				t.Errorf("the image for %s has another file %s", arch, header.Name)
			}
		})
	}
	testCopyFrom(t, image+":9.8.7")
}

// publishing returns a directory that has what the workflow's steps read of a checkout.
func publishing(t *testing.T, repository string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "checkout")
	repotest.Output(t, repotest.Command("", nil, "git", "clone", "-q", repository, dir))
	return dir
}

// copyFrom matches the lines of docs/install.md for a Dockerfile, with the name of an image.
var copyFrom = regexp.MustCompile("(?s)```dockerfile\n(ARG PROXYPATCH_IMAGE\nFROM .*?)```")

// testCopyFrom builds an image with the program in it, as docs/install.md says.
func testCopyFrom(t *testing.T, image string) {
	t.Run("COPY --from", func(t *testing.T) {
		need(t, "buildah")
		m := copyFrom.FindStringSubmatch(readTop(t, "docs/install.md"))
		if m == nil {
			t.Fatal("docs/install.md has no Dockerfile for the image")
		}
		dockerfile := strings.Replace(m[1], "FROM node:22-slim", "FROM scratch", 1)
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "Dockerfile"), dockerfile+"RUN [\"/usr/local/bin/proxypatch\", \"version\"]\n", 0o644)
		store := t.TempDir()
		out := asRoot(t, "buildah", "--storage-driver=vfs", "--root="+filepath.Join(store, "root"), "--runroot="+filepath.Join(store, "run"),
			"build", "--isolation=chroot", "--tls-verify=false", "--build-arg=PROXYPATCH_IMAGE="+image, dir)
		if !strings.Contains(out, "proxypatch "+tag+"\n") {
			t.Errorf("buildah prints:\n%s", out)
		}
	})
}
