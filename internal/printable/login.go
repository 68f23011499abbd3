package printable

import (
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

// encoded decodes what is between the parts of a URL.
var encoded = strings.NewReplacer("%3A", ":", "%3a", ":", "%2F", "/", "%2f", "/", "%40", "@")

var (
	// drive matches the start of an absolute path on Windows.
	drive = lazyregexp.Compile(`^[A-Za-z]:[\\/]`)
	// loginLike matches a user and a password, with a scheme before them.
	loginLike = lazyregexp.Compile("(?:([A-Za-z][A-Za-z0-9+.-]*://))?[^\\s=\"'`]*:\\S*@")
	// named matches a scheme or a user with a colon, which no path starts with.
	named = lazyregexp.Compile(`^[^/\\:]+:`)
	// secret matches a string that a line of code gives to a name that says it is secret.
	secret = lazyregexp.Compile("(?i)((?:auth|proxy-authorization|pass|password|passwd|passphrase|pwd|secret)[\"'`]?\\]?\\s*[:=]\\s*)" +
		"(?:" + literal(`"`) + "|" + literal("'") + "|" + literal("`") + ")")
	// inURL matches the user, and the password, in a URL.
	inURL = lazyregexp.Compile(`(://)[^\s/"'@]*@`)
	// setting matches a value in JSON or YAML whose name says that it is secret.
	setting = lazyregexp.Compile(`(?i)((?:_auth|authIdent|token|passphrase|password|secret)["']?\s*:\s*)(?:"(?:\\.|[^\\"])*"?|'[^']*'?|[^\s"',{}][^\r\n,{}]*)`)
	// scheme matches the beginning of a URL, but not a drive.
	scheme = lazyregexp.Compile(`^[A-Za-z][A-Za-z0-9+.-]+:/`)
	// basic matches what a header for Basic authentication contains.
	basic = lazyregexp.Compile(`(?i)(\bBasic\s+)[A-Za-z0-9+/_-]{6,}=*`)
)

// MayHoldLogin reports whether a value of a flag or a variable may contain a password,
// because it is a URL or has a colon where a path has none. Do not print such a value.
func MayHoldLogin(value string) bool {
	value = encoded.Replace(strings.TrimSpace(value)) // people encode a whole URL, too
	if !strings.Contains(value, ":") {
		return false // without an expression to compile
	}
	value = drive().ReplaceAllString(value, "")
	return named().MatchString(value) || strings.Contains(value, "://") || loginLike().MatchString(value)
}

// IsURL reports whether the name of a file in settings is a URL, also after path.Clean. Do
// not print it: it may hold a password anywhere.
func IsURL(name string) bool { return scheme().MatchString(name) }

// WithoutLogins returns a text, such as an error or a script, with "…" instead of every
// user and password in a URL.
func WithoutLogins(text string) string {
	return loginLike().ReplaceAllStringFunc(text, func(match string) string {
		if drive().MatchString(match) || strings.HasPrefix(match, "file:///") {
			return match
		}
		return loginLike().FindStringSubmatch(match)[1] + "…@"
	})
}

// WithoutSecrets returns a line of code without what may be a user or a password: those
// of WithoutLogins, and strings whose name says that they are secret.
func WithoutSecrets(line string) string {
	line = loginLike().ReplaceAllString(line, "$1…@")
	line = secret().ReplaceAllString(line, "$1…")
	return basic().ReplaceAllString(line, "$1…")
}

// WithoutTokens returns settings, in JSON or YAML, without users and passwords in URLs, and
// without values whose name says that they are secret.
func WithoutTokens(text string) string {
	return setting().ReplaceAllString(inURL().ReplaceAllString(text, "$1…@"), "$1…")
}

// literal matches a string of JavaScript, even if its end is on another line.
func literal(quote string) string {
	return quote + `(?:\\.|[^\\` + quote + `])*(?:\\?$|` + quote + `)`
}
