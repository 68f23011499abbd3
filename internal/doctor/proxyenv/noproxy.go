package proxyenv

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// entry is one part of no_proxy, in lower case.
type entry string

func (s Setting) entries() []entry {
	var entries []entry
	for _, text := range strings.FieldsFunc(strings.ToLower(s.value), func(r rune) bool { return r == ',' || isSpace(r) }) {
		entries = append(entries, entry(text))
	}
	return entries
}

var (
	// Without brackets, an entry with more than one colon is an IPv6 address or
	// block, never host:port.
	withPort   = lazyregexp.Compile(`^(\[.*\]|[^:]*):([0-9]+)$`)
	decoration = lazyregexp.Compile(`^\*?\.|[\[\]]|\.$`)
	digits     = lazyregexp.Compile(`^[0-9]+$`)
)

// split returns the name, address or block of an entry, without surrounding dots
// and brackets, and its port. The port is "" if the entry applies to every port.
func (e entry) split() (name, port string) {
	name = string(e)
	if m := withPort().FindStringSubmatch(name); m != nil {
		name, port = m[1], m[2]
	}
	return decoration().ReplaceAllString(name, ""), port
}

// shown returns the entry up to a second slash. The rest has no meaning and may be
// anything that a person pasted, such as a password.
func (e entry) shown() string {
	parts := strings.SplitN(string(e), "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

func (e entry) excludes(host, port string) bool {
	name, only := e.split()
	if only != "" && only != port {
		return false
	}
	if name == "" || name == "*" {
		return name == "*"
	}
	if !isIP(host) {
		return host == name || strings.HasSuffix(host, "."+name)
	}
	address, bits, ok := block(name)
	return ok && contains(address, bits, host)
}

// block splits "address/bits" or "address".
func block(name string) (address string, bits int, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) == 1 {
		if strings.Contains(name, ":") {
			return name, 128, true
		}
		return name, 32, true
	}
	bits, err := strconv.Atoi(parts[1])
	return parts[0], bits, err == nil && digits().MatchString(parts[1])
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// contains reports whether a host is an IP address inside a block. An IPv4
// address written as IPv6 (::ffff:10.0.0.1) is in its IPv4 block.
func contains(address string, bits int, host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	base, err := netip.ParseAddr(address)
	if err != nil || base.Zone() != "" {
		return false
	}
	if base.Is4() {
		ip = ip.Unmap()
	}
	return netip.PrefixFrom(base, bits).Contains(ip)
}

// EntryFlaw is the reason why an entry of no_proxy excludes nothing.
type EntryFlaw string

// The flaws of entries.
const (
	EntryURL       EntryFlaw = "is a URL, not a host name"
	EntrySemicolon EntryFlaw = "contains a semicolon; separate entries with commas"
	EntryStar      EntryFlaw = "has a * in the middle; only *.domain works"
	EntryBlock     EntryFlaw = "is not a valid block of addresses"
	EntryQuoted    EntryFlaw = "contains a quotation mark"
)

// EntryFlaws returns what is wrong with the entries of no_proxy, by position from 1
// on. It does not quote an entry, because a person may have pasted a password.
func (s Setting) EntryFlaws() map[int]EntryFlaw {
	flaws := map[int]EntryFlaw{}
	for i, e := range s.entries() {
		if flaw := e.flaw(); flaw != "" {
			flaws[i+1] = flaw
		}
	}
	return flaws
}

func (e entry) flaw() EntryFlaw {
	name, _ := e.split()
	switch {
	case strings.ContainsAny(name, `"'`):
		return EntryQuoted
	case strings.Contains(name, ";"):
		return EntrySemicolon
	case strings.Contains(name, "://"):
		return EntryURL
	case strings.Contains(name, "*") && name != "*":
		return EntryStar
	case strings.Contains(name, "/"):
		if address, bits, ok := block(name); !ok || !contains(address, bits, address) {
			return EntryBlock
		}
	}
	return ""
}
