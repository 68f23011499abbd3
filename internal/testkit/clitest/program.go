package clitest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "github.com/proxypatch/proxypatch/internal/cli" // or Go would take results from its cache although the program has changed
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// ProgramVariable is the environment variable that names a program to test instead of
// the one built from the sources.
const ProgramVariable = "PROXYPATCH_PROGRAM"

// Program returns the path of the built program. All test packages share one build,
// which .cache/bin keeps under a hash of its sources.
var Program = sync.OnceValues(func() (string, error) {
	if program := os.Getenv(ProgramVariable); program != "" {
		return filepath.Abs(program)
	}
	top, err := repotest.FindTop()
	if err != nil {
		return "", err
	}
	id, err := sourceHash(top)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(top, ".cache", "bin")
	program := filepath.Join(bin, id, "proxypatch")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	removeOld(bin)
	return program, build(top, program)
})

// build renames the finished program into place, so that other processes never see a
// part of it.
func build(top, program string) error {
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(filepath.Dir(program)), ".building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	made := filepath.Join(temp, "proxypatch")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", made, "./cmd/proxypatch")
	cmd.Dir, cmd.Env = top, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return os.Rename(made, program)
}

// removeOld removes programs that were not used for some time.
func removeOld(bin string) {
	entries, _ := os.ReadDir(bin)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(filepath.Join(bin, entry.Name()))
		}
	}
}

// sourceHash hashes all sources of the program.
func sourceHash(top string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum", "cmd", "internal", "patches"} {
		err := filepath.WalkDir(filepath.Join(top, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				if base := entry.Name(); base == "testdata" || base == "testkit" {
					return fs.SkipDir
				}
				return nil
			}
			if strings.HasSuffix(path, "_test.go") {
				return nil
			}
			data, err := os.ReadFile(path)
			fmt.Fprintf(sum, "%s %d\n%s", path[len(top):], len(data), data)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:16], nil
}
