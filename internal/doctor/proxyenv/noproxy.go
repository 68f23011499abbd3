package proxyenv

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"slices"
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

// Listed reports whether no_proxy lists a target's host itself, or all hosts. Node.js and
// the helper agree on such entries.
func (env Env) Listed(target *Target) bool {
	setting, _ := env.Lookup("no_proxy")
	return slices.ContainsFunc(setting.entries(), func(e entry) bool { return string(e) == target.Host || e == "*" })
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
	EntryURL         EntryFlaw = "is a URL, not a host name"
	EntrySemicolon   EntryFlaw = "contains a semicolon; separate entries with commas"
	EntryPipe        EntryFlaw = "contains a |; separate entries with commas"
	EntryQuoted      EntryFlaw = "contains a quotation mark"
	EntryPlaceholder EntryFlaw = "contains a placeholder that was not replaced"
	EntryPattern     EntryFlaw = "is a regular expression; write host names"
	EntryWindows     EntryFlaw = "is a word that only Windows and browsers know; list the names that it means"
	EntryStar        EntryFlaw = "has a * in the middle; only *.domain works"
	EntryStarFirst   EntryFlaw = "has no dot after its *; only *.domain works"
	EntryStarLast    EntryFlaw = "ends with a *; only *.domain works, so write the whole name"
	EntryStarAddress EntryFlaw = "has a * in an address; write a block such as 10.0.0.0/8"
	EntryQuestion    EntryFlaw = "contains a ?, which replaces no letter; write each name"
	EntryPart        EntryFlaw = "is only a part of an address; write a block such as 10.0.0.0/8"
	EntryRange       EntryFlaw = "is a range of addresses; write blocks such as 10.0.0.0/8"
	EntryMask        EntryFlaw = "has a netmask; write its number of bits, as in 10.0.0.0/8"
	EntryBlock       EntryFlaw = "is not a valid block of addresses"
	EntryPath        EntryFlaw = "has a path; write only the host"
	EntryPort        EntryFlaw = "has a port that no URL can have"
	EntryNoHost      EntryFlaw = "names no host"
	EntryUnicode     EntryFlaw = "has letters outside ASCII; write the name in its xn-- form"
	EntryOther       EntryFlaw = "is not a host name, an address or a block of addresses"
)

// EntryFlaws returns what is wrong with the entries of no_proxy, by position from 1
// on. It does not quote an entry, because a person may have pasted a password.
func (s Setting) EntryFlaws() map[int]EntryFlaw {
	flaws := map[int]EntryFlaw{}
	for i, e := range s.entries() {
		if !e.works() {
			flaws[i+1] = e.flaw()
		}
	}
	return flaws
}

var hostName = lazyregexp.Compile(`^[a-z0-9._-]+$`)

// works reports whether the entry excludes any URL: a name excludes itself, and a block
// its own address.
func (e entry) works() bool {
	name, port := e.split()
	host, _, _ := block(name)
	switch {
	case name == "*":
		host = "any.test"
	case !isIP(host) && !hostName().MatchString(name):
		return false
	}
	target, err := ParseTarget("https://" + net.JoinHostPort(host, cmp.Or(port, "443")))
	return err == nil && e.excludes(target.Host, target.Port)
}

// mistakes are what people write instead of a name or a block. The first that matches
// is the reason.
var mistakes = []struct {
	pattern func() *regexp.Regexp
	flaw    EntryFlaw
}{
	{lazyregexp.Compile(`^$`), EntryNoHost},
	{lazyregexp.Compile(`["']`), EntryQuoted},
	{lazyregexp.Compile(`;`), EntrySemicolon},
	{lazyregexp.Compile(`\|`), EntryPipe},
	{lazyregexp.Compile(`\$|\{\{|^%\w+%$`), EntryPlaceholder},
	{lazyregexp.Compile(`[\\^()]`), EntryPattern},
	{lazyregexp.Compile(`://`), EntryURL},
	{lazyregexp.Compile(`^<-?(?:local|loopback)>$`), EntryWindows},
	{lazyregexp.Compile(`^[0-9.]+/[0-9]+\.[0-9.]+$`), EntryMask},
	{lazyregexp.Compile(`^[^/:]*/[0-9]+$|^[0-9.]+/|:.*:.*/`), EntryBlock},
	{lazyregexp.Compile(`/`), EntryPath},
	{lazyregexp.Compile(`^[^:]+:[^:]*$`), EntryPort},
	{lazyregexp.Compile(`^[0-9][0-9.]*\*[0-9.*]*$`), EntryStarAddress},
	{lazyregexp.Compile(`^[^*]+\*$`), EntryStarLast},
	{lazyregexp.Compile(`^\*[^.*][^*]*$`), EntryStarFirst},
	{lazyregexp.Compile(`\*`), EntryStar},
	{lazyregexp.Compile(`\?`), EntryQuestion},
	{lazyregexp.Compile(`^[0-9.]+-[0-9.]+$`), EntryRange},
	{lazyregexp.Compile(`^[0-9]+(?:\.[0-9]+){0,2}$`), EntryPart},
	{lazyregexp.Compile(`[^\x00-\x7f]`), EntryUnicode},
}

// flaw returns why an entry does not work.
func (e entry) flaw() EntryFlaw {
	name, port := e.split()
	if name != "" && port != "" && !isPort(port) {
		return EntryPort
	}
	for _, mistake := range mistakes {
		if mistake.pattern().MatchString(name) {
			return mistake.flaw
		}
	}
	return EntryOther
}

// isPort reports whether a URL can have a port, written in this way.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}
