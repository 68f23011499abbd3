package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/regular"
)

const (
	example  = "http://proxy.example.com:3128"
	encode   = `node -p 'encodeURIComponent("PASSWORD")' prints a password as it has to stand in the URL`
	useHTTPS = "export https_proxy=" + example + " (with the proxy's own host and port) where the app starts"
)

// Proxies looks at the proxy variables, and says for each target which one
// decides.
func (e *Environment) Proxies(targets []*proxyenv.Target) Findings {
	var f Findings
	e.bothCases(&f)
	e.blanks(&f)
	e.timeout(&f)
	https, found := e.env().Lookup(proxyenv.HTTPS...)
	switch {
	case found && https.Off():
		e.off(&f)
		return f
	case !found:
		f.Add(Proxy, Warning, "no proxy variable is set: every request goes to its target directly").hint(useHTTPS)
		e.npm(&f)
		return f
	}
	e.judge(&f, https, "https://", Error)
	http, found := e.env().Lookup(proxyenv.HTTP...)
	switch {
	case !found:
		f.Add(Proxy, Note, "http:// URLs go to their targets directly: neither http_proxy nor all_proxy is set")
	case http.Name != https.Name:
		e.judge(&f, http, "http://", Warning)
	}
	e.exclusions(&f, len(targets) == 0)
	for _, target := range targets {
		e.decide(&f, target)
	}
	return f
}

var milliseconds = lazyregexp.Compile(`^0*[1-9]\d*$`)

// timeout looks at the time limit for next-auth's requests.
func (e *Environment) timeout(f *Findings) {
	const name = "NEXTAUTH_HTTP_TIMEOUT"
	switch value := strings.TrimSpace(e.Get(name)); {
	case value == "":
	case !milliseconds().MatchString(value):
		f.Add(Proxy, Error, "%s is no number of ms, and every sign-in fails", e.label(name)).hint("export %s=10000", name)
	default:
		f.Add(Proxy, OK, "next-auth's requests may take %s ms (%s)", value, e.label(name))
	}
}

// off says what is left where the helper is switched off.
func (e *Environment) off(f *Findings) {
	f.Add(Proxy, Warning, "%s is direct: next-auth's requests use no proxy of the patch", e.label(proxyenv.Own)).hint("unset %s, or give it the proxy's URL", proxyenv.Own)
	if e.asksNode() {
		f.Add(Proxy, Note, "NODE_USE_ENV_PROXY is set: Node.js itself may use a proxy all the same")
	}
}

// maxNpmrc bounds the size of a .npmrc that is read, in bytes.
const maxNpmrc = 1 << 20

var npmProxy = lazyregexp.Compile(`(?m)^\s*(https-)?proxy\s*=\s*\S`)

// npm finds a proxy that only npm knows, which people take for the app's.
func (e *Environment) npm(f *Findings) {
	for _, name := range []string{"npm_config_https_proxy", "npm_config_proxy"} {
		if e.Get(name) != "" {
			f.Add(Proxy, Note, "%s is for npm alone", name).hint("export https_proxy with the same value")
			return
		}
	}
	npmrc := e.npmrc
	if home, err := os.UserHomeDir(); npmrc == "" && err == nil && namesNpmProxy(filepath.Join(home, ".npmrc")) {
		npmrc = "~/.npmrc"
	}
	if npmrc != "" {
		f.Add(Proxy, Note, "%s names a proxy, which is for npm alone", npmrc).hint("export https_proxy with the same value")
	}
}

func namesNpmProxy(npmrc string) bool {
	data, err := regular.ReadFile(npmrc, maxNpmrc)
	return err == nil && npmProxy().Match(data)
}

var variables = append([]string{"no_proxy"}, proxyenv.HTTPS...)

// bothCases finds variables that are set in both cases and differ.
func (e *Environment) bothCases(f *Findings) {
	for _, lower := range variables {
		upper := strings.ToUpper(lower)
		first, set := e.env().Lookup(lower)
		if !set || first.Name != lower {
			continue
		}
		if second, set := proxyenv.Env(func(name string) string { return e.Get(strings.ToUpper(name)) }).Lookup(lower); set && !first.Same(second) {
			f.Add(Proxy, Warning, "%s differs from %s, which wins", e.label(upper), e.label(lower)).hint("unset one of the two; other programs may take the other one")
		}
	}
}

// blanks finds variables that are set to nothing.
func (e *Environment) blanks(f *Findings) {
	for _, lower := range variables {
		for _, name := range slices.Compact([]string{lower, strings.ToUpper(lower)}) {
			if e.set(name) && strings.TrimSpace(e.Get(name)) == "" {
				f.Add(Proxy, Note, "%s is empty and counts as unset", e.label(name))
			}
		}
	}
}

// judge looks at the variable that decides for URLs of a kind.
func (e *Environment) judge(f *Findings, s proxyenv.Setting, kind string, severity Severity) {
	label := e.label(s.Name)
	e.judgeFile(f, s.Name)
	flaws := s.Flaws()
	for _, flaw := range flaws {
		switch flaw {
		case proxyenv.Quoted:
			f.Add(Proxy, severity, "%s has quotation marks in its value", label).hint("write the value without them; docker run --env-file, for one, does not take them away")
			return
		case proxyenv.Spaced:
			f.Add(Proxy, severity, "%s is not a valid proxy URL: it holds white space", label).hint("write the URL alone, without a comment behind it; a space in a password is %%20")
			return
		case proxyenv.Placeholder:
			f.Add(Proxy, severity, "%s holds a placeholder such as ${NAME} that nobody has replaced", label).hint("write the value itself")
			return
		}
	}
	proxy, err := s.Proxy()
	switch {
	case errors.Is(err, proxyenv.ErrKind):
		f.Add(Proxy, severity, "%s is no http:// or https:// URL; no other kind of proxy works, socks5:// included", label).hint("export %s=%s; ask who runs the proxy for its HTTP port", s.Name, example)
		return
	case err != nil:
		f.Add(Proxy, severity, "%s is not a valid proxy URL", label).hint("write http://USER:PASSWORD@HOST:PORT with the special characters of user and password percent-encoded; %s", encode)
		return
	}
	f.Add(Proxy, OK, "%s URLs go through the proxy %v (%s)", kind, proxy, label)
	for _, flaw := range flaws {
		switch flaw {
		case proxyenv.Unencoded:
			f.Add(Proxy, Warning, "%s holds characters in user or password that are not percent-encoded; next-auth's patch reads them, other programs may not", label).hint(encode)
		case proxyenv.NoPort:
			f.Add(Proxy, Note, "%s names no port, so it is %s", label, proxy.Port).hint("add the port, mostly :3128 or :8080, unless it is %s", proxy.Port)
		case proxyenv.OverTLS:
			f.Add(Proxy, Note, "%s is https://, so the proxy itself is spoken to with TLS", label).hint("write http:// unless the proxy wants that; both carry https:// targets")
		}
	}
}

// judgeFile finds what a .env file does to a value.
func (e *Environment) judgeFile(f *Findings, name string) {
	file, found := e.files[name]
	if !found {
		return
	}
	if file.comment {
		f.Add(Proxy, Warning, "%s: a # without quotation marks begins a comment, and the rest is cut off", e.label(name)).hint("percent-encode it as %%23")
	}
	for _, other := range file.expands {
		if e.raw(other) == "" {
			f.Add(Proxy, Warning, "%s: Next.js takes a $ for the name of a variable that is not set, and puts nothing there", e.label(name)).hint("percent-encode it as %%24")
			return
		}
	}
}

// anyHost stands for every identity provider.
var anyHost = &proxyenv.Target{Secure: true, Host: "identity-provider.invalid", Port: "443"}

// exclusions finds parts of no_proxy that do nothing and, where nobody has said
// which hosts matter, those that exclude all.
func (e *Environment) exclusions(f *Findings, all bool) {
	setting, set := e.env().Lookup("no_proxy")
	if !set {
		return
	}
	if d := e.env().Decide(anyHost); all && d.Reason == proxyenv.Excluded {
		f.Add(Proxy, Warning, "every https:// URL goes out directly: %q in %s excludes all hosts", d.Entry, e.label(setting.Name)).hint("take %q out of %s", d.Entry, setting.Name)
	}
	flaws := setting.EntryFlaws()
	for i := 1; len(flaws) > 0; i++ {
		if flaw, found := flaws[i]; found {
			f.Add(Proxy, Warning, "entry %d of %s excludes nothing: it %s", i, e.label(setting.Name), flaw).hint("write hosts, .domains, addresses or blocks such as 10.0.0.0/8, separated by commas")
			delete(flaws, i)
		}
	}
}

func (e *Environment) decide(f *Findings, target *proxyenv.Target) {
	d := e.env().Decide(target)
	switch {
	case d.Proxy != nil:
		if proxy, err := d.Proxy.Proxy(); err == nil {
			f.Add(Proxy, OK, "%s goes through the proxy %v (%s)", target, proxy, e.label(d.Proxy.Name))
		} else {
			f.Add(Proxy, Error, "%s can't be reached: %s decides for it and is not usable", target, e.label(d.Proxy.Name)).hint("see above")
		}
	case d.Reason == proxyenv.Loopback:
		f.Add(Proxy, Note, "%s is this machine: no proxy is used", target)
	case d.Reason == proxyenv.Excluded:
		f.Add(Proxy, Warning, "%s goes out directly: %q in %s excludes it", target, d.Entry, e.label(d.By.Name)).hint("take %q out of %s, unless the app reaches %s without the proxy", d.Entry, d.By.Name, target.Host)
	default:
		f.Add(Proxy, Warning, "%s goes out directly: for http:// only http_proxy and all_proxy count", target).hint("use https://, or set http_proxy")
	}
}

// SecureProxy names the variable by which https:// targets go through a proxy
// that is itself spoken to with TLS, "" if they do not. Such a proxy needs
// https-proxy-agent 6 or newer.
func (e *Environment) SecureProxy() string {
	s, found := e.env().Lookup(proxyenv.HTTPS...)
	if !found || s.Off() {
		return ""
	}
	if proxy, err := s.Proxy(); err != nil || !proxy.Secure {
		return ""
	}
	return e.label(s.Name)
}
