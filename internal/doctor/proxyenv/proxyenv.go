// Package proxyenv decides which proxy a URL goes through. It follows the rules of
// the helper that proxypatch adds to next-auth (patches/helper/proxy.js, explained
// in docs/how-it-works.md). Its tests compare it with the helper itself.
//
// The value of a proxy variable can contain a password. Nothing exported here shows
// more of it than host and port, except Authorization.
package proxyenv

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// Env is an environment.
type Env struct {
	Get func(name string) string // returns "" for a variable that is not set
	Own []string                 // the variables for next-auth's requests alone, most important first
}

// Setting is an environment variable that is set and not blank.
type Setting struct {
	Name  string
	value string
	own   bool // for next-auth's requests alone
}

// Format prints the variable's name with every verb, and never its value.
func (s Setting) Format(w fmt.State, _ rune) { io.WriteString(w, s.Name) }

// Same reports whether two variables have the same value.
func (s Setting) Same(other Setting) bool { return s.value == other.value }

// Lookup returns the first of the variables that is set. It tries the lower-case
// form of each name before the upper-case one. A blank value counts as unset.
func (env Env) Lookup(names ...string) (Setting, bool) {
	for _, lower := range names {
		for _, name := range []string{lower, strings.ToUpper(lower)} {
			if value := strings.TrimFunc(env.Get(name), isSpace); value != "" {
				return Setting{name, value, slices.Contains(env.Own, name)}, true
			}
		}
	}
	return Setting{}, false
}

// isSpace reports whether JavaScript treats r as white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff' }

// Common are the variables that other programs read too, in lower case.
var Common = []string{"https_proxy", "http_proxy", "all_proxy"}

// HTTPS returns the variable that names the proxy for https:// targets.
func (env Env) HTTPS() (Setting, bool) { return env.Lookup(slices.Concat(env.Own, Common)...) }

// HTTP returns the one for http:// targets.
func (env Env) HTTP() (Setting, bool) { return env.Lookup(slices.Concat(env.Own, Common[1:])...) }

// IsOwn reports whether a variable is for next-auth's requests alone.
func (s Setting) IsOwn() bool { return s.own }

// Off reports whether a variable switches the helper off.
func (s Setting) Off() bool { return s.own && s.value == "direct" }

// Decision is which proxy a URL goes through.
type Decision struct {
	Proxy  *Setting // the variable that names it; nil if no proxy is used
	Reason Reason   // why no proxy is used
	By     Setting  // the variable that excludes the host, or switches the helper off
	Entry  string   // the entry of that variable that excludes it
}

// Reason is why no proxy is used.
type Reason int

// The reasons.
const (
	Unset    Reason = iota // no variable names a proxy for such URLs
	Loopback               // the target is this machine
	Excluded               // no_proxy names it
	Off                    // a variable for next-auth alone is "direct"
)

// Decide returns which proxy a request to a target goes through. For this machine, the
// reason is always Loopback, because no setting changes that.
func (env Env) Decide(target *Target) Decision {
	host := strings.TrimSuffix(target.Host, ".")
	if isLoopback(host) {
		return Decision{Reason: Loopback}
	}
	setting, found := env.HTTPS()
	if !found {
		return Decision{Reason: Unset}
	}
	if setting.Off() {
		return Decision{Reason: Off, By: setting}
	}
	by, _ := env.Lookup("no_proxy")
	for _, entry := range by.entries() {
		if entry.excludes(host, target.Port) {
			return Decision{Reason: Excluded, By: by, Entry: entry.shown()}
		}
	}
	if !target.Secure {
		if setting, found = env.HTTP(); !found {
			return Decision{Reason: Unset}
		}
	}
	return Decision{Proxy: &setting}
}

var localhost = lazyregexp.Compile(`(^|\.)localhost$`)

func isLoopback(host string) bool {
	return localhost().MatchString(host) || contains("127.0.0.0", 8, host) || contains("::1", 128, host)
}
