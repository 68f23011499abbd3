package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
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

// makeRelease builds the release of the repository's tag, and publishes nothing.
func makeRelease(t *testing.T, repository string) (dir string, err error) {
	t.Helper()
	cmd := repotest.Command(repository, nil, "go", "tool", "-modfile=tools/goreleaser.mod", "goreleaser", "release", "--skip=publish")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return filepath.Join(repository, "dist", "release"), err
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

// TestArchives builds a release in two directories and compares them.
func TestArchives(t *testing.T) {
	needGoReleaser(t)
	dir, err := makeRelease(t, tagged(t))
	must(t, err)
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	must(t, err)
	for _, platform := range []string{"darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64", "windows_arm64"} {
		extension := ".tar.gz"
		if strings.HasPrefix(platform, "windows") {
			extension = ".zip"
		}
		for _, name := range []string{"proxypatch_9.8.7_" + platform + extension, "proxypatch_9.8.7_" + platform + ".cdx.json"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name); err != nil || !strings.Contains(string(sums), line) {
				t.Errorf("%v, and SHA256SUMS has no line %q:\n%s", err, line, sums)
			}
		}
	}
	t.Run("contents", func(t *testing.T) { testContents(t, dir) })
	t.Run("again", func(t *testing.T) {
		again, err := makeRelease(t, tagged(t))
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
	dir, err := makeRelease(t, repository)
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
	compressed, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	files := map[string][]byte{}
	for reader := tar.NewReader(compressed); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return files
		}
		must(t, err)
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "root" || header.ModTime.UTC().Format("2006-01-02T15:04:05Z") != "2026-01-02T03:04:05Z" {
			t.Errorf("the header of %s: %+v", header.Name, header)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}
