package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/proxypatch/proxypatch/internal/verify/network/certs"
)

// The proxy's login. No output may show the password.
const (
	user     = "app"
	password = "p@ss:w/rd"
)

// proxyLog is the name of the file that proxy.js writes.
const proxyLog = "proxy.log"

// demo is a company's network, with two apps, in a temporary directory.
type demo struct {
	ctx      context.Context
	dir      string
	env      []string // of commands; go and npm inherit all of yours
	servers  sync.WaitGroup
	released map[string]string // the files of next-auth before the patch
}

// requireNode fails unless Node.js 20 or newer and npm are installed.
func requireNode(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err == nil {
		_, err = exec.LookPath("npm")
	}
	if err != nil {
		return fmt.Errorf("this needs Node.js 20 or newer, and npm: %w", err)
	}
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 20 {
		return fmt.Errorf("this needs Node.js 20 or newer, not %s", version)
	}
	return nil
}

// prepare builds proxypatch and installs both apps, all at once.
func (d *demo) prepare() error {
	var build, app, tutorial error
	var wait sync.WaitGroup
	wait.Go(func() { build = d.build() })
	wait.Go(func() { app = d.install("app", "testdata/npm/demo") })
	wait.Go(func() { tutorial = d.install("tutorial", "testdata/npm/agent-5.0.1") })
	wait.Wait()
	return cmp.Or(build, app, tutorial)
}

// build builds proxypatch.
func (d *demo) build() error {
	build := d.command(".", "go", "build", "-o", d.program(), "./cmd/proxypatch")
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w; Go needs its module proxy, or the modules of go.mod in its cache", err)
	}
	return nil
}

// program returns the path of the built program.
func (d *demo) program() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(d.dir, "proxypatch.exe")
	}
	return filepath.Join(d.dir, "proxypatch")
}

// install installs the packages that a project pins, and copies the app beside them.
func (d *demo) install(name, project string) error {
	dir := filepath.Join(d.dir, name)
	if err := os.CopyFS(dir, os.DirFS(project)); err != nil {
		return err
	}
	for _, script := range []string{"app.js", "sign-in.js"} {
		data, err := os.ReadFile(filepath.Join("demo", script))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, script), data, 0o644); err != nil {
			return err
		}
	}
	npm := d.command(dir, "npm", "ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1",
		"--no-progress", "--no-update-notifier", "--logs-max=0", "--loglevel=error")
	var out bytes.Buffer
	npm.Stdout, npm.Stderr = nil, &out
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci: %w; npm needs its registry, or the packages of %s in its cache:\n%s", err, project, &out)
	}
	return nil
}

// startNetwork starts the identity provider and the proxy, and sets the apps' environment.
func (d *demo) startNetwork() error {
	if err := d.writeCertificates(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, proxyLog), nil, 0o600); err != nil {
		return err
	}
	d.env = d.withTemp(inherited())
	idp, err := d.serve("idp.js")
	if err != nil {
		return err
	}
	d.env = append(d.env, "IDP_PORT="+idp)
	proxy, err := d.serve("proxy.js", "PROXY_LOGIN="+user+":"+password)
	if err != nil {
		return err
	}
	address := url.URL{Scheme: "http", User: url.UserPassword(user, password), Host: "127.0.0.1:" + proxy}
	d.env = append(d.env, "http_proxy="+address.String(), "NODE_EXTRA_CA_CERTS="+filepath.Join(d.dir, "ca.pem"))
	fmt.Println("\n# http_proxy=http://app:PASSWORD@127.0.0.1:PORT, percent-encoded. https_proxy works too.")
	fmt.Println("# Only this proxy can resolve the identity provider, https://idp.corp.test.")
	return nil
}

// writeCertificates writes what idp.js needs, and what its visitors trust.
func (d *demo) writeCertificates() error {
	ca, server, err := certs.New("idp.corp.test")
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"ca.pem":   ca,
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate[0]}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(d.dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// inherited returns the variables that every program needs. It leaves out your own settings
// of proxies, Node.js and next-auth.
func inherited() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TERM", "NO_COLOR", "SystemRoot", "USERPROFILE", "PATHEXT"} {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// withTemp makes commands put temporary files into the demo's directory, which removes them
// even if a command was killed.
func (d *demo) withTemp(env []string) []string {
	return append(env, "TMPDIR="+d.dir, "TMP="+d.dir, "TEMP="+d.dir)
}

// serve starts a server until the end, and returns its port.
func (d *demo) serve(script string, env ...string) (string, error) {
	script, err := filepath.Abs(filepath.Join("demo", script))
	if err != nil {
		return "", err
	}
	server := d.command(d.dir, "node", script)
	server.Env = slices.Concat(d.env, env)
	server.Stdout = nil
	out, err := server.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	d.servers.Go(func() { _ = server.Wait() }) // it ends with the context
	return strings.TrimSpace(port), err
}

// command returns a command that prints to the terminal and ends with the context.
func (d *demo) command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(d.ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, d.env, os.Stdout, os.Stderr
	cmd.WaitDelay = 5 * time.Second
	together(cmd)
	return cmd
}
