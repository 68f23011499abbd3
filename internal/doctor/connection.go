package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/doctor/probe"
	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/hint"
)

// Patience is how long openid-client, and so next-auth, waits for a connection
// and then for an answer, unless the provider's httpOptions.timeout says more.
const Patience = 3500 * time.Millisecond

// trial is how connections are tried.
type trial struct {
	roots    *x509.CertPool
	limit    time.Duration // for each target
	patience time.Duration // what takes longer makes a sign-in fail
}

// Probe connects to each target, trusting what Node.js does. n may be nil.
func (e *Environment) Probe(ctx context.Context, n *Node, limit time.Duration, targets []*proxyenv.Target) Findings {
	var f Findings
	roots, node := e.Roots(ctx, n)
	if !node {
		f.Add(Connection, Note, "certificates are judged by the system's list of authorities; Node.js brings its own along, but was not to be asked")
	}
	return append(f, e.try(ctx, trial{roots, limit, Patience}, targets)...)
}

// try connects to each target in the way that next-auth would, and says
// what came of it.
func (e *Environment) try(ctx context.Context, p trial, targets []*proxyenv.Target) Findings {
	var f Findings
	for _, target := range targets {
		way := probe.Way{Target: target, Roots: p.roots, Limit: p.limit}
		if d := e.env().Decide(target); d.Proxy != nil {
			proxy, err := d.Proxy.Proxy()
			if err != nil {
				f.Add(Connection, Error, "%s was not tried: %s is not usable", target, e.label(d.Proxy.Name)).hint("mend the variable first")
				continue
			}
			way.Proxy = proxy
		}
		attempt := attempt{e, target, way.Proxy, p}
		result, err := probe.Run(ctx, way)
		if failure := (*probe.Failure)(nil); errors.As(err, &failure) {
			attempt.failed(&f, failure)
			continue
		}
		attempt.answered(&f, result)
	}
	return f
}

// attempt is a try, to be put into words.
type attempt struct {
	*Environment
	target *proxyenv.Target
	proxy  *proxyenv.Proxy // nil for none
	trial
}

// variable names what to change about the proxy.
func (a attempt) variable() string { return a.label(a.proxy.Setting.Name) }

// by says how the target was to be reached.
func (a attempt) by() string {
	if a.proxy == nil {
		return "without a proxy"
	}
	return fmt.Sprintf("through the proxy %v", a.proxy)
}

// answered says what a target answered, and whether next-auth would have waited
// for it.
func (a attempt) answered(f *Findings, r probe.Result) {
	where := a.target.Origin() + probe.DiscoveryPath(a.target.Path)
	switch {
	case r.Found && strings.TrimSuffix(r.Issuer, "/") != a.target.String() && !strings.Contains(a.target.Path, "/.well-known/"):
		f.Add(Connection, Warning, "%s answers %s, but calls its issuer otherwise", where, a.by()).hint("give the provider the issuer that stands in that document")
	case r.Found:
		f.Add(Connection, OK, "%s answers %s", where, a.by())
	case a.proxy != nil && !a.target.Secure && r.Status != http.StatusNotFound:
		f.Add(Connection, Warning, "%s: the answer %s is %d; whether the proxy or the target gives it can't be told", where, a.by(), r.Status).hint("use https://, or ask who runs the proxy")
	case r.Status >= 300 && r.Status < 400:
		f.Add(Connection, Warning, "%s answers %s with a redirect (%d), which next-auth does not follow", where, a.by(), r.Status).hint("name the issuer as it is, with its path and without a slash at the end")
	default:
		f.Add(Connection, Note, "%s is reached %s, but there is no discovery document (%d)", where, a.by(), r.Status).hint("that is right for a provider without OpenID Connect; otherwise name its issuer")
	}
	a.judgeTime(f, r)
}

func (a attempt) judgeTime(f *Findings, r probe.Result) {
	wait := hint.Join(hint.Text("give the provider "), hint.Keep("httpOptions: { timeout: 10000 }"), hint.Text(", and ask who runs the proxy why it is slow"))
	total := (r.Opened + r.Answered).Round(time.Millisecond)
	switch slowest := max(r.Opened, r.Answered); {
	case slowest > a.patience:
		what := "connecting"
		if r.Answered > a.patience {
			what = "the answer"
		}
		f.Add(Connection, Error, "%s: %s took %v, and next-auth gives up after %v", a.target, what, slowest.Round(time.Millisecond), a.patience).Hint = wait
	case slowest > a.patience/2:
		f.Add(Connection, Warning, "%s took %v, of the %v after which next-auth gives up", a.target, slowest.Round(time.Millisecond), a.patience).Hint = wait
	default:
		f.Add(Connection, OK, "%s took %v, of the %v after which next-auth gives up", a.target, total, a.patience)
	}
}

// failed puts a failure into words.
func (a attempt) failed(f *Findings, failure *probe.Failure) {
	severity := Error
	if failure.Kind == probe.Untrusted && a.Get("NODE_TLS_REJECT_UNAUTHORIZED") == "0" {
		severity = Warning
	}
	message, hint := a.words(failure)
	f.Add(Connection, severity, "%s: %s", a.target, message).hint("%s", hint)
}

func (a attempt) words(failure *probe.Failure) (message, hint string) {
	switch failure.At {
	case probe.AtProxy, probe.AtProxyTLS, probe.AtTunnel:
		return a.proxyWords(failure)
	case probe.AtTarget:
		return a.directWords(failure)
	case probe.AtTLS:
		return a.tlsWords(failure)
	}
	return a.answerWords(failure)
}

// proxyWords is about the way to the proxy and to a tunnel through it.
func (a attempt) proxyWords(failure *probe.Failure) (message, hint string) {
	proxy, name := a.proxy, a.variable()
	if failure.At == probe.AtProxyTLS && (failure.Kind == probe.NoTLS || failure.Kind == probe.Closed) {
		return fmt.Sprintf("%v does not speak TLS, but %s begins with https://", proxy, name), "write http:// there: that is how the proxy itself is spoken to, and it carries https:// targets as well"
	}
	check := "check host and port in " + name + ", and whether this machine may reach them"
	switch failure.Kind {
	case probe.UnknownName:
		return fmt.Sprintf("no address is known for the proxy %v", proxy), "check the host in " + name
	case probe.Unreachable:
		return fmt.Sprintf("the proxy %v can't be reached (%s)", proxy, failure.Reason), check
	case probe.Silent:
		return fmt.Sprintf("the proxy %v did not answer within %v", proxy, a.limit), check
	case probe.Closed:
		return fmt.Sprintf("the proxy %v closed the connection", proxy), check + "; is it an HTTP proxy?"
	case probe.NoHTTP:
		return fmt.Sprintf("%v does not answer like an HTTP proxy", proxy), "ask for the HTTP port; https:// and socks5:// proxies have others"
	case probe.Refused:
		return a.refusedWords(failure)
	}
	message, hint = certificateWords(failure)
	return fmt.Sprintf("the proxy %v: %s", proxy, message), hint
}

// refusedWords is about an answer other than 200 from the proxy.
func (a attempt) refusedWords(failure *probe.Failure) (message, hint string) {
	proxy, address := a.proxy, a.target.Address()
	message = fmt.Sprintf("the proxy %v answers with %d", proxy, failure.Status)
	switch failure.Status {
	case http.StatusProxyAuthRequired:
		return a.loginWords(failure)
	case http.StatusForbidden:
		if a.target.Secure && a.target.Port != "443" {
			return message + ": it does not allow port " + a.target.Port, "ask who runs it to allow CONNECT to " + address + "; many allow 443 only"
		}
		return message + ": it does not allow this host", "ask who runs it to allow " + address
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusNotFound, http.StatusBadRequest:
		return message + " to CONNECT, as a server does that is no proxy", "check host and port in " + a.variable() + ", or ask who runs the proxy to allow CONNECT to " + address
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return message + ": it does not know or reach " + a.target.Host, "check the URL; if it is inside your network, the app may reach it directly: add " + a.target.Host + " to no_proxy"
	}
	return message, "ask who runs it why " + address + " is refused"
}

// loginWords is about 407. The helper knows Basic alone.
func (a attempt) loginWords(failure *probe.Failure) (message, hint string) {
	proxy := a.proxy
	basic := len(failure.Logins) == 0 || slices.Contains(failure.Logins, "basic")
	switch {
	case !basic:
		return fmt.Sprintf("the proxy %v wants a login (407) by %s, which does not work", proxy, strings.Join(failure.Logins, " or ")),
			"run a local proxy that logs in there, such as px or cntlm, and export https_proxy=http://127.0.0.1:3128; or ask for Basic"
	case proxy.HasLogin():
		return fmt.Sprintf("the proxy %v does not accept user and password (407)", proxy), "check them in " + a.variable() + ", with special characters percent-encoded; " + encode
	}
	return fmt.Sprintf("the proxy %v wants a user and a password (407)", proxy), "put them into " + a.variable() + " as http://USER:PASSWORD@HOST:PORT, percent-encoded; " + encode
}

// directWords is about the way to a target without a proxy.
func (a attempt) directWords(failure *probe.Failure) (message, hint string) {
	hint = "it is tried directly because no proxy is set for it or no_proxy excludes it (see proxy above)"
	switch failure.Kind {
	case probe.UnknownName:
		return "no address is known for it here, and no proxy is used", hint
	case probe.Silent:
		return fmt.Sprintf("no connection without a proxy within %v", a.limit), hint
	}
	return fmt.Sprintf("it can't be reached without a proxy (%s)", failure.Reason), hint
}

// tlsWords is about TLS with the target.
func (a attempt) tlsWords(failure *probe.Failure) (message, hint string) {
	switch failure.Kind {
	case probe.Silent:
		return fmt.Sprintf("no TLS %s within %v", a.by(), a.limit), "ask who runs the proxy whether it reaches " + a.target.Address()
	case probe.Closed:
		return "the connection " + a.by() + " was closed during TLS", "ask who runs the proxy whether it allows " + a.target.Address()
	case probe.NoTLS:
		return fmt.Sprintf("TLS %s failed: %s", a.by(), failure.Reason), "check the URL's port, and whether it is http://"
	}
	message, hint = certificateWords(failure)
	if a.proxy != nil && failure.Kind == probe.Untrusted {
		message += ": the proxy inspects TLS, or the identity provider has a CA of its own"
	}
	return message, hint
}

func certificateWords(failure *probe.Failure) (message, hint string) {
	switch failure.Kind {
	case probe.WrongName:
		return "its certificate is for other hosts", "check the URL; if a proxy answers in its place, ask who runs it"
	case probe.Expired:
		return "its certificate is not valid now", "check this machine's clock, or ask who runs the host"
	}
	return fmt.Sprintf("its certificate is signed by %q, which Node.js does not trust", failure.Issuer),
		"ask who runs the proxy for the certificate of that CA as a PEM file, and export NODE_EXTRA_CA_CERTS=/path/to/ca.pem where the app starts"
}

// answerWords is about a request for which there was a connection.
func (a attempt) answerWords(failure *probe.Failure) (message, hint string) {
	switch failure.Kind {
	case probe.Refused:
		return a.refusedWords(failure)
	case probe.Silent:
		return fmt.Sprintf("no answer %s within %v", a.by(), a.limit), "check the URL, and the identity provider"
	case probe.Closed:
		return "the connection " + a.by() + " was closed without an answer", "check the URL, and the identity provider"
	}
	return "what answers " + a.by() + " is no HTTP", "check the URL's port, and whether it is https://"
}
