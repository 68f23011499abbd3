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

// trial holds the settings of a probe.
type trial struct {
	roots    *x509.CertPool
	limit    time.Duration // for each target
	patience time.Duration // a sign-in fails after this time
}

// Probe connects to each target and trusts the authorities that Node.js trusts. n may
// be nil.
func (e *Environment) Probe(ctx context.Context, n *Node, limit time.Duration, targets []*proxyenv.Target) Findings {
	var f Findings
	roots, node := e.roots(ctx, n)
	if !node {
		f.Add(Connection, Note, "certificates are checked against the system's authorities, because Node.js could not list its own")
	}
	return append(f, e.try(ctx, trial{roots, limit, e.httpPatience()}, targets)...)
}

// try connects to each target as next-auth would, and reports the results.
func (e *Environment) try(ctx context.Context, p trial, targets []*proxyenv.Target) Findings {
	var f Findings
	for _, target := range targets {
		way := probe.Way{Target: target, Roots: p.roots, Limit: p.limit}
		decision := e.env().Decide(target)
		if setting := decision.Proxy; setting != nil {
			proxy, err := setting.Usable()
			if err != nil {
				f.Add(Connection, Error, "%s was not tried: %s is invalid", target, e.label(setting.Name)).hint("fix %s first", setting.Name)
				continue
			}
			way.Proxy = proxy
		}
		attempt := attempt{e, target, way.Proxy, p, decision}
		result, err := probe.Run(ctx, way)
		if failure := (*probe.Failure)(nil); errors.As(err, &failure) {
			attempt.failed(&f, failure)
			continue
		}
		attempt.answered(&f, result)
	}
	return f
}

// attempt is one connection to report on.
type attempt struct {
	*Environment
	target *proxyenv.Target
	proxy  *proxyenv.Proxy // nil for none
	trial
	decision proxyenv.Decision
}

// variable names the variable to change.
func (a attempt) variable() string { return a.label(a.proxy.Setting.Name) }

// by says how the attempt tried to reach the target.
func (a attempt) by() string {
	if a.proxy == nil {
		return "without a proxy"
	}
	return fmt.Sprintf("through the proxy %v", a.proxy)
}

// answered reports what a target answered, and whether next-auth would have waited
// for it.
func (a attempt) answered(f *Findings, r probe.Result) {
	where := a.target.Origin() + probe.DiscoveryPath(a.target.Path)
	switch {
	case r.Found && a.names(r.Issuer):
		f.Add(Connection, OK, "%s answers %s", where, a.by())
	case r.Found:
		f.Add(Connection, Warning, "%s answers %s, but names a different issuer", where, a.by()).hint("set the provider's issuer to the one in that document")
	case a.proxy != nil && !a.target.Secure && r.Status != http.StatusNotFound:
		f.Add(Connection, Warning, "%s answers %s with %d, which may come from the proxy or from the target%s", where, a.by(), r.Status, a.logs(r)).Hint = hint.Text("use https://").Or(ask("what it answers"))
	case r.Status >= 300 && r.Status < 400:
		f.Add(Connection, Warning, "%s answers %s with a redirect (%d), which next-auth does not follow%s", where, a.by(), r.Status, a.logs(r)).hint("use the issuer's exact URL, with its path and without a trailing slash")
	case a.isIssuer(a.target):
		f.Add(Connection, Warning, "%s answers %s, but without a discovery document (%s)%s", where, a.by(), kind(r), a.logs(r)).Hint = a.blocked(r)
	default:
		f.Add(Connection, Note, "%s answers %s, but without a discovery document (%s)", where, a.by(), kind(r)).hint("this is normal for a provider without OpenID Connect; for others, use the issuer's URL")
	}
	a.judgeTime(f, r)
}

// names reports whether a discovery document names the issuer that was asked for. The
// ones of Azure AD never name a tenant as its URL does.
func (a attempt) names(issuer string) bool {
	return strings.TrimSuffix(issuer, "/") == a.target.String() || strings.Contains(a.target.Path, "/.well-known/") || a.target.Host == azureHost
}

// kind says what an answer is.
func kind(r probe.Result) string {
	if r.HTML {
		return fmt.Sprintf("%d, HTML", r.Status)
	}
	return fmt.Sprint(r.Status)
}

// logs says what next-auth logs if an issuer answers so.
func (a attempt) logs(r probe.Result) string {
	if r.Log == "" || !a.isIssuer(a.target) {
		return ""
	}
	return fmt.Sprintf("; next-auth will log %q", r.Log)
}

// blocked says what to do about an issuer without a discovery document.
func (a attempt) blocked(r probe.Result) hint.Hint {
	check := hint.Text("check the issuer's URL, with its path")
	denied := r.HTML || r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden
	switch {
	case (denied || r.Status >= 500) && a.proxy != nil:
		return ask("whether it blocks " + a.target.Address()).Or(check)
	case r.Status >= 500:
		return hint.Text("check whether the identity provider is running").Or(check)
	}
	return check
}

func (a attempt) judgeTime(f *Findings, r probe.Result) {
	slowest := max(r.Opened, r.Answered)
	wait := hint.Join(hint.Text("set "), hint.Keep(fmt.Sprintf("%s=%d", a.httpTimeout(), longer(slowest, a.patience).Milliseconds())), hint.Text(" where the app starts"))
	if a.proxy != nil {
		wait = wait.Or(ask("why it is slow"))
	}
	total := (r.Opened + r.Answered).Round(time.Millisecond)
	switch {
	case slowest > a.patience:
		what := "connecting"
		if r.Answered > a.patience {
			what = "the answer"
		}
		f.Add(Connection, Error, "%s: %s took %v, but next-auth gives up after %v", a.target, what, slowest.Round(time.Millisecond), a.patience).Hint = wait
	case slowest > a.patience/2:
		f.Add(Connection, Warning, "%s took %v; next-auth gives up after %v", a.target, slowest.Round(time.Millisecond), a.patience).Hint = wait
	default:
		f.Add(Connection, OK, "%s took %v; next-auth gives up after %v", a.target, total, a.patience)
	}
}

// longer returns a limit in whole seconds that leaves room above the time that an answer
// took, and above the limit now.
func longer(took, patience time.Duration) time.Duration {
	wanted := 2 * max(took, patience)
	return max(10*time.Second, (wanted+time.Second-1)/time.Second*time.Second)
}

// failed reports a failure.
func (a attempt) failed(f *Findings, failure *probe.Failure) {
	severity := Error
	if failure.Kind == probe.Untrusted && a.Get("NODE_TLS_REJECT_UNAUTHORIZED") == "0" {
		severity = Warning
	}
	message, advice := a.words(failure)
	f.Add(Connection, severity, "%s: %s", a.target, message).Hint = advice
}

// words returns the message of a failure, and what to do.
func (a attempt) words(failure *probe.Failure) (string, hint.Hint) {
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

// ask advises to ask the person who can change the proxy.
func ask(question string) hint.Hint { return hint.Text("ask the proxy's administrator " + question) }

// proxyWords describes a failure to reach the proxy, or to open a tunnel through it.
func (a attempt) proxyWords(failure *probe.Failure) (string, hint.Hint) {
	proxy, name := a.proxy, a.variable()
	if failure.At == probe.AtProxyTLS && (failure.Kind == probe.NoTLS || failure.Kind == probe.Closed) {
		return fmt.Sprintf("%v does not speak TLS, but %s starts with https://", proxy, name), hint.Text("change it to http://, which also works for https:// targets")
	}
	if failure.Kind == probe.NeedsTLS {
		return fmt.Sprintf("%v speaks only TLS, but %s does not start with https://", proxy, name), hint.Text("change it to https://, or use the proxy's port for http://")
	}
	check := hint.Text("check the host and port in " + name)
	switch failure.Kind {
	case probe.UnknownName:
		return fmt.Sprintf("the host name of the proxy %v can't be resolved", proxy), hint.Text("check the host in " + name)
	case probe.Unreachable:
		return fmt.Sprintf("the proxy %v can't be reached (%s)", proxy, failure.Reason), check.Or(ask("whether this machine may reach it"))
	case probe.Silent:
		return fmt.Sprintf("the proxy %v did not answer within %v", proxy, a.limit), check.Or(ask("whether this machine may reach it"))
	case probe.Closed:
		return fmt.Sprintf("the proxy %v closed the connection", proxy), check.Or(ask("whether it is an HTTP proxy"))
	case probe.NoHTTP:
		return fmt.Sprintf("%v does not answer like an HTTP proxy", proxy), hint.Text("use the proxy's HTTP port; its HTTPS and SOCKS ports have other numbers")
	case probe.Refused:
		return a.refusedWords(failure)
	}
	message, advice := certificateWords(failure)
	return fmt.Sprintf("the proxy %v: %s", proxy, message), advice
}

// refusedWords describes a status other than 200 from the proxy.
func (a attempt) refusedWords(failure *probe.Failure) (string, hint.Hint) {
	proxy, address := a.proxy, a.target.Address()
	message := fmt.Sprintf("the proxy %v answers with %d", proxy, failure.Status)
	switch failure.Status {
	case http.StatusProxyAuthRequired:
		return a.loginWords(failure)
	case http.StatusForbidden:
		if a.target.Secure && a.target.Port != "443" {
			return message + ": it does not allow port " + a.target.Port, ask("to allow CONNECT to " + address + "; many proxies allow only port 443")
		}
		return message + ": it does not allow this host", ask("to allow " + address)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusNotFound, http.StatusBadRequest:
		return message + " to CONNECT, like a server that is not a proxy", hint.Text("check the host and port in " + a.variable()).Or(ask("to allow CONNECT to " + address))
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return message + ": it can't resolve or reach " + a.target.Host, hint.Text("check the URL").Or(hint.Text("if the host is inside your network, add " + a.target.Host + " to no_proxy"))
	}
	return message, ask("why " + address + " is refused")
}

// loginWords describes a 407. The helper supports only Basic.
func (a attempt) loginWords(failure *probe.Failure) (string, hint.Hint) {
	proxy := a.proxy
	basic := len(failure.Logins) == 0 || slices.Contains(failure.Logins, "basic")
	switch {
	case !basic:
		name := "px"
		if slices.Contains(failure.Logins, "ntlm") {
			name = "px or cntlm" // which knows no other login
		}
		local := hint.Join(hint.Text("run a local proxy that logs in, such as "+name+", and "), hint.Keep("export https_proxy=http://127.0.0.1:3128"))
		return fmt.Sprintf("the proxy %v requires a login (407) by %s, which next-auth can't do", proxy, strings.Join(failure.Logins, " or ")), local.Or(ask("to offer Basic"))
	case proxy.HasLogin():
		return fmt.Sprintf("the proxy %v rejects the user and password (407)", proxy), hint.Text("check them in " + a.variable() + "; special characters must be percent-encoded").Or(encode)
	}
	return fmt.Sprintf("the proxy %v requires a user and a password (407)", proxy), hint.Join(hint.Text("add them to "+a.variable()+", percent-encoded: "), withUser).Or(encode)
}

// directWords describes a failure to reach a target without a proxy.
func (a attempt) directWords(failure *probe.Failure) (string, hint.Hint) {
	because := a.whyDirect()
	switch failure.Kind {
	case probe.UnknownName:
		return "its name can't be resolved here, and " + because, a.nameAdvice()
	case probe.Silent:
		return fmt.Sprintf("no connection within %v, and %s", a.limit, because), a.directAdvice()
	}
	return fmt.Sprintf("it can't be reached (%s), and %s", failure.Reason, because), a.directAdvice()
}

// whyDirect says why no proxy was used.
func (a attempt) whyDirect() string {
	switch a.decision.Reason {
	case proxyenv.Loopback:
		return "the patch never uses a proxy for this machine"
	case proxyenv.Excluded:
		return fmt.Sprintf("%q in %s excludes it from the proxy", a.decision.Entry, a.label(a.decision.By.Name))
	case proxyenv.Off:
		return a.label(a.decision.By.Name) + "=direct switches the proxy off"
	}
	return "no proxy is set for this URL"
}

// directAdvice says what to do about a target that can't be reached without a proxy.
func (a attempt) directAdvice() hint.Hint {
	check := hint.Text("check the URL")
	switch name := a.decision.By.Name; a.decision.Reason {
	case proxyenv.Loopback:
		return hint.Text("start the identity provider on port " + a.target.Port + " of this machine").Or(container(a.target))
	case proxyenv.Excluded:
		return hint.Text(fmt.Sprintf("if only the proxy reaches it, remove %q from %s", a.decision.Entry, name)).Or(check)
	case proxyenv.Off:
		return hint.To("if only the proxy reaches it", "unset "+name).Or(check)
	}
	variable := "http_proxy"
	if a.target.Secure {
		variable = "https_proxy"
	}
	return hint.Join(hint.Text("if only a proxy reaches it, where the app starts: "), hint.Keep("export "+variable+"="+example)).Or(check)
}

// nameAdvice says what to do about a target without a proxy whose name is unknown. Browsers
// resolve each name below localhost by themselves, and Node.js does not.
func (a attempt) nameAdvice() hint.Hint {
	if host := a.target.Host; a.decision.Reason == proxyenv.Loopback && host != "localhost" {
		return hint.Text("use localhost instead of " + host + ", or add " + host + " to this machine's hosts file").Or(container(a.target))
	}
	return a.directAdvice()
}

// container says what a loopback address means in a container.
func container(target *proxyenv.Target) hint.Hint {
	return hint.Text("in a container, " + target.Host + " is the container itself: use a host name that works in the container and in the browser")
}

// tlsWords describes a failure of TLS with the target.
func (a attempt) tlsWords(failure *probe.Failure) (string, hint.Hint) {
	check := hint.Text("check the host and port in the URL").Or(a.directAdvice().First())
	if a.proxy != nil {
		check = ask("to allow " + a.target.Address())
	}
	switch failure.Kind {
	case probe.Silent:
		return fmt.Sprintf("the TLS handshake %s did not finish within %v", a.by(), a.limit), check
	case probe.Closed:
		return "the connection " + a.by() + " was closed during the TLS handshake", check
	case probe.NoTLS:
		return fmt.Sprintf("TLS %s failed: %s", a.by(), failure.Reason), hint.Text("check the URL's port, or use http:// if the host has no TLS")
	}
	message, advice := certificateWords(failure)
	if a.proxy != nil && failure.Kind == probe.Untrusted {
		message += "; the proxy inspects TLS, or the identity provider has its own CA"
	}
	return message, advice
}

// certificateWords describes a certificate that is not accepted.
func certificateWords(failure *probe.Failure) (string, hint.Hint) {
	switch failure.Kind {
	case probe.WrongName:
		return "its certificate is for another host", hint.Text("check the URL").Or(hint.Text("if a proxy inspects TLS, ask its administrator"))
	case probe.Expired:
		return "its certificate has expired or is not valid yet", hint.Text("check this machine's clock").Or(hint.Text("ask the host's administrator for a new certificate"))
	}
	return fmt.Sprintf("its certificate is signed by %q, which Node.js does not trust", failure.Issuer),
		hint.Join(hint.Text("get that CA's certificate as a PEM file, and where the app starts "), exportCA)
}

// answerWords describes a request that failed after the connection was open.
func (a attempt) answerWords(failure *probe.Failure) (string, hint.Hint) {
	check := hint.Text("check the URL, and whether the identity provider is running")
	switch failure.Kind {
	case probe.NeedsTLS:
		return "its port " + a.target.Port + " speaks only TLS, but the URL starts with http://", hint.Text("use https://")
	case probe.Refused:
		return a.refusedWords(failure)
	case probe.Silent:
		return fmt.Sprintf("no answer %s within %v", a.by(), a.limit), check
	case probe.Closed:
		return "the connection " + a.by() + " was closed without an answer", check
	}
	return "the answer " + a.by() + " is not HTTP", hint.Text("check the URL's port, or use https://")
}
