package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

const tag = "v9.8.7"

// needGoReleaser skips tests that build GoReleaser, unless all release tests are
// wanted. Building it takes minutes and hundreds of modules.
func needGoReleaser(t *testing.T) {
	t.Helper()
	gate.NeedAll(t, "release")
}

// makeRelease builds the release of the repository's tag, and publishes nothing. bin has
// stand-ins for programs that GoReleaser runs.
func makeRelease(t *testing.T, repository, bin string) (dir string, err error) {
	t.Helper()
	path := "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd := repotest.Command(repository, []string{path}, "go", "tool", "-modfile=tools/goreleaser.mod", "goreleaser", "release", "--skip=publish")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return releaseOf(repository), err
}

// releaseOf returns where GoReleaser puts the release of a repository.
func releaseOf(repository string) string {
	return filepath.Join(repository, "dist", "release")
}

// archived makes a release with one archive, which contains the program for this
// machine. The GitHub Action and the GitLab job need no more.
func archived(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	bin, name := t.TempDir(), archiveName("9.8.7")
	repotest.Output(t, repotest.Command(repotest.Top(t), nil, "go", "build", "-trimpath", "-ldflags=-X github.com/proxypatch/proxypatch/internal/cli.version="+tag, "-o", filepath.Join(bin, "proxypatch"), "./cmd/proxypatch"))
	repotest.Output(t, repotest.Command(bin, nil, "tar", "-czf", filepath.Join(dir, name), "proxypatch"))
	archive, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "SHA256SUMS"), fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(archive), name), 0o666))
	return dir
}

// tagged returns a clone at a tag that CHANGELOG.md lists.
func tagged(t *testing.T) string {
	t.Helper()
	dir := clone(t)
	changelog, err := os.ReadFile(filepath.Join(dir, "CHANGELOG.md"))
	must(t, err)
	changelog = bytes.Replace(changelog, []byte("## [Unreleased]\n"), []byte("## [Unreleased]\n\n## [9.8.7] - 2026-01-02\n"), 1)
	must(t, os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), changelog, 0o666))
	author := []string{"GIT_CONFIG_GLOBAL=" + os.DevNull}
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		author = append(author, "GIT_"+role+"_NAME=t", "GIT_"+role+"_EMAIL=t@example.com", "GIT_"+role+"_DATE=2026-01-02T03:04:05Z")
	}
	repotest.Output(t, repotest.Command(dir, author, "git", "commit", "-qam", "release"))
	repotest.Output(t, repotest.Command(dir, nil, "git", "tag", tag))
	return dir
}

// archiveName returns the name of the archive for this machine.
func archiveName(version string) string {
	name := "proxypatch_" + version + "_" + runtime.GOOS + "_" + runtime.GOARCH
	if runtime.GOOS == "windows" {
		return name + ".zip"
	}
	return name + ".tar.gz"
}

// TestDownloads downloads a release with the GitHub Action and the GitLab job.
func TestDownloads(t *testing.T) {
	gate.Need(t, "release")
	newRunner(t, nil) // skips on machines that the action does not support
	testDownloads(t, archived(t))
}

func testDownloads(t *testing.T, release string) {
	t.Run("action", func(t *testing.T) { testAction(t, release) })
	t.Run("action refuses", func(t *testing.T) { testActionRefuses(t, release) })
	t.Run("action runs no input", func(t *testing.T) { testActionRunsNoInput(t, release) })
	t.Run("GitLab", func(t *testing.T) { testGitLab(t, release) })
}

// released returns the names of a release's files that SHA256SUMS must list.
func released() (names []string) {
	for _, platform := range []string{"darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64", "windows_arm64"} {
		extensions := []string{".cdx.json", ".tar.gz"}
		switch platform[:3] {
		case "lin":
			extensions = append(extensions, ".deb", ".rpm")
		case "win":
			extensions[1] = ".zip"
		}
		for _, extension := range extensions {
			names = append(names, "proxypatch_9.8.7_"+platform+extension)
		}
	}
	names = append(names, "proxypatch_9.8.7_image.tar")
	slices.Sort(names)
	return names
}

// signer returns a directory with a stand-in for cosign. The bundle that it writes has its
// arguments and what it signs.
func signer(t *testing.T) (bin string) {
	t.Helper()
	bin = t.TempDir()
	writeFile(t, filepath.Join(bin, "cosign"), "#!/bin/sh\nfor arg; do case $arg in --bundle=*) bundle=${arg#*=};; esac; done\n{ echo \"$@\"; cat \"$arg\"; } >\"$bundle\"\n", 0o755)
	return bin
}

// TestArchives builds a release in two directories and compares them.
func TestArchives(t *testing.T) {
	needGoReleaser(t)
	repository := tagged(t)
	dir, err := makeRelease(t, repository, signer(t))
	must(t, err)
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	must(t, err)
	var want strings.Builder
	for _, name := range released() {
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(data), name)
	}
	if diff := cmp.Diff(want.String(), string(sums)); diff != "" {
		t.Errorf("SHA256SUMS (-want +got):\n%s", diff)
	}
	bundle, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS.sigstore.json"))
	if want := "sign-blob --yes --bundle=dist/release/SHA256SUMS.sigstore.json dist/release/SHA256SUMS\n" + string(sums); err != nil || string(bundle) != want {
		t.Errorf("the bundle (%v) (-want +got):\n%s", err, cmp.Diff(want, string(bundle)))
	}
	t.Run("contents", func(t *testing.T) { testContents(t, dir) })
	for arch := range linux {
		t.Run("deb "+arch, func(t *testing.T) { testDeb(t, repository, arch) })
		t.Run("rpm "+arch, func(t *testing.T) { testRPM(t, repository, arch) })
	}
	t.Run("install", func(t *testing.T) { testInstall(t, dir) })
	t.Run("image", func(t *testing.T) {
		programs := map[string][]byte{}
		for arch := range linux {
			programs[arch] = builtProgram(t, dir, arch)
		}
		commit := strings.TrimSpace(repotest.Output(t, repotest.Command(repository, nil, "git", "rev-parse", "HEAD")))
		testImage(t, filepath.Join(dir, "proxypatch_9.8.7_image.tar"), "9.8.7", commit, "2026-01-02T03:04:05Z", programs)
	})
	t.Run("publish image", func(t *testing.T) { testPublishImage(t, repository) })
	t.Run("again", func(t *testing.T) {
		repository := tagged(t)
		repotest.Output(t, repotest.Command(repository, nil, "chmod", "-R", "go=", ".")) // another umask
		again, err := makeRelease(t, repository, signer(t))
		must(t, err)
		second, err := os.ReadFile(filepath.Join(again, "SHA256SUMS"))
		must(t, err)
		if diff := cmp.Diff(string(sums), string(second)); diff != "" {
			t.Errorf("another clone gives other bytes (-first +second):\n%s", diff)
		}
	})
	testDownloads(t, dir)
}

// testContents checks the archive for this machine.
func testContents(t *testing.T, release string) {
	newRunner(t, nil) // skips on machines that the action does not support
	archive, err := os.ReadFile(filepath.Join(release, archiveName("9.8.7")))
	must(t, err)
	files := unpack(t, archive)
	for name, beginning := range map[string]string{
		"CHANGELOG.md":                "# Changelog\n",
		"LICENSE":                     "MIT License\n",
		"README.md":                   "# proxypatch\n",
		"README.ko.md":                "# proxypatch\n",
		"SECURITY.md":                 "# Security\n",
		"completions/_proxypatch":     "#compdef proxypatch\n",
		"completions/proxypatch.bash": "# bash completion V2 for proxypatch ",
		"completions/proxypatch.fish": "# fish completion for proxypatch ",
		"completions/proxypatch.ps1":  "# powershell completion for proxypatch ",
		"man/proxypatch.1":            ".nh\n.TH \"PROXYPATCH\" \"1\" \"2026-01-02\" ",
	} {
		if got := string(files[name]); !strings.HasPrefix(got, beginning) {
			t.Errorf("%s begins with %.60q, not %q", name, got, beginning)
		}
		delete(files, name)
	}
	must(t, filepath.WalkDir(filepath.Join(repotest.Top(t), "docs"), func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(repotest.Top(t), path)
		if name = filepath.ToSlash(name); err == nil && !entry.IsDir() && files[name] == nil {
			t.Errorf("%s is not in the archive", name)
		}
		delete(files, name)
		return err
	}))
	program := filepath.Join(t.TempDir(), "proxypatch")
	must(t, os.WriteFile(program, files["proxypatch"], 0o755))
	isComplete(t, program, tag)
	delete(files, "proxypatch")
	if len(files) > 0 {
		t.Errorf("there is more in the archive: %q", slices.Sorted(maps.Keys(files)))
	}
}

// TestArchivesNeedChangelog expects no release of a tag that CHANGELOG.md lacks.
func TestArchivesNeedChangelog(t *testing.T) {
	needGoReleaser(t)
	repository := clone(t)
	repotest.Output(t, repotest.Command(repository, nil, "git", "tag", tag))
	dir, err := makeRelease(t, repository, signer(t))
	if err == nil || !strings.Contains(err.Error(), `CHANGELOG.md has no section "## [9.8.7] - DATE" for the tag v9.8.7`) {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "proxypatch_*")); err != nil || len(left) > 0 {
		t.Errorf("%q was made: %v", left, err)
	}
}

// unpack returns the files of a tar.gz. Its headers must not name the user who made
// it.
func unpack(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	uncompressed, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	files := map[string][]byte{}
	readTar(t, uncompressed, func(header *tar.Header, data []byte) {
		mode := int64(0o644)
		if header.Name == "proxypatch" {
			mode = 0o755
		}
		isOf(t, header, mode, "2026-01-02T03:04:05Z")
		files[header.Name] = data
	})
	return files
}
