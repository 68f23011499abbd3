// Package e2e signs in to real apps with next-auth behind a proxy, from the app's
// sign-in page through the identity provider's pages and back. It replaces no part:
// next-auth serves its own pages and API, oidc-provider from npm is the identity
// provider, and the built program patches.
package e2e

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
)

// needE2E skips these tests in the quick loop.
func needE2E(t *testing.T) {
	t.Helper()
	gate.Need(t, "e2e")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	must(t, err)
	return path
}

// artefact returns the path of a file that a test keeps for people to read.
func artefact(t *testing.T, name string) string {
	t.Helper()
	path := absolute(t, filepath.Join("../../.cache/e2e", t.Name(), name))
	must(t, os.MkdirAll(filepath.Dir(path), 0o777))
	return path
}

// proxypatch runs the program in a directory.
func proxypatch(t *testing.T, dir string, args ...string) {
	t.Helper()
	program, err := clitest.Program()
	must(t, err)
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("proxypatch %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// patience is the time that a server may need to start on a busy machine.
const patience = 2 * time.Minute

// process is a running server, with its output.
type process struct {
	output *output
	ended  chan struct{}
	stop   func()
}

// output returns what a process printed so far to stdout and stderr.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a server in a directory. Its environment contains only PATH, HOME and
// env. It ends with the test at the latest.
func start(t *testing.T, dir string, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{output: &output{}, ended: make(chan struct{})}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = 5 * time.Second
	must(t, cmd.Start())
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	p.stop = func() {
		_ = cmd.Process.Kill()
		<-p.ended
	}
	t.Cleanup(p.stop)
	return p
}

// port returns the first line that is a number. The servers of testdata print it when
// they are ready.
func (p *process) port(t *testing.T) string {
	t.Helper()
	var port string
	p.await(t, func() bool {
		lines := bufio.NewScanner(strings.NewReader(p.output.String()))
		for lines.Scan() {
			if port = lines.Text(); port != "" && strings.Trim(port, "0123456789") == "" {
				return true
			}
		}
		return false
	})
	return port
}

// await waits until a server is ready.
func (p *process) await(t *testing.T, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if ready() {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("the server ended:\n%s", p.output)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server was not ready within %v:\n%s", patience, p.output)
		}
	}
}
