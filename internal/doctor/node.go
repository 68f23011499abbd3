package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// nodeTime limits one run of Node.js, which usually takes less than 0.1 s.
const nodeTime = 10 * time.Second

// Node is an installed Node.js.
type Node struct {
	Path    string
	Version *semver.Version
}

// run starts Node.js with its own NODE_OPTIONS, because the app's may load code.
func (n *Node) run(ctx context.Context, options string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, nodeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.Path, args...)
	cmd.Env = append(os.Environ(), "NODE_OPTIONS="+options)
	cmd.WaitDelay = time.Second
	return cmd.Output()
}

// usesProxies reports whether this Node.js has built-in support for proxies.
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
// proxy, so that the app needs no patch. n may be nil.
func (e *Environment) Native(n *Node) bool {
	s, found := e.env().Lookup("https_proxy") // the only one that Node.js itself reads for https://
	return n != nil && n.usesProxies() && e.asksNode() && !e.late("NODE_USE_ENV_PROXY") && found && !e.late(s.Name)
}

// OwnRequests notes that the patch covers next-auth only, where requests of the app's own
// code may need the proxy too.
func (e *Environment) OwnRequests() Findings {
	var f Findings
	if s, found := e.env().HTTPS(); found && !s.Off() {
		f.Add(NextAuth, Note, "the patch does not cover requests of your own code, such as refreshing a token in the jwt callback").hint("if there are any, set NODE_USE_ENV_PROXY=1 with Node.js 22.21, 24.5 or newer\nwith an older one, give them a proxy in your code, as docs/troubleshooting.md describes")
	}
	return f
}

// asksNode reports whether an option makes Node.js use the proxy variables.
func (e *Environment) asksNode() bool {
	return e.Get("NODE_USE_ENV_PROXY") == "1" || e.option("--use-env-proxy")
}

// sentByNode reports whether Node.js itself sends requests to this machine through a
// proxy. It does so unless no_proxy lists the host.
func (e *Environment) sentByNode(target *proxyenv.Target) bool {
	name := "http_proxy"
	if target.Secure {
		name = "https_proxy"
	}
	s, found := e.env().Lookup(name)
	return found && !e.late(s.Name) && e.asksNode() && !e.late("NODE_USE_ENV_PROXY") && !e.env().Listed(target)
}

// option reports whether NODE_OPTIONS has an option.
func (e *Environment) option(name string) bool {
	return slices.Contains(strings.Fields(e.process["NODE_OPTIONS"]), name)
}

// Node checks the Node.js that runs the app.
func (e *Environment) Node(n *Node) Findings {
	var f Findings
	f.Add(NodeJS, OK, "Node.js %s (%s)", n.Version, n.Path)
	switch {
	case e.asksNode() && !n.usesProxies():
		f.Add(NodeJS, Warning, "NODE_USE_ENV_PROXY has no effect in Node.js %s", n.Version).hint("unset it and use the patch\nupgrade Node.js to 22.21, 24.5 or newer")
	case e.asksNode() && e.late("NODE_USE_ENV_PROXY"):
		f.Add(NodeJS, Warning, tooLate, e.label("NODE_USE_ENV_PROXY")).hint(exportIt)
	case e.asksNode():
		e.native(&f)
	case n.usesProxies() && e.Image:
		f.Add(NodeJS, Note, "with NODE_USE_ENV_PROXY=1 this Node.js uses the proxy itself, and next-auth needs no patch").hint(setNative)
	case n.usesProxies():
		f.Add(NodeJS, Note, "with NODE_USE_ENV_PROXY=1 this Node.js uses the proxy itself, and next-auth needs no patch").Hint = hint.Join(hint.Text(setNative+", then run "), hint.Run("proxypatch revert"))
	}
	return f
}

const setNative = "set NODE_USE_ENV_PROXY=1 and https_proxy in the environment that starts the app"

// Rebuild says whether an image without the patch can do without a rebuild. n may be nil.
func (e *Environment) Rebuild(n *Node) Findings {
	var f Findings
	switch {
	case n == nil:
		f.Add(NextJS, Note, "without a new image, only Node.js 22.21, 24.5 or newer can use the proxy, with NODE_USE_ENV_PROXY=1")
	case n.usesProxies():
		f.Add(NextJS, Note, "Node.js %s can use the proxy without a new image", n.Version).hint(setNative)
	default:
		f.Add(NextJS, Note, "NODE_USE_ENV_PROXY has no effect in Node.js %s, so only a new image helps", n.Version)
	}
	return f
}

// native checks what Node.js needs to use the proxy itself. It reads fewer
// variables than the patch does.
func (e *Environment) native(f *Findings) {
	s, found := e.env().Lookup("https_proxy")
	switch {
	case !found:
		f.Add(NodeJS, Warning, "NODE_USE_ENV_PROXY is set, but Node.js itself reads only https_proxy for https:// URLs, and it is not set").Hint = useHTTPS
	case e.late(s.Name):
		f.Add(NodeJS, Warning, "NODE_USE_ENV_PROXY is set, but Node.js itself does not see %s", e.label(s.Name)).hint(exportIt + "; only the patch sees .env files")
	default:
		f.Add(NodeJS, OK, "NODE_USE_ENV_PROXY: Node.js itself uses the proxy, and next-auth needs no patch")
	}
}

// NoNode reports that no Node.js can run the app. err is the reason, and oldest is the
// first major release that can.
func NoNode(err error, oldest int) Findings {
	var f Findings
	if errors.Is(err, exec.ErrNotFound) {
		f.Add(NodeJS, Warning, "node is not on the PATH")
	} else {
		f.Add(NodeJS, Error, "%v", err)
	}
	f[0].Hint = hint.Text(fmt.Sprintf("name the Node.js that runs the app, %d or newer, with --node PATH", oldest))
	return f
}

// printRoots prints the certificates that Node.js trusts. Newer releases include
// NODE_EXTRA_CA_CERTS.
const printRoots = `const tls = require("tls");
console.log((tls.getCACertificates ? tls.getCACertificates("default") : tls.rootCertificates).join("\n"))`

// roots returns the authorities that the app trusts: the ones built into Node.js, or
// the system's if NODE_OPTIONS selects them, and NODE_EXTRA_CA_CERTS. If Node.js can't
// list its own, roots uses the system's, and node is false.
func (e *Environment) roots(ctx context.Context, n *Node) (roots *x509.CertPool, node bool) {
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
	if !node || e.option("--use-openssl-ca") { // tls.rootCertificates does not include these
		roots = systemRoots()
	}
	if data, err := safefile.ReadFile(e.process[extraCerts], maxCerts); err == nil {
		certificates, _ := parseCerts(data) // like Node.js, up to the first invalid one
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
