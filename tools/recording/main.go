// Command recording draws docs/recording.svg, the terminal in the README. It runs the real program in a pseudo-terminal,
// on a real next-auth 4.2.1 in a temporary directory.
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
	"strings"
	"syscall"

	"github.com/creack/pty"
)

// commands are the commands in the recording.
var commands = []string{"proxypatch --dry-run", "proxypatch", "proxypatch check", "proxypatch verify"}

// project is the project of demo/demo.sh.
const project = "testdata/npm/agent-7.0.6"

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
	scratch, err := os.MkdirTemp("", "recording-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	app := filepath.Join(scratch, "app")
	if err := install(app); err != nil {
		return err
	}
	scenes, err := record(app, filepath.Join(scratch, "bin"))
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], draw(scenes), 0o644)
}

func install(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		data, err := os.ReadFile(filepath.Join(project, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-progress", "--loglevel=error")
	npm.Dir, npm.Stderr = dir, os.Stderr
	return npm.Run()
}

// scene is a command and its output in the terminal.
type scene struct {
	command string
	lines   [][]span
}

// record builds proxypatch into bin and runs the commands in a project. Each must succeed.
func record(dir, bin string) ([]scene, error) {
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "github.com/proxypatch/proxypatch/cmd/proxypatch")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	var scenes []scene
	for _, command := range commands {
		out, err := inTerminal(dir, bin, command)
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", command, err, out)
		}
		lines, err := parse(out)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", command, err)
		}
		scenes = append(scenes, scene{command, lines})
	}
	return scenes, nil
}

// inTerminal runs a command in a pseudo-terminal and returns its output.
func inTerminal(dir, bin, command string) (string, error) {
	words := strings.Fields(command)
	cmd := exec.Command(filepath.Join(bin, words[0]), words[1:]...)
	cmd.Dir = dir
	// Leave out the machine's settings: NO_COLOR, proxies and the home directory.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TERM=xterm-256color"}
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 160})
	if err != nil {
		return "", err
	}
	defer terminal.Close()
	out, err := io.ReadAll(terminal)
	if errors.Is(err, syscall.EIO) { // on Linux, the other side is closed
		err = nil
	}
	return strings.ReplaceAll(string(out), dir, "~/app"), errors.Join(err, cmd.Wait())
}
