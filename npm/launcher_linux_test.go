package npm_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The launcher ends with the program's signal.
func TestLauncherDiesOfTheSameSignal(t *testing.T) {
	t.Parallel()
	launcher := install(t, host(t))
	for name, node := range nodes(t) {
		for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGKILL} {
			err := launch(t, node, launcher, fmt.Sprint("die ", int(s))).Run()
			if got := signalOf(err); got != s {
				t.Errorf("Node.js %s: the program dies of %q, the launcher of %q (%v)", name, s, got, err)
			}
		}
		err := launch(t, node, launcher, fmt.Sprint("die ", int(syscall.SIGPIPE))).Run()
		if got := exitCode(t, err); got != 128+int(syscall.SIGPIPE) {
			t.Errorf("Node.js %s: the program dies of SIGPIPE, which Node.js can't, and the launcher exits with %d", name, got)
		}
	}
}

func signalOf(err error) syscall.Signal {
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		return 0
	}
	return exit.Sys().(syscall.WaitStatus).Signal()
}

// The launcher passes a signal on to the program, and ends as the program does.
func TestLauncherPassesSignalsOn(t *testing.T) {
	t.Parallel()
	launcher := install(t, host(t))
	for name, node := range nodes(t) {
		for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
			t.Run(fmt.Sprintf("%s, %v", name, s), func(t *testing.T) {
				cmd := launch(t, node, launcher, fmt.Sprint("count ", int(s)))
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without the terminal of the tests
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				countSignals(t, cmd, out, func() { signalTo(t, cmd, s) }, func() {})
			})
		}
	}
}

// The terminal sends Ctrl-C to the whole foreground group, so the launcher must not
// pass it on.
func TestCtrlCArrivesOnce(t *testing.T) {
	t.Parallel()
	launcher := install(t, host(t))
	for name, node := range nodes(t) {
		for s, key := range map[syscall.Signal]string{syscall.SIGINT: "\x03", syscall.SIGQUIT: "\x1c"} {
			t.Run(fmt.Sprintf("%s, %v", name, s), func(t *testing.T) {
				cmd := launch(t, node, launcher, fmt.Sprint("count ", int(s)))
				keyboard, screen := terminal(t)
				cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
				// Stop the launcher until the program has handled the signal, because two pending signals count as one.
				countSignals(t, cmd, keyboard, func() {
					signalTo(t, cmd, syscall.SIGSTOP)
					var status syscall.WaitStatus
					if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
						t.Fatalf("the launcher did not stop: %v", err)
					}
					if _, err := keyboard.WriteString(key); err != nil {
						t.Fatal(err)
					}
				}, func() { signalTo(t, cmd, syscall.SIGCONT) })
			})
		}
	}
}

func signalTo(t *testing.T, cmd *exec.Cmd, s syscall.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// countSignals starts a program that counts a signal, sends the signal once, and
// ends the program with SIGTERM. The launcher passes signals on in order, so SIGTERM
// comes last. countSignals calls goOn when the program has handled the first signal.
func countSignals(t *testing.T, cmd *exec.Cmd, out io.Reader, send, goOn func()) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	expect := func(lines *bufio.Reader, want string) {
		t.Helper()
		line, err := lines.ReadString('\n')
		if !strings.Contains(line, want) {
			_ = cmd.Process.Kill()
			t.Fatalf("says %q, not %q: %v", line, want, err)
		}
	}
	lines := bufio.NewReader(out)
	expect(lines, "ready")
	send()
	expect(lines, "got it")
	goOn()
	signalTo(t, cmd, syscall.SIGTERM)
	expect(lines, "got it 1 times")
	if got := exitCode(t, cmd.Wait()); got != 3 {
		t.Errorf("exited with %d, not with the program's 3", got)
	}
}

// terminal opens a pseudo-terminal and returns its two ends.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return keyboard, screen
}
