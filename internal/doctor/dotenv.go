package doctor

import (
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// maxDotenv bounds the size of a .env file that is read, and of a value with all
// values in the places of names in it, in bytes. No system takes more than twice
// that for a variable.
const maxDotenv = 64 << 10

// Next.js reads the first four for a build and for the server, a name in an
// earlier file before those behind it, and for next dev the other two in the
// place of those of production.
// https://nextjs.org/docs/pages/guides/environment-variables
var (
	productionFiles  = []string{".env.production.local", ".env.local", ".env.production", ".env"}
	developmentFiles = []string{".env.development.local", ".env.development"}
)

// assignment is what a .env file says of a variable.
type assignment struct {
	value   string
	comment bool     // an unquoted # has cut off the rest
	expands []string // names behind a dollar sign, in whose place Next.js puts their values
}

var (
	assigned  = lazyregexp.Compile(`^[ \t]*(?:export[ \t]+)?([\w.-]+)(?:[ \t]*=|:[ \t])[ \t]*`)
	reference = lazyregexp.Compile(`\\?\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))`)
)

// parseDotenv reads a .env file by the rules of the package dotenv, with which
// Next.js reads it.
func parseDotenv(text string) map[string]assignment {
	found := map[string]assignment{}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for text != "" {
		line, _, _ := strings.Cut(text, "\n")
		m := assigned().FindStringSubmatch(line)
		if m == nil {
			_, text, _ = strings.Cut(text, "\n")
			continue
		}
		var a assignment
		a, text = parseValue(text[len(m[0]):])
		found[m[1]] = a
	}
	return found
}

// parseValue reads what stands behind a variable's name, and returns the lines
// below as well. A value in quotation marks may have several lines.
func parseValue(text string) (assignment, string) {
	if text != "" && strings.ContainsRune("\"'`", rune(text[0])) {
		if end := closing(text); end > 0 {
			_, rest, _ := strings.Cut(text[end:], "\n")
			return newAssignment(text[1:end], false), rest
		}
	}
	line, rest, _ := strings.Cut(text, "\n")
	value, _, comment := strings.Cut(line, "#")
	return newAssignment(strings.TrimSpace(value), comment && !strings.HasSuffix(value, " ")), rest
}

// closing returns where the quotation mark that text begins with comes again.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		if text[i] == text[0] && text[i-1] != '\\' {
			return i
		}
	}
	return -1
}

func newAssignment(value string, comment bool) assignment {
	a := assignment{value: value, comment: comment}
	for _, m := range reference().FindAllStringSubmatch(value, -1) {
		if !strings.HasPrefix(m[0], `\`) && m[2] == "" {
			a.expands = append(a.expands, m[1]+m[3])
		}
	}
	return a
}

// expand puts values in the place of names behind a dollar sign.
func (a assignment) expand(get func(string) string) string {
	left := maxDotenv
	return reference().ReplaceAllStringFunc(a.value, func(text string) string {
		m := reference().FindStringSubmatch(text)
		if strings.HasPrefix(text, `\`) {
			return text[1:]
		}
		if value := get(m[1] + m[3]); value != "" && len(value) <= left {
			left -= len(value)
			return value
		}
		return m[2]
	})
}

// readDotenv reads a .env file; what can't be read is not there, as for Next.js.
func readDotenv(path string) map[string]assignment {
	data, err := safefile.ReadFile(path, maxDotenv)
	if err != nil {
		return nil
	}
	return parseDotenv(string(data))
}
