package layouts

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// signInRequests arrive at the proxy when someone signs in.
var signInRequests = []string{
	"CONNECT idp.corp.test:443", "GET idp.corp.test/.well-known/openid-configuration",
	"GET idp.corp.test/jwks", "GET idp.corp.test/userinfo", "POST idp.corp.test/token",
}

// TestExportSignIn signs in through a CONNECT proxy before and after export, in layouts that apply can't patch.
func TestExportSignIn(t *testing.T) {
	wanted := chosen(t)
	for _, row := range []struct {
		name    string
		prepare func(t *testing.T, name string) *exported
		serve   func(t *testing.T, ex *exported) string // the command line of a server
	}{
		{"yarn 4, Plug'n'Play, pages router", prepareNext("pages-router"), serveNext},
		{"yarn 4, Plug'n'Play, app router", prepareNext("app-router"), serveNext},
		{"pnpm 12, global virtual store, node:http", prepareBare, serveBare},
	} {
		if !wanted(row.name) {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ex := row.prepare(t, row.name)
			if user, failure := ex.signIn(t, row.serve(t, ex), nil); user != "" || failure != "OAuthSignin" {
				t.Errorf("unpatched, %q signed in, error %q", user, failure)
			}
			ex.export(t)
			if user, failure := ex.signIn(t, row.serve(t, ex), signInRequests); user != "Ada" || failure != "" {
				t.Errorf("%q signed in, error %q", user, failure)
			}
		})
	}
}

// signIn starts a server that reaches other hosts only through a proxy, and signs in. It requires what arrives there.
func (ex *exported) signIn(t *testing.T, server string, arrives []string) (user, failure string) {
	t.Helper()
	network := prooftest.NewNetwork(t)
	ca, names := filepath.Join(ex.dir, "ca.pem"), filepath.Join(ex.dir, "names.js")
	write(t, ca, string(network.CA))
	write(t, names, repotest.Read(t, "internal/testkit/nettest/names.js"))
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec "+server)
	cmd.Dir = ex.project
	cmd.Env = append(ex.env, "PWD="+ex.project, "http_proxy="+network.Proxy(), "NODE_EXTRA_CA_CERTS="+ca, "NODE_OPTIONS=--require="+names,
		"NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1")
	var errors bytes.Buffer
	cmd.Stderr = &errors
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the server printed:\n%s", &errors)
		}
	}()
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	user, failure = prooftest.SignIn(t, "http://localhost:"+strings.TrimSpace(port))
	if diff := cmp.Diff(arrives, network.Seen()); diff != "" {
		t.Errorf("requests at the proxy (-want +got):\n%s", diff)
	}
	return user, failure
}

// prepareNext returns a function that installs and commits an app of tests/next with Next.js.
func prepareNext(app string) func(t *testing.T, name string) *exported {
	return func(t *testing.T, name string) *exported {
		t.Helper()
		manager, layoutName := managerAndLayout(name)
		registry := nodetest.Registry(t, nodetest.HostTarballs(t, "next-14"))
		ex := newExported(t, manager, layoutName, registry, []member{{".", map[string]string{
			"next": "14.2.35", "next-auth": newRelease, "react": "18.3.1", "react-dom": "18.3.1", "https-proxy-agent": "7.0.6",
		}}})
		app := filepath.Join(repotest.Top(t), "tests", "next", "testdata", "apps", app)
		for _, name := range []string{"options.js", "next.config.js"} {
			write(t, filepath.Join(ex.project, name), repotest.Read(t, "tests/next/testdata/"+name))
		}
		if err := os.CopyFS(ex.project, os.DirFS(app)); err != nil {
			t.Fatal(err)
		}
		return ex
	}
}

// prepareBare installs and commits next-auth alone.
func prepareBare(t *testing.T, name string) *exported {
	t.Helper()
	manager, layoutName := managerAndLayout(name)
	return newExported(t, manager, layoutName, exportRegistry(t), exportApp(newRelease))
}

func managerAndLayout(name string) (manager, layoutName string) {
	parts := strings.SplitN(name, ", ", 3)
	return parts[0], parts[1]
}

// serveNext builds the app and returns the command line of a server.
func serveNext(t *testing.T, ex *exported) string {
	t.Helper()
	ex.must(t, ex.project, "rm -rf .next && NEXT_TELEMETRY_DISABLED=1 yarn next build")
	return "node " + ex.loader(ex.project) + testdata(t, "serve-next.js")
}

// serveBare returns the command line of a server for next-auth without Next.js.
func serveBare(t *testing.T, ex *exported) string {
	t.Helper()
	return "node " + shellQuote(filepath.Join(repotest.Top(t), "tests", "e2e", "testdata", "server.js")) + " node_modules/next-auth"
}
