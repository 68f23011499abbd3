package proxyenv

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Target is the URL of a request.
type Target struct {
	Secure bool   // https, not http
	Host   string // without brackets
	Port   string
	Path   string // with a leading slash and without a trailing one

	origin string
}

// ErrTarget means that a text is not the URL of a target. It does not quote the text.
var ErrTarget = errors.New("is not an http:// or https:// URL")

// ParseTarget parses a URL as Node.js does; "login.example.com" means
// https://login.example.com. It drops user, password and query. It rejects a URL
// whose slashes, colons or password would make a part of the login the host.
func ParseTarget(text string) (*Target, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := whatwg.Parse(text)
	if err != nil || u.Scheme() != "http" && u.Scheme() != "https" {
		return nil, ErrTarget
	}
	if host := u.Hostname(); host == "http" || host == "https" || strings.Contains(u.Pathname()+u.Search()+u.Hash(), "@") {
		return nil, ErrTarget
	}
	return &Target{
		Secure: u.Scheme() == "https",
		Host:   unbracket(u.Hostname()),
		Port:   portOf(u),
		Path:   strings.TrimRight(u.Pathname(), "/"),
		origin: u.Protocol() + "//" + u.Host(),
	}, nil
}

// Origin returns the URL without its path.
func (t *Target) Origin() string { return t.origin }

// String returns the URL for a person.
func (t *Target) String() string { return t.origin + t.Path }

// Same reports whether another target has the same URL.
func (t *Target) Same(other *Target) bool { return t.String() == other.String() }

// Address returns host:port, as CONNECT and net.Dial need it.
func (t *Target) Address() string { return net.JoinHostPort(t.Host, t.Port) }

// Proxy is the proxy that a variable names.
type Proxy struct {
	Setting Setting
	Secure  bool   // the connection to it uses TLS
	Host    string // without brackets
	Port    string
	Label   string // host, and the port unless it is the scheme's own

	login string // user:password
}

// Format prints the proxy's host and port with every verb.
func (p *Proxy) Format(w fmt.State, _ rune) { fmt.Fprint(w, p.Label) }

// Address returns host:port of the proxy.
func (p *Proxy) Address() string { return net.JoinHostPort(p.Host, p.Port) }

// HasLogin reports whether the variable contains a user or a password.
func (p *Proxy) HasLogin() bool { return p.login != ":" }

// Authorization returns the value of Proxy-Authorization, or "" without a login.
// It is a secret.
func (p *Proxy) Authorization() string {
	if !p.HasLogin() {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(p.login))
}

var (
	// ErrKind means that a variable names a kind of proxy that does not work.
	ErrKind = errors.New("must be an http:// or https:// proxy; no other kind works, socks5:// included")
	// ErrInvalid means that a variable's value can't be parsed.
	ErrInvalid = errors.New("is not a valid proxy URL; percent-encode the characters of user and password")

	scheme  = lazyregexp.Compile(`(?i)^[a-z][a-z0-9+.-]*://`)
	webKind = lazyregexp.Compile(`(?i)^https?:`)
)

// Proxy parses the variable. The error is the variable's name and ErrKind or
// ErrInvalid.
func (s Setting) Proxy() (*Proxy, error) {
	text := s.value
	if !scheme().MatchString(text) {
		text = "http://" + text
	}
	if !webKind().MatchString(text) {
		return nil, fmt.Errorf("%s %w", s.Name, ErrKind)
	}
	if p := parseProxy(text); p != nil {
		p.Setting = s
		return p, nil
	}
	return nil, fmt.Errorf("%s %w", s.Name, ErrInvalid)
}

// parseProxy returns nil if a character that is not percent-encoded makes a part of
// the password the host or the path.
func parseProxy(text string) *Proxy {
	u, err := whatwg.Parse(text)
	if err != nil || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		return nil
	}
	if strings.Contains(u.Pathname()+u.Search()+u.Hash(), "@") {
		return nil
	}
	user, userOK := decode(u.Username())
	password, passwordOK := decode(u.Password())
	if !userOK || !passwordOK {
		return nil
	}
	return &Proxy{
		Secure: u.Scheme() == "https",
		Host:   unbracket(u.Hostname()),
		Port:   portOf(u),
		Label:  u.Host(),
		login:  user + ":" + password,
	}
}

// decode does what JavaScript's decodeURIComponent does.
func decode(text string) (string, bool) {
	decoded, err := url.PathUnescape(text)
	return decoded, err == nil && utf8.ValidString(decoded)
}

func portOf(u *whatwg.Url) string {
	switch {
	case u.Port() != "" && u.Port() != "0":
		return u.Port()
	case u.Scheme() == "https":
		return "443"
	}
	return "80"
}

func unbracket(host string) string {
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// Flaw is a likely mistake in a proxy variable's value.
type Flaw int

// The flaws. Quoted and Placeholder values do not name a real proxy.
const (
	Quoted       Flaw = iota + 1 // quotation marks that a shell would have removed
	Placeholder                  // ${NAME}, $(…), {{…}} or <NAME> that was not replaced
	Unencoded                    // characters in user or password that other programs may misread
	NoPort                       // the port is 80 or 443
	Spaced                       // white space, which makes the value invalid
	OverTLS                      // https://, although most proxies do not use TLS
	TLSPort                      // port 443 without https://
	Placeholders                 // a part of the password that looks like a placeholder
)

// quotes are quotation marks that a shell, or a person, puts around a value.
const quotes = "\"'`“”‘’"

var (
	login       = lazyregexp.Compile(`^(?:[^/?#]*://)?(.*)@`)
	encoded     = lazyregexp.Compile(`^(?:[A-Za-z0-9._~!$&'()*+,;=:"<>\[\]^{|}-]|%[0-9A-Fa-f]{2})*$`)
	placeholder = lazyregexp.Compile(`\$\{\w+\}|\$\(|\{\{|<\w+>`)
	whole       = lazyregexp.Compile(`^(?:\$\{\w+\}|\$\(.*|\{\{.*|<\w+>)$`)
)

// Placeholder returns the form of the first placeholder in the value, empty if there is
// none. It quotes nothing, because a password may look like one.
func (s Setting) Placeholder() string {
	switch found := placeholder().FindString(s.value); {
	case found == "":
		return ""
	case found[0] == '<':
		return "<NAME>"
	case found[0] == '{':
		return "{{NAME}}"
	case found[1] == '(':
		return "$(COMMAND)"
	}
	return "${NAME}"
}

// inLogin reports whether a placeholder is only a part of the user or the password, which
// may really have such characters.
func (s Setting) inLogin() bool {
	m := login().FindStringSubmatch(s.value)
	if m == nil {
		return false
	}
	user, password, _ := strings.Cut(m[1], ":")
	return !whole().MatchString(user) && !whole().MatchString(password) && !placeholder().MatchString(strings.TrimPrefix(s.value, m[0]))
}

// Unquote returns a value without the white space and the quotation marks around it.
func Unquote(value string) string { return strings.Trim(strings.TrimFunc(value, isSpace), quotes) }

// Flaws returns the likely mistakes in the value.
func (s Setting) Flaws() []Flaw {
	var flaws []Flaw
	if strings.Trim(s.value, quotes) != s.value {
		flaws = append(flaws, Quoted)
	}
	if s.Placeholder() != "" && !s.inLogin() {
		flaws = append(flaws, Placeholder)
	}
	p, err := s.Proxy()
	switch {
	case len(flaws) > 0:
		return flaws
	case err != nil && strings.ContainsFunc(s.value, isSpace):
		return []Flaw{Spaced}
	case err != nil:
		return nil
	}
	if s.Placeholder() != "" {
		flaws = append(flaws, Placeholders)
	}
	if m := login().FindStringSubmatch(s.value); m != nil && !encoded().MatchString(m[1]) {
		flaws = append(flaws, Unencoded)
	}
	if !strings.HasSuffix(p.Label, ":"+p.Port) && !explicitPort().MatchString(s.value) {
		flaws = append(flaws, NoPort)
	}
	switch {
	case p.Secure:
		flaws = append(flaws, OverTLS)
	case p.Port == "443":
		flaws = append(flaws, TLSPort)
	}
	return flaws
}

// explicitPort matches a port that is also the default of its scheme.
var explicitPort = lazyregexp.Compile(`:0*(?:80|443)(?:[/?#]|$)`)
