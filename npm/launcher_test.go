package npm_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/npm"
)

// standIn says what the test's own binary does when the launcher runs it in the
// place of proxypatch.
const standIn = "PROXYPATCH_TEST_STAND_IN"

func TestMain(m *testing.M) {
	what, arg, _ := strings.Cut(os.Getenv(standIn), " ")
	n, _ := strconv.Atoi(arg)
	switch what {
	case "":
		os.Exit(m.Run())
	case "exit":
		os.Exit(n)
	case "echo":
		input, _ := io.ReadAll(os.Stdin)
		fmt.Printf("%s%q\n", input, os.Args[1:])
		fmt.Fprintln(os.Stderr, "an error")
	case "die":
		// A program in Go does not die of every signal.
		panic(syscall.Exec("/bin/sh", []string{"sh", "-c", fmt.Sprintf("kill -%d $$", n)}, os.Environ()))
	case "count":
		count(syscall.Signal(n))
	}
}

// count waits for SIGTERM and says how often another signal came before it. The
// exit code is 3, or 4 if no SIGTERM comes.
func count(other syscall.Signal) {
	time.AfterFunc(time.Minute, func() { os.Exit(4) })
	signals := make(chan os.Signal, 100)
	signal.Notify(signals, other, syscall.SIGTERM)
	fmt.Println("ready")
	seen := 0
	for s := range signals {
		if s == syscall.SIGTERM {
			fmt.Printf("got it %d times\n", seen)
			os.Exit(3)
		}
		seen++
		fmt.Println("got it")
	}
}

// nodes are the releases of Node.js to try the launcher with: the oldest that it
// is for, the one at hand and the newest.
func nodes(t *testing.T) map[string]string {
	all := map[string]string{"at hand": nodetest.Node(t)}
	if gate.Wanted(t, "nodes") {
		all["14"] = nodetest.PinnedNode(t, "launcher-node-14")
		all["26"] = nodetest.PinnedNode(t, "node-26")
	}
	return all
}

// install puts the package proxypatch into a directory, and the programs of some
// platforms, which are the test's own binary.
func install(t *testing.T, platforms ...npm.Platform) (launcher string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "node_modules")
	tarball, err := npm.Main("..", "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	files, err := npmreleases.Unpack(tarball.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Write(filepath.Join(dir, "proxypatch")); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range platforms {
		program := filepath.Join(dir, filepath.FromSlash(p.Package()), filepath.FromSlash(p.Program()))
		if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(self, program); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "proxypatch", "bin", "proxypatch.js")
}

func host(t *testing.T) npm.Platform {
	t.Helper()
	p, known := npm.Host()
	if !known {
		t.Skip("there is no package for this platform")
	}
	return p
}

// launch returns a command that runs the launcher, with the stand-in in the
// program's place.
func launch(t *testing.T, node, launcher, does string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), node, append([]string{launcher}, args...)...)
	cmd.Env = append(os.Environ(), standIn+"="+does)
	return cmd
}

func TestLauncherPassesEverythingThrough(t *testing.T) {
	t.Parallel()
	launcher := install(t, host(t))
	for name, node := range nodes(t) {
		t.Run(name, func(t *testing.T) {
			for _, code := range []int{0, 1, 5, 7, 255} {
				err := launch(t, node, launcher, fmt.Sprint("exit ", code)).Run()
				if got := exitCode(t, err); got != code {
					t.Errorf("exited with %d, not %d", got, code)
				}
			}
			var stdout, stderr strings.Builder
			cmd := launch(t, node, launcher, "echo", "check", "-C", "a b", "", `"$HOME"`)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("input "), &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`input ["check" "-C" "a b" "" "\"$HOME\""]`+"\n", stdout.String()); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff("an error\n", stderr.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func TestLauncherWithoutProgram(t *testing.T) {
	t.Parallel()
	here := host(t)
	other := npm.Platforms[0]
	if other == here {
		other = npm.Platforms[1]
	}
	for name, test := range map[string]struct {
		installed []npm.Platform
		arch      string // instead of the machine's
		want      string
	}{
		"left out": {
			want: "proxypatch: @proxypatch/" + here.String() + " is not installed: optional dependencies were left out, or the lock file lacks it\n" +
				"hint: install without --omit=optional, --no-optional and --ignore-optional; if that does not help, delete node_modules and the lock file first\n",
		},
		"another platform's": {
			installed: []npm.Platform{other},
			want: "proxypatch: @proxypatch/" + other.String() + " is installed, but this is Node.js for " + here.String() + ": node_modules comes from another platform\n" +
				"hint: delete node_modules and install again here; leave node_modules out of what is copied between machines and images\n",
		},
		"no such platform": {
			installed: []npm.Platform{here},
			arch:      "vax",
			want: "proxypatch: there is no program for " + here.OS + "-vax, only for darwin-arm64, darwin-x64, linux-arm64, linux-x64, win32-arm64, win32-x64\n" +
				"hint: build it with Go: go install github.com/proxypatch/proxypatch/cmd/proxypatch@latest\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			launcher := install(t, test.installed...)
			for name, node := range nodes(t) {
				args := []string{launcher}
				if test.arch != "" {
					args = []string{"-e", fmt.Sprintf("Object.defineProperty(process, 'arch', {value: %q}); require(%q)", test.arch, launcher)}
				}
				out, err := exec.CommandContext(t.Context(), node, args...).CombinedOutput()
				if got := exitCode(t, err); got != 1 {
					t.Errorf("Node.js %s: exited with %d, not 1", name, got)
				}
				if diff := cmp.Diff(test.want, string(out)); diff != "" {
					t.Errorf("Node.js %s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestLauncherWithProgramThatCannotBeRun(t *testing.T) {
	t.Parallel()
	here := host(t)
	launcher := install(t, here)
	program := filepath.Join(filepath.Dir(launcher), "..", "..", filepath.FromSlash(here.Package()), filepath.FromSlash(here.Program()))
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, node := range nodes(t) {
		out, err := launch(t, node, launcher, "exit 0").CombinedOutput()
		if got := exitCode(t, err); got != 1 {
			t.Errorf("Node.js %s: exited with %d, not 1", name, got)
		}
		if text := string(out); !strings.Contains(text, " can't be run: spawn ") || !strings.HasSuffix(text, "\nhint: install it again, where programs may be run\n") {
			t.Errorf("Node.js %s says %s", name, out)
		}
	}
}
