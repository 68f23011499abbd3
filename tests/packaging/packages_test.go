package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// linux holds the processors of packages and images, and the names that rpm has for them.
var linux = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// need skips a test if a program is missing, and fails it in CI.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		repotest.Unavailable(t, "%v", err)
	}
}

// asRoot runs a command as root, and returns what it prints.
func asRoot(t *testing.T, args ...string) string {
	t.Helper()
	if os.Getuid() != 0 {
		need(t, "sudo")
		args = append([]string{"sudo", "-n"}, args...)
	}
	return repotest.Output(t, repotest.Command("", nil, args[0], args[1:]...))
}

// builtProgram returns the program for Linux that GoReleaser built.
func builtProgram(t *testing.T, release, arch string) []byte {
	t.Helper()
	matches, err := filepath.Glob(filepath.Join(release, "proxypatch_linux_"+arch+"_*", "proxypatch"))
	must(t, err)
	if len(matches) != 1 {
		t.Fatalf("the programs for %s: %q", arch, matches)
	}
	data, err := os.ReadFile(matches[0])
	must(t, err)
	return data
}

const documents = "/usr/share/doc/proxypatch/"

// packaged returns the files that a deb and an rpm both have. Of generated ones, it has the
// beginning.
func packaged(t *testing.T, repository, arch string) (whole, generated map[string][]byte) {
	t.Helper()
	whole = map[string][]byte{"/usr/bin/proxypatch": builtProgram(t, releaseOf(repository), arch)}
	for _, name := range []string{"README.md", "README.ko.md", "SECURITY.md"} {
		whole[documents+name] = readFile(t, repository, name)
	}
	must(t, filepath.WalkDir(filepath.Join(repository, "docs"), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(repository, file)
		whole[documents+filepath.ToSlash(name)] = readFile(t, repository, name)
		return err
	}))
	return whole, map[string][]byte{
		"/usr/share/bash-completion/completions/proxypatch":    []byte("# bash completion V2 for proxypatch "),
		"/usr/share/fish/vendor_completions.d/proxypatch.fish": []byte("# fish completion for proxypatch "),
		"/usr/share/man/man1/proxypatch.1.gz":                  []byte(".nh\n.TH \"PROXYPATCH\" \"1\" \"2026-01-02\" "),
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return data
}

// testDeb checks the package of a processor, and what lintian says.
func testDeb(t *testing.T, repository, arch string) {
	need(t, "dpkg-deb")
	file := filepath.Join(releaseOf(repository), "proxypatch_9.8.7_linux_"+arch+".deb")
	whole, generated := packaged(t, repository, arch)
	whole[documents+"copyright"] = readFile(t, repository, "LICENSE")
	whole[documents+"changelog.gz"] = readFile(t, repository, "CHANGELOG.md")
	generated[documents+"changelog.Debian.gz"] = []byte("proxypatch (9.8.7) stable; urgency=low\n")
	generated["/usr/share/lintian/overrides/proxypatch"] = []byte("proxypatch: statically-linked-binary\n")
	generated["/usr/share/zsh/vendor-completions/_proxypatch"] = []byte("#compdef proxypatch\n")
	out := repotest.Output(t, repotest.Command("", nil, "dpkg-deb", "--fsys-tarfile", file))
	found := map[string]bool{}
	readTar(t, strings.NewReader(out), func(header *tar.Header, data []byte) {
		name := path.Clean("/" + header.Name)
		if header.Typeflag == tar.TypeDir {
			return
		}
		mode := int64(0o644)
		if name == "/usr/bin/proxypatch" {
			mode = 0o755
		}
		isOf(t, header, mode, "2026-01-02T03:04:05Z")
		if path.Ext(name) == ".gz" {
			uncompressed, err := gzip.NewReader(bytes.NewReader(data))
			must(t, err)
			data, err = io.ReadAll(uncompressed)
			must(t, err)
		}
		if content, known := whole[name]; known && !bytes.Equal(data, content) || !bytes.HasPrefix(data, generated[name]) {
			t.Errorf("%s begins with %.60q", name, data)
		}
		found[name] = true
	})
	hasFiles(t, found, whole, generated)
	fields := repotest.Output(t, repotest.Command("", nil, "dpkg-deb", "--show", "--showformat=${Package} ${Version} ${Architecture}", file))
	if fields != "proxypatch 9.8.7-1 "+arch {
		t.Errorf("the package is %q", fields)
	}
	need(t, "lintian")
	if out, err := repotest.Command("", nil, "lintian", "--allow-root", "--fail-on=error,warning", file).CombinedOutput(); err != nil {
		t.Errorf("lintian: %v\n%s", err, out)
	}
}

// hasFiles compares the files found in a package with the wanted ones.
func hasFiles(t *testing.T, found map[string]bool, whole, generated map[string][]byte) {
	t.Helper()
	want := map[string]bool{}
	for _, files := range []map[string][]byte{whole, generated} {
		for name := range files {
			want[name] = true
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("the files (-want +found):\n%s", diff)
	}
}

// testRPM checks the package of a processor by the digests that rpm has of its files.
func testRPM(t *testing.T, repository, arch string) {
	need(t, "rpm")
	file := filepath.Join(releaseOf(repository), "proxypatch_9.8.7_linux_"+arch+".rpm")
	whole, generated := packaged(t, repository, arch)
	whole["/usr/share/licenses/proxypatch/LICENSE"] = readFile(t, repository, "LICENSE")
	whole[documents+"CHANGELOG.md"] = readFile(t, repository, "CHANGELOG.md")
	generated["/usr/share/zsh/site-functions/_proxypatch"] = nil
	query := func(format string) string {
		return repotest.Output(t, repotest.Command("", nil, "rpm", "-qp", "--queryformat", format, file))
	}
	if got, want := query("%{NAME} %{VERSION}-%{RELEASE} %{ARCH} %{BUILDHOST} %{BUILDTIME}"), "proxypatch 9.8.7-1 "+linux[arch]+" proxypatch 1767323045"; got != want {
		t.Errorf("the package is %q, not %q", got, want)
	}
	found := map[string]bool{}
	for line := range strings.Lines(query("[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMTIMES} %{FILEDIGESTS}\n]")) {
		fields := strings.Fields(line) // a directory has no digest
		name, mode := fields[0], "-rw-r--r--"
		switch {
		case fields[1][0] == 'd':
			mode = "drwxr-xr-x"
		case name == "/usr/bin/proxypatch":
			mode = "-rwxr-xr-x"
		}
		if got, want := strings.Join(fields[1:5], " "), mode+" root root 1767323045"; got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
		if mode[0] == 'd' {
			continue
		}
		if content, known := whole[name]; known && fields[5] != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("%s has the digest %q", name, fields[5])
		}
		found[name] = true
	}
	hasFiles(t, found, whole, generated)
	repotest.Output(t, repotest.Command("", nil, "rpm", "--checksig", file)) // that the files have these digests
}

// testInstall installs the packages for this machine into an empty root, runs the program,
// and removes them. Nothing of proxypatch may be left.
func testInstall(t *testing.T, release string) {
	file := filepath.Join(release, "proxypatch_9.8.7_linux_"+runtime.GOARCH)
	for name, manager := range map[string]struct {
		program         string
		install, remove []string
	}{
		"deb": {"dpkg", []string{"--install", file + ".deb"}, []string{"--purge", "proxypatch"}},
		"rpm": {"rpm", []string{"--install", "--nodeps", file + ".rpm"}, []string{"--erase", "proxypatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			need(t, manager.program)
			root := t.TempDir()
			if name == "deb" {
				must(t, os.MkdirAll(filepath.Join(root, "var/lib/dpkg/info"), 0o755))
				must(t, os.MkdirAll(filepath.Join(root, "var/lib/dpkg/updates"), 0o755))
				writeFile(t, filepath.Join(root, "var/lib/dpkg/status"), "", 0o644)
			}
			command := []string{manager.program, "--root=" + root}
			asRoot(t, append(command, manager.install...)...)
			isComplete(t, filepath.Join(root, "usr/bin/proxypatch"), tag)
			asRoot(t, append(command, manager.remove...)...)
			must(t, filepath.WalkDir(filepath.Join(root, "usr"), func(name string, _ fs.DirEntry, err error) error {
				if strings.Contains(strings.TrimPrefix(name, root), "proxypatch") {
					t.Errorf("%s is left", name)
				}
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				return err
			}))
		})
	}
}
