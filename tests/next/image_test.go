package next

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// image is what a Dockerfile copies from a build: the standalone output, and the program.
// Its user can write nothing, and has no package manager.
type image struct {
	dir    string       // the app
	bin    string       // the PATH
	shared string       // files that the user can read
	before string       // the list of dir
	output bytes.Buffer // of the server
}

// image copies the app's standalone output, as docs/builds.md does.
func (a *nextApp) image(t *testing.T) *image {
	t.Helper()
	top := t.TempDir()
	i := &image{dir: filepath.Join(top, "app"), bin: filepath.Join(top, "bin"), shared: filepath.Join(top, "shared")}
	must(t, nodetest.CopyTree(a.path(".next/standalone"), i.dir))
	must(t, nodetest.CopyTree(a.path(".next/static"), filepath.Join(i.dir, ".next", "static")))
	must(t, os.Mkdir(i.bin, 0o755))
	must(t, os.Mkdir(i.shared, 0o755))
	must(t, os.Chmod(filepath.Dir(top), 0o755)) // or only this user gets in
	node, err := filepath.EvalSymlinks(nodetest.Node(t))
	must(t, err)
	must(t, os.Symlink(node, filepath.Join(i.bin, "node")))
	program, err := clitest.Program()
	must(t, err)
	must(t, os.Symlink(program, filepath.Join(i.bin, "proxypatch")))
	protect(t, i.dir)
	i.before = clitest.List(t, i.dir)
	return i
}

// protect makes a tree read-only until the end of the test.
func protect(t *testing.T, dir string) {
	t.Helper()
	chmod := func(mask, bits fs.FileMode) error {
		return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Type()&fs.ModeSymlink != 0 {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			return os.Chmod(path, info.Mode().Perm()&^mask|bits)
		})
	}
	must(t, chmod(0o222, 0o444))
	t.Cleanup(func() { _ = chmod(0, 0o200) })
}

// unchanged requires that nothing in the image was written.
func (i *image) unchanged(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(i.before, clitest.List(t, i.dir)); diff != "" {
		t.Errorf("the image was changed (-before +after):\n%s", diff)
	}
}

// command returns a command of the image's user.
func (i *image) command(t *testing.T, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(i.bin, name), args...)
	cmd.Dir = i.dir
	cmd.Env = append([]string{"PATH=" + i.bin, "HOME=/nonexistent", "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1"}, env...)
	cmd.WaitDelay = 5 * time.Second
	dropRights(cmd)
	return cmd
}

// run runs a program of the image.
func (i *image) run(t *testing.T, name string, args ...string) clitest.Outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := i.command(t, []string{"http_proxy=http://proxy.corp.test:3128"}, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return clitest.Outcome{Code: clitest.Code(cmd.ProcessState.ExitCode()), Stdout: stdout.String(), Stderr: stderr.String()}
}

// outOfPlace matches advice that no one can follow in an image.
var outOfPlace = regexp.MustCompile(`\b(?:npm|yarn|pnpm|bun) (?:install|add|ci|i)\b|proxypatch init|lock file|package manager`)

// judge requires what the program says about the image.
func (i *image) judge(t *testing.T, built, doctor clitest.Code) {
	t.Helper()
	for _, test := range []struct {
		args []string
		want clitest.Code
	}{
		{[]string{"check", "--built"}, built},
		{[]string{"check", "--built", "--json"}, built},
		{[]string{"doctor"}, doctor},
		{[]string{"doctor", "--json"}, doctor},
	} {
		got := i.run(t, "proxypatch", test.args...)
		text := got.Stdout + got.Stderr
		if got.Code != test.want {
			t.Errorf("%s exited with %d, not %d:\n%s", test.args, got.Code, test.want, text)
		}
		if found := outOfPlace.FindString(text); found != "" {
			t.Errorf("%s says %q in an image:\n%s", test.args, found, text)
		}
		if slices.Contains(test.args, "--json") {
			if err := clitest.Validate(got.Stdout, got.Code); err != nil {
				t.Errorf("%s: %v:\n%s", test.args, err, text)
			}
		} else if test.want != clitest.OK && !strings.Contains(text, "patch before next build") {
			t.Errorf("%s does not say what to do:\n%s", test.args, text)
		}
	}
	i.unchanged(t)
}

// signsIn requires that the image has the patch and that a sign-in passes the proxy.
func (i *image) signsIn(t *testing.T) {
	t.Helper()
	i.judge(t, clitest.OK, clitest.OK)
	network := prooftest.NewNetwork(t)
	user, failure := i.signIn(t, network)
	if user != "Ada" || failure != "" {
		t.Errorf("%q signed in, error %q\n%s", user, failure, &i.output)
	}
	want := []string{
		"CONNECT idp.corp.test:443", "GET idp.corp.test/.well-known/openid-configuration",
		"GET idp.corp.test/jwks", "GET idp.corp.test/userinfo", "POST idp.corp.test/token",
	}
	if diff := cmp.Diff(want, network.Seen()); diff != "" {
		t.Errorf("requests at the proxy (-want +got):\n%s", diff)
	}
	i.unchanged(t)
}

// failsToSignIn requires that the image lacks the patch and that no request of a sign-in
// reaches the proxy.
func (i *image) failsToSignIn(t *testing.T) {
	t.Helper()
	i.judge(t, clitest.Pending, clitest.Unproven)
	network := prooftest.NewNetwork(t)
	user, failure := i.signIn(t, network)
	if user != "" || failure != "OAuthSignin" {
		t.Errorf("%q signed in, error %q\n%s", user, failure, &i.output)
	}
	if seen := network.Seen(); len(seen) > 0 {
		t.Errorf("%q reached the proxy", seen)
	}
	i.unchanged(t)
}

// patience is the time that a server may need to start on a busy machine.
const patience = 2 * time.Minute

// signIn starts the image behind a proxy and signs in.
func (i *image) signIn(t *testing.T, network *prooftest.Network) (user, failure string) {
	t.Helper()
	port := nettest.FreePort(t)
	origin := "http://localhost:" + port
	server := i.command(t, append(i.environment(t, network),
		"HOSTNAME=127.0.0.1", "PORT="+port, "NEXTAUTH_URL="+origin), "node", "server.js")
	server.Stdout, server.Stderr = &i.output, &i.output
	must(t, server.Start())
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	defer func() {
		_ = server.Process.Kill()
		<-ended
	}()
	for deadline := time.Now().Add(patience); !nettest.Listens("127.0.0.1:" + port); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server was not ready within %v", patience)
		}
	}
	return prooftest.SignIn(t, origin)
}

// environment returns what a process of the image needs behind the proxy: the variable
// of the proxy, its network's authority, and no other way to resolve names.
func (i *image) environment(t *testing.T, network *prooftest.Network) []string {
	t.Helper()
	ca, names := filepath.Join(i.shared, "ca.pem"), filepath.Join(i.shared, "names.js")
	must(t, os.WriteFile(ca, network.CA, 0o644))
	must(t, os.WriteFile(names, []byte(repotest.Read(t, "internal/testkit/nettest/names.js")), 0o644))
	return []string{"http_proxy=" + network.Proxy(), "NODE_EXTRA_CA_CERTS=" + ca, "NODE_OPTIONS=--require=" + names}
}
