package npm_test

import (
	"encoding/json"
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

// standIn names the variable that makes the test's own binary stand in for
// proxypatch. Its value is what to do.
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
		// Some signals do not end a Go program.
		panic(syscall.Exec("/bin/sh", []string{"sh", "-c", fmt.Sprintf("kill -%d $$", n)}, os.Environ()))
	case "count":
		count(syscall.Signal(n))
	}
}

// count waits for SIGTERM and prints how often another signal came before it. It
// exits with 3, or with 4 if no SIGTERM comes.
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

// nodes returns the releases of Node.js that run the launcher: the oldest that it
// supports, the installed one and the newest.
func nodes(t *testing.T) map[string]string {
	all := map[string]string{"at hand": nodetest.Node(t)}
	if gate.Wanted(t, "nodes") {
		all["14"] = nodetest.PinnedNode(t, "launcher-node-14")
		all["26"] = nodetest.PinnedNode(t, "node-26")
	}
	return all
}

// install unpacks the package proxypatch and the packages of some platforms into a
// new directory, with the test's own binary as the program.
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
		if err := p.Unpack(filepath.Join(dir, filepath.FromSlash(p.Package())), self); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "proxypatch", "bin", "proxypatch.js")
}

// programOf returns the program of a platform beside a launcher.
func programOf(launcher string, p npm.Platform) string {
	return filepath.Join(filepath.Dir(launcher), "..", "..", filepath.FromSlash(p.Package()), filepath.FromSlash(p.Program()))
}

func host(t *testing.T) npm.Platform {
	t.Helper()
	p, known := npm.Host()
	if !known {
		t.Skip("there is no package for this platform")
	}
	return p
}

// launch returns a command that runs the launcher with the stand-in.
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
			want: "proxypatch: @proxypatch/" + here.String() + " is not installed: the install skipped optional dependencies, or the lock file lacks it\n" +
				"hint: install without --omit=optional, --no-optional and --ignore-optional\n" +
				"hint: if the lock file lacks it: delete node_modules and the lock file, then install again\n",
		},
		"another platform's": {
			installed: []npm.Platform{other},
			want: "proxypatch: @proxypatch/" + other.String() + " is installed, but this is Node.js for " + here.String() + ": node_modules was installed on another platform\n" +
				"hint: delete node_modules and install again on this machine\n" +
				"hint: do not copy node_modules between machines, or into images: add it to .dockerignore\n",
		},
		"no such platform": {
			installed: []npm.Platform{here},
			arch:      "vax",
			want: "proxypatch: there is no proxypatch for " + here.OS + "-vax, only for darwin-arm64, darwin-x64, linux-arm64, linux-x64, win32-arm64, win32-x64\n" +
				"hint: build it from a checkout, as docs/install.md describes\n",
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

// The launcher never starts a program other than the packed one.
func TestLauncherWithDamagedProgram(t *testing.T) {
	t.Parallel()
	here := host(t)
	write := func(data []byte) func(string) error {
		return func(program string) error { return os.WriteFile(program, data, 0o755) }
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	foreign := append([]byte("\xcf\xfa\xed\xfe"), original[4:]...)
	for name, test := range map[string]struct {
		put  func(program string) error
		want string // the launcher's error
	}{
		"empty":                   {write(nil), "has 0 bytes, not "},
		"truncated":               {write(original[:len(original)/2]), "bytes, not "},
		"longer":                  {write(append(original[:len(original):len(original)], 0)), "bytes, not "},
		"text":                    {write([]byte("#!/bin/sh\nexit 0\n")), "has 17 bytes, not "},
		"another platform's":      {write(foreign), "has the wrong first bytes"},
		"zeros, as after a crash": {write(make([]byte, len(original))), "has the wrong first bytes"},
		"a directory":             {func(program string) error { return os.Mkdir(program, 0o755) }, "is not a file"},
		"missing":                 {func(string) error { return nil }, "is missing"},
		"no longer described":     {func(program string) error { return describe(program, map[string]any{"name": here.Package()}) }, "does not match its package.json"},
		"another package's": {func(program string) error {
			return describe(program, map[string]any{"name": npm.Platforms[0].Package() + "x"})
		}, "does not match its package.json"},
	} {
		t.Run(name, func(t *testing.T) {
			launcher := install(t, here)
			program := programOf(launcher, here)
			if err := os.Remove(program); err != nil {
				t.Fatal(err)
			}
			if err := test.put(program); err != nil {
				t.Fatal(err)
			}
			for name, node := range nodes(t) {
				cmd := launch(t, node, launcher, "exit 0")
				cmd.Env = append(cmd.Env, "npm_config_user_agent=pnpm/10.1.0 npm/? node/v22")
				out, err := cmd.CombinedOutput()
				if got := exitCode(t, err); got != 1 {
					t.Errorf("Node.js %s: exited with %d, not 1", name, got)
				}
				if text := string(out); !strings.Contains(text, test.want) || !strings.HasSuffix(text, "\nhint: delete node_modules and install again: pnpm install\n") {
					t.Errorf("Node.js %s says %s", name, out)
				}
			}
		})
	}
}

// describe replaces the package.json of a program's package.
func describe(program string, manifest map[string]any) error {
	text, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(program), "..", "package.json"), text, 0o644)
}

func TestLauncherHintsByPackageManager(t *testing.T) {
	t.Parallel()
	here := host(t)
	launcher := install(t, here)
	if err := os.Truncate(programOf(launcher, here), 0); err != nil {
		t.Fatal(err)
	}
	for agent, want := range map[string]string{
		"npm/11.0.0 node/v22.0.0 linux x64": "delete node_modules and install again: npm install",
		"yarn/4.5.0 npm/? node/v22.0.0":     "delete node_modules and install again: yarn install",
		"bun/1.2.0 npm/? node/v22.0.0":      "delete node_modules and install again: bun install",
		"other/1":                           "delete node_modules and install again",
		"":                                  "delete node_modules and install again",
	} {
		cmd := launch(t, nodetest.Node(t), launcher, "exit 0")
		cmd.Env = append(cmd.Env, "npm_config_user_agent="+agent)
		out, err := cmd.CombinedOutput()
		if got := exitCode(t, err); got != 1 || !strings.HasSuffix(string(out), "\nhint: "+want+"\n") {
			t.Errorf("%s: exited with %d: %s", agent, got, out)
		}
	}
}

func TestLauncherWithProgramThatCannotBeRun(t *testing.T) {
	t.Parallel()
	here := host(t)
	launcher := install(t, here)
	if err := os.Chmod(programOf(launcher, here), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, node := range nodes(t) {
		out, err := launch(t, node, launcher, "exit 0").CombinedOutput()
		if got := exitCode(t, err); got != 1 {
			t.Errorf("Node.js %s: exited with %d, not 1", name, got)
		}
		if text := string(out); !strings.Contains(text, " can't be run: spawn ") || !strings.HasSuffix(text, "\nhint: install the project on a file system that allows programs to run, without noexec\n") {
			t.Errorf("Node.js %s says %s", name, out)
		}
	}
}
