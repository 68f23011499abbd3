package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tag = "v9.8.7"

// snapshot makes the release for this machine of a repository.
func snapshot(t *testing.T, repository string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "release")
	output(t, command(repository, nil, "go", "run", "-trimpath", "./tools/snapshot", "-platform", "host", "-out", dir))
	return dir
}

// tagged returns a clone at a tag that CHANGELOG.md tells of.
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
	output(t, command(dir, author, "git", "commit", "-qam", "release"))
	output(t, command(dir, nil, "git", "tag", tag))
	return dir
}

// archiveName is that of the archive for this machine.
func archiveName(version string) string {
	name := "proxypatch_" + version + "_" + runtime.GOOS + "_" + runtime.GOARCH
	if runtime.GOOS == "windows" {
		return name + ".zip"
	}
	return name + ".tar.gz"
}

// TestSnapshot makes a release twice, in different directories.
func TestSnapshot(t *testing.T) {
	needRelease(t)
	if runtime.GOOS == "windows" {
		t.Skip("reads a tar.gz")
	}
	repository := tagged(t)
	dir := snapshot(t, repository)
	name := archiveName("9.8.7")
	archive, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	must(t, err)
	if want := fmt.Sprintf("%x  %s\n", sha256.Sum256(archive), name); string(sums) != want {
		t.Errorf("SHA256SUMS is %q, not %q", sums, want)
	}

	files := unpack(t, archive)
	for name, beginning := range map[string]string{
		"CHANGELOG.md":                "# Changelog\n",
		"LICENSE":                     "MIT License\n",
		"README.md":                   "# proxypatch\n",
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
	program := filepath.Join(t.TempDir(), "proxypatch")
	must(t, os.WriteFile(program, files["proxypatch"], 0o755))
	isComplete(t, program, tag)
	delete(files, "proxypatch")
	if len(files) > 0 {
		t.Errorf("there is more in the archive: %v", files)
	}

	t.Run("again", func(t *testing.T) {
		again, err := os.ReadFile(filepath.Join(snapshot(t, tagged(t)), "SHA256SUMS"))
		must(t, err)
		if diff := cmp.Diff(string(sums), string(again)); diff != "" {
			t.Errorf("another clone gives other bytes (-first +second):\n%s", diff)
		}
	})
	// What is downloaded is this archive.
	t.Run("action", func(t *testing.T) { testAction(t, dir) })
	t.Run("action refuses", func(t *testing.T) { testActionRefuses(t, dir) })
	t.Run("action runs no input", func(t *testing.T) { testActionRunsNoInput(t, dir) })
	t.Run("GitLab", func(t *testing.T) { testGitLab(t, dir) })
}

// TestSnapshotNeedsChangelog tags what CHANGELOG.md does not tell of.
func TestSnapshotNeedsChangelog(t *testing.T) {
	needRelease(t)
	t.Parallel()
	repository := clone(t)
	output(t, command(repository, nil, "git", "tag", tag))
	dir := filepath.Join(t.TempDir(), "release")
	out, err := command(repository, nil, "go", "run", "-trimpath", "./tools/snapshot", "-platform", "host", "-out", dir).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte(`CHANGELOG.md has no section "## [9.8.7] - DATE" for the tag v9.8.7`)) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there: %v", dir, err)
	}
}

// unpack returns the files of a tar.gz, whose headers hold nothing of whoever
// made it.
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
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.ModTime.UTC().Format("2006-01-02T15:04:05Z") != "2026-01-02T03:04:05Z" {
			t.Errorf("the header of %s: %+v", header.Name, header)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}
