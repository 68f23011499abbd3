// Command wine runs tests as Windows programs under Wine: the tests of packages that use
// files, and the program's scripts. `make windows` starts it. It installs nothing, and
// keeps its Wine prefix and builds in .cache/wine.
//
//	go run ./tools/wine [flags of the test binary, such as -test.run=TestScripts]
//
// It fails if a test fails that skipped.go does not list.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// packages are the packages that use files, and their data.
var packages = []string{
	"internal/apply", "internal/buildcache", "internal/detect", "internal/hooks",
	"internal/edit", "internal/export", "internal/foreign", "internal/patchset", "internal/pnp", "internal/printable", "internal/safefile", "patches", "internal/cli",
	"tests/apply", "tests/docs", "tests/doctor", "tests/output", "tests/releases", "tests/scripts",
}

const missing = "make windows needs Wine for 64-bit programs; on Debian: apt-get install --no-install-recommends wine wine64"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "wine:", err)
		os.Exit(1)
	}
}

func run(flags []string) error {
	wine, err := exec.LookPath("wine")
	if err != nil {
		return errors.New(missing)
	}
	top, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	cache := filepath.Join(top, ".cache", "wine")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	overlay, err := writeOverlay(cache)
	if err != nil {
		return err
	}
	m := machine{wine: wine, prefix: filepath.Join(cache, "prefix")}
	defer m.stop()
	if err := m.start(); err != nil {
		return err
	}
	program := filepath.Join(cache, "proxypatch.exe")
	if err := build(overlay, program, "build", "./cmd/proxypatch"); err != nil {
		return err
	}
	os.Setenv(clitest.ProgramVariable, program)
	var failed []string
	for _, name := range packages {
		binary := filepath.Join(cache, strings.ReplaceAll(name, "/", "-")+".test.exe")
		if err := build(overlay, binary, "test", "-c", "./"+name); err != nil {
			return err
		}
		fmt.Println("===", name)
		args := append([]string{"-test.timeout=90m", "-test.skip=" + skipPattern(name)}, flags...)
		if err := m.run(name, binary, args...); err != nil {
			failed = append(failed, name)
		}
	}
	printSkipped()
	if failed != nil {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

// build builds a program for Windows with a go command.
func build(overlay, binary string, command ...string) error {
	last := len(command) - 1
	cmd := exec.Command("go", append(command[:last:last], "-overlay", overlay, "-o", binary, command[last])...)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// machine is a Wine prefix, with its own registry and drive C.
type machine struct {
	wine, prefix string
}

func (m machine) start() error {
	if _, err := os.Stat(filepath.Join(m.prefix, "system.reg")); err == nil {
		return nil
	}
	cmd := m.command("wineboot", "--init")
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("making %s: %w\n%s", m.prefix, err, output)
	}
	return nil
}

func (m machine) run(dir, binary string, args ...string) error {
	cmd := m.command(append([]string{binary}, args...)...)
	cmd.Dir = filepath.FromSlash(dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// command returns a command that Wine runs without offering to install browsers and
// without writing menus. Tests that need Node.js are skipped, because the prefix has
// none.
func (m machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.wine, args...)
	cmd.Env = append(os.Environ(), "WINEPREFIX="+m.prefix, "WINEDEBUG=-all", "WINEARCH=win64",
		"WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "DISPLAY=", "CI=")
	return cmd
}

// stop ends the processes of this prefix only.
func (m machine) stop() {
	if server, err := exec.LookPath("wineserver"); err == nil {
		cmd := exec.Command(server, "-k")
		cmd.Env = append(os.Environ(), "WINEPREFIX="+m.prefix)
		cmd.Run()
	}
}
