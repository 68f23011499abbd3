//go:build unix

package main

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// TestMain makes the test program run the demo if this variable is set.
func TestMain(m *testing.M) {
	if os.Getenv("PROXYPATCH_DEMO") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestDemo(t *testing.T) {
	needPackages(t)
	t.Parallel()
	d := start(t)
	if err := d.wait(t); err != nil {
		t.Errorf("%v:\n%s", err, d.output())
	}

	lines := strings.Split(d.output(), "\n")
	if len(lines) > 60 {
		t.Errorf("%d lines are more than two screens", len(lines))
	}
	want := []string{
		"$ node sign-in.js",
		"next-auth: SIGNIN_OAUTH_ERROR: getaddrinfo ENOTFOUND idp.corp.test",
		"not signed in",
		"$ proxypatch",
		"next-auth 4.24.15 in node_modules/next-auth: 10 files patched",
		"$ node sign-in.js",
		"signed in as Ada Lovelace <ada@corp.test>",
		"$ cat proxy.log",
		"CONNECT idp.corp.test:443  user app  200",
		"$ proxypatch verify",
		"15 of 15 calls went through verify's own proxy, with Node.js",
		"$ proxypatch revert",
		"next-auth 4.24.15 in node_modules/next-auth: 10 files restored",
		"(compared: every byte is what npm installed)",
		"$ proxypatch --set tutorial",
		"next-auth 4.2.1 in node_modules/next-auth: 2 files patched",
		"$ node sign-in.js",
		"signed in as Ada Lovelace <ada@corp.test>",
	}
	if diff := cmp.Diff(want, withoutDetails(lines)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// withoutDetails leaves out comments, each call that verify made, and the release of Node.js.
func withoutDetails(lines []string) []string {
	var kept []string
	for _, line := range lines[1:] {
		if line == "" || strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "  proxied ") || line == "next-auth 4.24.15 in node_modules/next-auth" {
			continue
		}
		kept = append(kept, regexp.MustCompile(`Node\.js [0-9.]+`).ReplaceAllString(line, "Node.js"))
	}
	return kept
}

// TestDemoFails makes the demo fail early and late. It must say what is missing.
func TestDemoFails(t *testing.T) {
	needPackages(t)
	node := nodetest.Node(t)
	for name, test := range map[string]struct {
		env  []string
		want string
	}{
		"no Node.js": {
			[]string{"PATH=" + t.TempDir()},
			"demo: this needs Node.js 20 or newer, and npm: ",
		},
		"old Node.js": {
			[]string{"PATH=" + script(t, "node", "echo v18.20.8")},
			"demo: this needs Node.js 20 or newer, not v18.20.8\n",
		},
		"no modules": {
			[]string{"GOPROXY=off", "GOMODCACHE=" + t.TempDir()},
			"demo: go build: exit status 1; Go needs its module proxy, or the modules of go.mod in its cache\n",
		},
		"no packages": {
			[]string{"npm_config_offline=true", "npm_config_cache=" + t.TempDir()},
			"demo: npm ci: exit status 1; npm needs its registry, or the packages of testdata/npm/demo in its cache:\nnpm error ",
		},
		"no sign-in": {
			[]string{"PATH=" + script(t, "node", `[ "$1" = sign-in.js ] && exit 1; exec '`+node+`' "$@"`)},
			"demo: the sign-in did not fail as expected\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := start(t, test.env...)
			if err := d.wait(t); err == nil {
				t.Error("it succeeded")
			}
			if !strings.Contains(d.output(), test.want) {
				t.Errorf("it does not say %q:\n%s", test.want, d.output())
			}
		})
	}
}

// script makes a program, and returns a PATH that begins with it.
func script(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir + string(filepath.ListSeparator) + os.Getenv("PATH")
}

// needPackages skips the test where npm can't fetch the demo's packages.
func needPackages(t *testing.T) {
	t.Helper()
	gate.Need(t, "e2e")
	nodetest.Project(t, "demo")
	nodetest.Project(t, "agent-5.0.1")
}

// running is a run of the demo.
type running struct {
	cmd  *exec.Cmd
	temp string        // its directory for temporary files
	ends chan struct{} // closed when no process has the output open

	mu  sync.Mutex
	out bytes.Buffer
}

// start starts the demo with its own directory for temporary files.
func start(t *testing.T, env ...string) *running {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &running{cmd: exec.Command(self), temp: t.TempDir(), ends: make(chan struct{})}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = repotest.Top(t), in, in
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.cmd.Env = slices.Concat(os.Environ(), []string{"PROXYPATCH_DEMO=1", "TMPDIR=" + d.temp}, env)
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	go func() {
		defer close(d.ends)
		io.Copy(d, out)
	}()
	return d
}

func (d *running) Write(data []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(data)
}

func (d *running) output() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}

// wait waits for the end. It requires that no process and no temporary file is left, and that
// the output does not contain the password.
func (d *running) wait(t *testing.T) error {
	t.Helper()
	result := d.cmd.Wait()
	select {
	case <-d.ends:
	case <-time.After(30 * time.Second):
		t.Error("a process is left")
	}
	entries, err := os.ReadDir(d.temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("left behind: %s", entry.Name())
	}
	for _, secret := range []string{password, url.QueryEscape(password)} {
		if strings.Contains(d.output(), secret) {
			t.Errorf("the output contains the password:\n%s", d.output())
		}
	}
	return result
}
