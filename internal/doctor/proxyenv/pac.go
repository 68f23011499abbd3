package proxyenv

import (
	"errors"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// PAC is a PAC file in the place of a proxy. Such a file is a script that browsers run
// to choose a proxy. Neither Node.js nor the helper can use it.
type PAC struct {
	Content bool   // the value is its text or what its function returns, not its address
	Direct  bool   // its function returns only that no proxy is needed
	Proxy   string // the URL of the first proxy that its function returns, or ""
}

// ErrPAC means that a variable names a PAC file.
var ErrPAC = errors.New("is a PAC file, not a proxy")

var (
	// pacAddress matches file:///etc/proxy.pac, http://wpad/wpad.dat and
	// http://127.0.0.1:9000/pac, for example.
	pacAddress = lazyregexp.Compile(`(?i)^(?:file|data):|^pac\+|(?:\.pac|\bwpad\.dat|[^/]/pac)/?(?:[?#][^@]*)?$`)
	pacScript  = lazyregexp.Compile(`\bFindProxyForURL\b`)
	pacAnswer  = lazyregexp.Compile(`(?i)^(?:(PROXY|HTTPS?|SOCKS[45]?)\s+([^\s;]+)|DIRECT)\s*(?:;|$)`)
	hostPort   = lazyregexp.Compile(`(?i)^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\]):[0-9]{1,5}$`)
)

// ParsePAC reports whether a value names or contains a PAC file.
func ParsePAC(value string) (PAC, bool) {
	value = Unquote(value)
	if m := pacAnswer().FindStringSubmatch(value); m != nil {
		return PAC{Content: true, Direct: m[1] == "", Proxy: pacProxy(m[1], m[2])}, true
	}
	script := pacScript().MatchString(value)
	return PAC{Content: script}, script || pacAddress().MatchString(value)
}

// pacProxy returns the URL of a proxy in the answer of a PAC file's function.
func pacProxy(kind, address string) string {
	switch kind = strings.ToLower(kind); {
	case !hostPort().MatchString(address):
		return ""
	case kind == "proxy" || kind == "http":
		return "http://" + address
	case kind == "https":
		return "https://" + address
	}
	return ""
}

// PAC reports whether the variable names or contains a PAC file.
func (s Setting) PAC() (PAC, bool) { return ParsePAC(s.value) }

// Usable returns the proxy that the variable names. Unlike Proxy, which follows the
// helper, it rejects a PAC file whose address can be parsed as a proxy.
func (s Setting) Usable() (*Proxy, error) {
	if _, found := s.PAC(); found {
		return nil, ErrPAC
	}
	return s.Proxy()
}
