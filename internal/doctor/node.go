package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// nodeTime bounds one run of Node.js. It takes a few hundredths of a second.
const nodeTime = 10 * time.Second

// Node is an installed Node.js.
type Node struct {
	Path    string
	Version *semver.Version
}

// run starts Node.js with NODE_OPTIONS of our own: the app's may load its code.
func (n *Node) run(ctx context.Context, options string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, nodeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.Path, args...)
	cmd.Env = append(os.Environ(), "NODE_OPTIONS="+options)
	cmd.WaitDelay = time.Second
	return cmd.Output()
}

// usesProxies reports whether this Node.js can use proxies by itself.
// https://nodejs.org/api/cli.html#node_use_env_proxy1
func (n *Node) usesProxies() bool { return nativeProxies().Check(n.Version) }

func nativeProxies() *semver.Constraints {
	c, err := semver.NewConstraint(">=22.21.0 <23 || >=24.5.0")
	if err != nil {
		panic(err)
	}
	return c
}

// Native reports whether Node.js itself sends the app's requests through the
// proxy, so that the patch is not needed. n may be nil.
func (e *Environment) Native(n *Node) bool {
	s, found := e.env().Lookup("https_proxy") // Node.js itself looks at no other for https://
	return n != nil && n.usesProxies() && e.asksNode() && !e.late("NODE_USE_ENV_PROXY") && found && !e.late(s.Name)
}

// asksNode reports whether Node.js is told to use the proxy variables.
func (e *Environment) asksNode() bool {
	return e.Get("NODE_USE_ENV_PROXY") == "1" || e.option("--use-env-proxy")
}

// option reports whether NODE_OPTIONS has an option.
func (e *Environment) option(name string) bool {
	return slices.Contains(strings.Fields(e.process["NODE_OPTIONS"]), name)
}

// Node looks at the Node.js that runs the app.
func (e *Environment) Node(n *Node) Findings {
	var f Findings
	f.Add(NodeJS, OK, "Node.js %s (%s)", n.Version, n.Path)
	switch {
	case e.asksNode() && !n.usesProxies():
		f.Add(NodeJS, Warning, "NODE_USE_ENV_PROXY does nothing in Node.js %s", n.Version).hint("it needs 22.21, 24.5 or newer; the patch does without")
	case e.asksNode() && e.late("NODE_USE_ENV_PROXY"):
		f.Add(NodeJS, Warning, "%s comes too late: Node.js reads it when it starts", e.label("NODE_USE_ENV_PROXY")).hint("set it where the app starts")
	case e.asksNode():
		e.native(&f)
	case n.usesProxies():
		f.Add(NodeJS, Note, "with NODE_USE_ENV_PROXY=1 this Node.js uses the proxy by itself, and next-auth needs no patch").Hint = hint.Join(hint.Text("export NODE_USE_ENV_PROXY=1 beside https_proxy where the app starts, then "), hint.Run("proxypatch revert"))
	}
	return f
}

// native looks at what Node.js needs to use the proxy by itself, which is not
// all that the patch takes.
func (e *Environment) native(f *Findings) {
	s, found := e.env().Lookup("https_proxy")
	switch {
	case !found:
		f.Add(NodeJS, Warning, "NODE_USE_ENV_PROXY is set, but for https:// Node.js itself looks at https_proxy alone, and that is not set").hint(useHTTPS)
	case e.late(s.Name):
		f.Add(NodeJS, Warning, "NODE_USE_ENV_PROXY is set, but Node.js itself does not see %s", e.label(s.Name)).hint("set it where the app starts; only the patch sees .env files")
	default:
		f.Add(NodeJS, OK, "NODE_USE_ENV_PROXY: Node.js itself uses the proxy, and next-auth needs no patch")
	}
}

// NoNode says why there is no Node.js that could run the app.
func NoNode(err error) Findings {
	var f Findings
	if errors.Is(err, exec.ErrNotFound) {
		f.Add(NodeJS, Warning, "there is no node on the PATH")
	} else {
		f.Add(NodeJS, Error, "%v", err)
	}
	f[0].hint("name the Node.js that runs the app with --node PATH; it has to be 18 or newer")
	return f
}

// printRoots prints the certificates that Node.js trusts, NODE_EXTRA_CA_CERTS
// included in releases that can tell.
const printRoots = `const tls = require("tls");
console.log((tls.getCACertificates ? tls.getCACertificates("default") : tls.rootCertificates).join("\n"))`

// Roots returns the authorities that the app trusts: those that Node.js brings
// along, or the system's where Node.js is told to use them, and those of
// NODE_EXTRA_CA_CERTS. Without Node.js it takes the system's for the former, and
// node is false.
func (e *Environment) Roots(ctx context.Context, n *Node) (roots *x509.CertPool, node bool) {
	var options []string
	for _, option := range []string{"--use-system-ca", "--use-openssl-ca", "--use-bundled-ca"} {
		if e.option(option) {
			options = append(options, option)
		}
	}
	if n != nil {
		output, err := n.run(ctx, strings.Join(options, " "), "-e", printRoots)
		roots = x509.NewCertPool()
		node = err == nil && roots.AppendCertsFromPEM(output)
	}
	if !node || e.option("--use-openssl-ca") { // which tls.rootCertificates leaves out
		roots = systemRoots()
	}
	if data, err := safefile.ReadFile(e.process[extraCerts], maxCerts); err == nil {
		certificates, _ := parseCerts(data) // up to what is none, as Node.js reads them
		for _, c := range certificates {
			roots.AddCert(c)
		}
	}
	return roots, node
}

func systemRoots() *x509.CertPool {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return x509.NewCertPool()
	}
	return roots
}
