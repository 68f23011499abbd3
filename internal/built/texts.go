package built

import (
	"bytes"
	"iter"
	"regexp"
	"slices"
	"strconv"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// signs say how to recognise the server's code of one release line of next-auth in a
// bundle. Minifiers shorten the names of variables, but not those of properties.
type signs struct {
	event  phrase                // what the code beside the client logs, in quotes
	call   string                // that logs it
	cookie phrase                // the name of the session's cookie, which every part has
	start  string                // of each match of client
	word   phrase                // in each match of client, soon after its start
	client func() *regexp.Regexp // matches what sets up the client of a provider; its group, what only a patched file has
	own    phrase                // what next-auth's own code has, if another package makes its requests
	patch  phrase                // what only a patched file has, if that is elsewhere
}

// index matches what is in brackets, in which Turbopack has others without a minifier.
const index = `\[(?:[^\[\]]|\[[^\[\]]*\])+\]`

// oauth1Event is the same in next-auth 3 and 4.
var oauth1Event = phrase{"OAUTH_", "V1_GET_ACCESS_TOKEN_ERROR"}

// known is the one place for the texts of release lines. A test holds them to every
// release. openid-client alone has none of them.
var known = []signs{
	{ // 4.0.1 to 4.24.15
		event:  oauth1Event,
		call:   ".error(",
		cookie: phrase{"ne", "xt-auth.session-token"},
		start:  "redirect_uris:",
		word:   phrase{".callback", "Url]"},
		client: lazyregexp.Compile(`^redirect_uris:\s*\[\s*[\w$.]+\.callbackUrl\]\s*,\s*\.\.\.[\w$.]+\.client\s*\}\s*,\s*[\w$.]+\.jwks\s*\)` +
			`(\s*[;,]\s*(?:return\s+)?[\w$]+\[[^\]]{1,80}\.clock_tolerance\]\s*=\s*10\s*[;,]\s*[\w$]+\[[^\]]{1,80}\.http_options\]\s*=)?`),
	},
	{ // 5.0.0-beta.23 and later: a provider's own fetch, or what is used without one
		event:  phrase{"authori", "zation url is ready"},
		call:   ".debug(",
		cookie: phrase{"auth", "js.session-token"},
		start:  ".redirectProxyUrl",
		word:   phrase{".redirectPro", "xyUrl"},
		client: lazyregexp.Compile(`^(?s:.*?)[\w$]` + index + `\s*\?\?(?:=|\s*\(\s*[\w$]+` + index + `\s*=)\s*[\w$]+\?\.` + index + `(\s*\?\?\s*[^,;()]+)?` +
			`\s*\)?\s*[;,]\s*(?:return\s+)?[\w$]+\s*;?\s*\}\s*return\b`),
		own: phrase{"NE", "XTAUTH_SECRET"},
	},
	{ // 3.0.0 to 3.29.10, and 4.0.0: the classes of the package oauth, which the patch replaces
		event:  oauth1Event,
		call:   ".error(",
		cookie: phrase{"ne", "xt-auth.session-token"},
		start:  "new",
		word:   phrase{".OAuth", "2("},
		client: lazyregexp.Compile(`^new\s+[\w$.]+\.OAuth2\(\s*[\w$.]+\.clientId\s*,\s*[\w$.]+\.clientSecret\s*,[^;]{1,300}?\.headers\s*\)`),
		patch:  phrase{".through", "Proxy("},
	},
}

// Regular expressions look only at so many bytes, because a bundle may be one line.
const (
	before = 100 // at most, from the start of client to its word
	after  = 800
	short  = 100 // a string with a name or a number
)

// count counts the places in a text that set up a client, with the patch and without.
func (s *signs) count(text []byte) (patched, unpatched int) {
	last := 0 // the end of a match, which may have the word more than once
	for at := range s.word.in(text) {
		near := max(at-before, 0)
		start := bytes.LastIndex(text[near:at+s.word.len()], []byte(s.start))
		if start < 0 {
			continue
		}
		start += near
		m := s.client().FindSubmatchIndex(text[start:min(at+after, len(text))])
		if m == nil || start+m[1] == last {
			continue
		}
		last = start + m[1]
		if len(m) > 2 && m[2] >= 0 {
			patched++
		} else {
			unpatched++
		}
	}
	if s.patch != (phrase{}) {
		patched = min(s.patch.count(text), unpatched)
		unpatched -= patched
	}
	return patched, unpatched
}

// shared reports whether the line's requests are made by a package that other packages than
// next-auth use, too.
func (s *signs) shared() bool { return s.own != phrase{} }

// logs reports whether a text has the call that logs the line's event.
func (s *signs) logs(text []byte) bool {
	for at := range s.event.in(text) {
		if bytes.HasSuffix(text[:max(at-1, 0)], []byte(s.call)) {
			return true
		}
	}
	return false
}

// marker begins a string in the helper's code. A comment has it too, in the first line,
// but does not show that the code is there.
var marker = phrase{"pro", "xypatch helper revision "}

var markerString = lazyregexp.Compile("^[\"'`]proxypatch helper revision ([0-9]{1,9})[\"'`]")

// revision returns the lowest revision of the helpers in a text; 0 if there is none.
func revision(text []byte) (lowest int) {
	for at := range marker.in(text) {
		m := markerString().FindSubmatch(text[max(at-1, 0):min(at+short, len(text))])
		if m == nil {
			continue
		}
		if n, _ := strconv.Atoi(string(m[1])); lowest == 0 || n < lowest {
			lowest = n
		}
	}
	return lowest
}

var (
	name   = phrase{"next", "-auth"}
	part   = lazyregexp.Compile("^next-auth(?:\\]\\[(?:error|warn|debug)\\]|(?:-[0-9a-f]{8,})?/(?:client|jwt|middleware|react)\\b)")
	loader = lazyregexp.Compile("(?:\\b(?:require|import)\\(|\\b(?:from|import)\\s*)[\"'`](next-auth(?:-[0-9a-f]{8,})?)(?:/(?:next|core|providers)[\\w./-]*)?[\"'`]")
)

// mentions returns the names by which a bundle loads the server's part of next-auth from
// node_modules, and whether it has or loads another part: the session's cookie, the log and
// the names of parts show that. Turbopack adds a hash to the name.
func mentions(text []byte) (names []string, has bool) {
	const call = len(`require("`) // import is shorter
	has = slices.ContainsFunc(known, func(s signs) bool { return s.cookie.isIn(text) })
	for at := range name.in(text) {
		end := min(at+short, len(text))
		has = has || part().Match(text[at:end])
		if at == 0 || bytes.IndexByte([]byte("\"'`"), text[at-1]) < 0 {
			continue
		}
		if m := loader().FindSubmatch(text[max(at-call, 0):end]); m != nil {
			names = append(names, string(m[1]))
		}
	}
	return names, has
}

// phrase is a text in two parts. The second one begins with a letter that is rare in
// bundles, which makes it several times faster to look for.
type phrase struct{ common, rare string }

func (p phrase) len() int { return len(p.common) + len(p.rare) }

// isIn reports whether the phrase occurs in a text.
func (p phrase) isIn(text []byte) bool {
	for range p.in(text) {
		return true
	}
	return false
}

// count counts how often the phrase occurs in a text.
func (p phrase) count(text []byte) (n int) {
	for range p.in(text) {
		n++
	}
	return n
}

// in returns where the phrase occurs in a text.
func (p phrase) in(text []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; at += len(p.rare) {
			next := bytes.Index(text[at:], []byte(p.rare))
			if next < 0 {
				return
			}
			at += next
			if bytes.HasSuffix(text[:at], []byte(p.common)) && !yield(at-len(p.common)) {
				return
			}
		}
	}
}
