package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

const example = "http://proxy.example.com:3128"

var (
	encode   = hint.Join(hint.Text("to percent-encode a password, run this, then type the password: "), hint.Keep(`node -e "process.stdin.once('data',p=>process.exit(console.log(encodeURIComponent(p.toString().trim()).replace(/'/g,'%27'))))"`)) // for every shell, and not in its history
	withUser = hint.Keep("http://USER:PASSWORD@HOST:PORT")
	useHTTPS = hint.Join(hint.Text("where the app starts, with your proxy's host and port: "), hint.Keep("export https_proxy="+example))
)

// Proxies checks the proxy variables, and reports which one applies to each target.
func (e *Environment) Proxies(targets []*proxyenv.Target) Findings {
	var f Findings
	e.bothCases(&f)
	e.blanks(&f)
	e.timeout(&f)
	e.quotedIssuers(&f)
	https, found := e.env().HTTPS()
	switch {
	case found && https.Off():
		e.off(&f, https.Name)
		return f
	case !found:
		f.Add(Proxy, Warning, "no proxy variable is set, so no request uses a proxy").Hint = useHTTPS
		e.npm(&f)
		return f
	}
	e.judge(&f, https, "https://", Error)
	http, found := e.env().HTTP()
	switch {
	case !found:
		f.Add(Proxy, Note, "http:// URLs use no proxy: neither http_proxy nor all_proxy is set")
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

// httpTimeout returns the variable for how long next-auth's requests may take. If none is
// set, it is the one that counts on every line.
func (e *Environment) httpTimeout() string {
	names := e.line.Variables("HTTP_TIMEOUT")
	for _, name := range names {
		if strings.TrimSpace(e.Get(name)) != "" {
			return name
		}
	}
	return names[0]
}

// httpPatience returns how long next-auth waits for a connection, and then for an answer,
// unless the options of a provider set another time.
func (e *Environment) httpPatience() time.Duration {
	if value := strings.TrimSpace(e.Get(e.httpTimeout())); milliseconds().MatchString(value) {
		if ms, err := strconv.ParseInt(value, 10, 32); err == nil {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return e.line.Patience
}

// timeout checks the time limit of next-auth's requests.
func (e *Environment) timeout(f *Findings) {
	name := e.httpTimeout()
	switch value := strings.TrimSpace(e.Get(name)); {
	case value == "":
	case !milliseconds().MatchString(value):
		f.Add(Proxy, Error, "%s is not a number of milliseconds, so every sign-in fails", e.label(name)).Hint = hint.To("for example", "export "+name+"=10000")
	default:
		f.Add(Proxy, OK, "next-auth's requests may take %s ms (%s)", value, e.label(name))
	}
}

var removeQuotes = hint.Text("remove them; docker run --env-file, for example, keeps them in the value")

// quotedIssuers reports variables of identity providers that next-auth can't use, because
// quotation marks are part of their values.
func (e *Environment) quotedIssuers(f *Findings) {
	for _, name := range e.names() {
		value := strings.TrimSpace(e.Get(name))
		if plain := proxyenv.Unquote(value); plain != value && issuerIn(name, plain) != nil {
			f.Add(Proxy, Warning, "%s contains quotation marks", e.label(name)).Hint = removeQuotes
		}
	}
}

// off reports a helper that is switched off.
func (e *Environment) off(f *Findings, name string) {
	f.Add(Proxy, Warning, "%s is direct, so the patch uses no proxy", e.label(name)).Hint = hint.Run("unset " + name).Or(hint.Text("or set it to the proxy's URL"))
	if e.asksNode() {
		f.Add(Proxy, Note, "NODE_USE_ENV_PROXY is set, so Node.js itself may still use a proxy")
	}
}

// maxNpmrc limits the size of a .npmrc, in bytes.
const maxNpmrc = 1 << 20

var npmProxy = lazyregexp.Compile(`(?m)^[ \t]*(?:https-)?proxy[ \t]*=[ \t]*([^ \t\r\n].*)`)

// npm reports a proxy that only npm uses, although people expect the app to use it.
func (e *Environment) npm(f *Findings) {
	for _, name := range []string{"npm_config_https_proxy", "npm_config_proxy"} {
		if value := e.Get(name); value != "" {
			onlyNpm(f, value, name, "only npm uses "+name)
			return
		}
	}
	file := e.npmrc
	if home, err := os.UserHomeDir(); file.proxy == "" && err == nil {
		file = readNpmrc(filepath.Join(home, ".npmrc"), "~/.npmrc")
	}
	if file.proxy != "" {
		onlyNpm(f, file.proxy, file.shown, file.shown+" names a proxy, but only npm uses it")
	}
}

// onlyNpm reports a value for npm's proxy, and that the app needs one of its own.
func onlyNpm(f *Findings, value, where, message string) {
	if pac, found := proxyenv.ParsePAC(value); found {
		f.Add(Proxy, Error, "%s %s", where, pacWords(pac)).Hint = pacHint("https_proxy", pac)
		return
	}
	f.Add(Proxy, Note, "%s", message).hint("export https_proxy with the same value")
}

// readNpmrc reads a .npmrc. If it can't be read, it names no proxy.
func readNpmrc(path, shown string) npmrc {
	data, err := safefile.ReadFile(path, maxNpmrc)
	m := npmProxy().FindSubmatch(data)
	if err != nil || m == nil {
		return npmrc{}
	}
	value := strings.TrimSpace(string(m[1]))
	if value == "null" || value == "false" { // as npm writes that it uses no proxy
		return npmrc{}
	}
	return npmrc{shown, value}
}

var variables = append([]string{"no_proxy"}, proxyenv.Common...)

// variables returns those, and the ones for next-auth's requests alone.
func (e *Environment) variables() []string {
	return slices.Concat([]string{"no_proxy"}, e.env().Own, proxyenv.Common)
}

// bothCases reports variables whose upper-case and lower-case values differ.
func (e *Environment) bothCases(f *Findings) {
	for _, lower := range e.variables() {
		upper := strings.ToUpper(lower)
		first, set := e.env().Lookup(lower)
		if !set || first.Name != lower {
			continue
		}
		uppers := proxyenv.Env{Get: func(name string) string { return e.Get(strings.ToUpper(name)) }}
		if second, set := uppers.Lookup(lower); set && !first.Same(second) {
			f.Add(Proxy, Warning, "%s differs from %s, which wins", e.label(upper), e.label(lower)).hint("unset one of them, because other programs may use the other one")
		}
	}
}

// blanks reports variables that are set but empty.
func (e *Environment) blanks(f *Findings) {
	for _, lower := range e.variables() {
		for _, name := range slices.Compact([]string{lower, strings.ToUpper(lower)}) {
			if e.set(name) && strings.TrimSpace(e.Get(name)) == "" {
				f.Add(Proxy, Note, "%s is empty and counts as unset", e.label(name))
			}
		}
	}
}

// judge checks the variable that applies to URLs of a kind.
func (e *Environment) judge(f *Findings, s proxyenv.Setting, kind string, severity Severity) {
	label := e.label(s.Name)
	e.judgeFile(f, s.Name)
	if pac, found := s.PAC(); found {
		f.Add(Proxy, severity, "%s %s", label, pacWords(pac)).Hint = pacHint(s.Name, pac)
		return
	}
	flaws := s.Flaws()
	for _, flaw := range flaws {
		switch flaw {
		case proxyenv.Quoted:
			f.Add(Proxy, severity, "%s contains quotation marks", label).Hint = removeQuotes
			return
		case proxyenv.Spaced:
			f.Add(Proxy, severity, "%s is not a valid proxy URL: it contains white space", label).hint("remove any comment after the URL, and write a space in a password as %%20")
			return
		case proxyenv.Placeholder:
			f.Add(Proxy, severity, "%s contains a placeholder of the form %s that was not replaced", label, s.Placeholder()).hint("replace it with the real value")
			return
		}
	}
	proxy, err := s.Proxy()
	switch {
	case errors.Is(err, proxyenv.ErrKind):
		f.Add(Proxy, severity, "%s is not an http:// or https:// URL; other kinds of proxies, such as socks5://, do not work", label).Hint = hint.Join(hint.Text("ask the proxy's administrator for its HTTP port, then set it: "), hint.Keep("export "+s.Name+"="+example))
		return
	case err != nil:
		f.Add(Proxy, severity, "%s is not a valid proxy URL", label).Hint = hint.Join(hint.Text("write "), withUser, hint.Text(" with special characters percent-encoded")).Or(encode)
		return
	}
	f.Add(Proxy, OK, "%s URLs go through the proxy %v (%s)", kind, proxy, label)
	for _, flaw := range flaws {
		switch flaw {
		case proxyenv.Placeholders:
			f.Add(Proxy, Warning, "%s has %s in user or password, which may be a placeholder", label, s.Placeholder()).hint("replace it with the real value, unless it is part of that")
		case proxyenv.Unencoded:
			f.Add(Proxy, Warning, "%s has special characters in user or password; the patch accepts them, but other programs may not", label).Hint = encode
		case proxyenv.NoPort:
			f.Add(Proxy, Note, "%s names no port, so port %s is used", label, proxy.Port).hint("add the port, usually :3128 or :8080, unless it is %s", proxy.Port)
		case proxyenv.OverTLS:
			f.Add(Proxy, Note, "%s starts with https://, so the connection to the proxy itself uses TLS", label).hint("change it to http:// unless the proxy requires TLS; both work for https:// targets")
		case proxyenv.TLSPort:
			f.Add(Proxy, Note, "%s names port 443, which is usually for TLS, but does not start with https://", label).hint("if sign-ins fail, change it to https://, or use the proxy's port for http://")
		}
	}
}

// judgeFile reports values that a .env file changes.
func (e *Environment) judgeFile(f *Findings, name string) {
	file, found := e.files[name]
	if !found {
		return
	}
	if file.comment {
		f.Add(Proxy, Warning, "%s: an unquoted # starts a comment, so the rest is cut off", e.label(name)).hint("percent-encode the # as %%23")
	}
	for _, other := range file.expands {
		if e.raw(other) == "" {
			f.Add(Proxy, Warning, "%s: Next.js replaces a $ and the name after it with nothing, because that variable is not set", e.label(name)).hint("percent-encode the $ as %%24")
			return
		}
	}
}

// anyHost represents every identity provider.
var anyHost = &proxyenv.Target{Secure: true, Host: "identity-provider.invalid", Port: "443"}

// exclusions reports entries of no_proxy that have no effect and, if all is true, an
// entry that excludes every host.
func (e *Environment) exclusions(f *Findings, all bool) {
	setting, set := e.env().Lookup("no_proxy")
	if !set {
		return
	}
	if d := e.env().Decide(anyHost); all && d.Reason == proxyenv.Excluded {
		f.Add(Proxy, Warning, "no https:// URL uses the proxy: %q in %s excludes all hosts", d.Entry, e.label(setting.Name)).hint("remove %q from %s", d.Entry, setting.Name)
	}
	flaws := setting.EntryFlaws()
	for i := 1; len(flaws) > 0; i++ {
		if flaw, found := flaws[i]; found {
			f.Add(Proxy, Warning, "entry %d of %s excludes nothing: it %s", i, e.label(setting.Name), flaw).hint("use hosts, .domains, addresses or blocks such as 10.0.0.0/8, separated by commas")
			delete(flaws, i)
		}
	}
}

func (e *Environment) decide(f *Findings, target *proxyenv.Target) {
	if !target.Secure && target.Port == "443" {
		f.Add(Proxy, Warning, "%s starts with http://, but port 443 is for https://", target).hint("use https://")
	}
	d := e.env().Decide(target)
	switch {
	case d.Proxy != nil:
		if proxy, err := d.Proxy.Usable(); err == nil {
			f.Add(Proxy, OK, "%s goes through the proxy %v (%s)", target, proxy, e.label(d.Proxy.Name))
		} else {
			f.Add(Proxy, Error, "%s can't be reached: %s applies to it, but is invalid", target, e.label(d.Proxy.Name)).hint("fix %s, as described above", d.Proxy.Name)
		}
	case d.Reason == proxyenv.Loopback && e.sentByNode(target):
		f.Add(Proxy, Warning, "%s is this machine, but with NODE_USE_ENV_PROXY Node.js itself sends such requests to the proxy", target).hint("add %s to no_proxy", target.Host)
	case d.Reason == proxyenv.Loopback:
		f.Add(Proxy, Note, "%s is this machine: no proxy is used", target).Hint = container(target)
	case d.Reason == proxyenv.Excluded:
		f.Add(Proxy, Warning, "%s does not use the proxy: %q in %s excludes it", target, d.Entry, e.label(d.By.Name)).hint("remove %q from %s, unless the app can reach %s without the proxy", d.Entry, d.By.Name, target.Host)
	default:
		f.Add(Proxy, Warning, "%s uses no proxy: only http_proxy and all_proxy apply to http:// URLs", target).hint("use https://, or set http_proxy")
	}
}

// SecureProxy names the variable that sends https:// requests through an https://
// proxy, or is "" if none does. Such a proxy needs https-proxy-agent 6 or newer.
func (e *Environment) SecureProxy() string {
	s, found := e.env().HTTPS()
	if !found || s.Off() {
		return ""
	}
	if proxy, err := s.Usable(); err != nil || !proxy.Secure {
		return ""
	}
	return e.label(s.Name)
}
