// Command recording draws docs/recording.svg, the terminal in the README. It runs the
// demonstration in a pseudo-terminal, and shows it up to the first sign-in that works.
//
//	go run ./tools/recording docs/recording.svg
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/creack/pty"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: recording FILE")
	}
	picture, err := record(".")
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], picture, 0o644)
}

// record runs the demonstration in the repository top and returns its picture.
func record(top string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "recording-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	demo := filepath.Join(dir, "demo")
	build := exec.Command("go", "build", "-o", demo, "./demo")
	build.Dir, build.Stderr = top, os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	out, err := inTerminal(top, demo)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	shown, err := excerpt(out)
	if err != nil {
		return nil, err
	}
	lines, err := parse(shown)
	if err != nil {
		return nil, err
	}
	return draw(lines), nil
}

// inTerminal runs a program in a pseudo-terminal and returns its output.
func inTerminal(dir, program string) (string, error) {
	cmd := exec.Command(program)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "NO_COLOR=") })
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 160})
	if err != nil {
		return "", err
	}
	defer terminal.Close()
	out, err := io.ReadAll(terminal)
	if errors.Is(err, syscall.EIO) { // on Linux, the other side is closed
		err = nil
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n"), errors.Join(err, cmd.Wait())
}

// excerpt returns the demonstration from its first comment to the first sign-in that works.
func excerpt(out string) (string, error) {
	begin := strings.Index(out, "\n# ")
	end := strings.Index(out, "signed in as ")
	if begin < 0 || end < begin {
		return "", fmt.Errorf("no one signs in:\n%s", out)
	}
	line, _, _ := strings.Cut(out[end:], "\n")
	return out[begin+1:end] + line + "\n", nil
}
