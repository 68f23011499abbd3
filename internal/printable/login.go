package printable

import (
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

var (
	// drive matches how absolute paths begin on Windows.
	drive = lazyregexp.Compile(`^[A-Za-z]:[\\/]`)
	// loginLike matches a user and a password, with the scheme before them.
	loginLike = lazyregexp.Compile("(?:([A-Za-z][A-Za-z0-9+.-]*://))?[^\\s=\"'`]*:\\S*@")
	// named matches what is no path: a scheme or a user, and a colon.
	named = lazyregexp.Compile(`^[^/\\:]+:`)
)

// MayHoldLogin reports whether a value, such as a flag's or a variable's, may
// hold a password: it is a URL, or has a colon where a path has none. Do not
// print such a value.
func MayHoldLogin(value string) bool {
	value = drive().ReplaceAllString(strings.TrimSpace(value), "")
	return named().MatchString(value) || strings.Contains(value, "://") || loginLike().MatchString(value)
}

// WithoutLogins returns a text, such as an error or a script, with "…" in place
// of every user and password of a URL.
func WithoutLogins(text string) string {
	return loginLike().ReplaceAllStringFunc(text, func(match string) string {
		if drive().MatchString(match) || strings.HasPrefix(match, "file:///") {
			return match
		}
		return loginLike().FindStringSubmatch(match)[1] + "…@"
	})
}
