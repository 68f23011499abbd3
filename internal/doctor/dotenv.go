package doctor

import (
	"strings"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// maxDotenv limits the size of a .env file and of an expanded value, in bytes. No
// system accepts a variable of more than twice that size.
const maxDotenv = 64 << 10

// Next.js reads productionFiles for a build and for the server; the first file that
// sets a variable wins. For next dev, developmentFiles replace the files with
// "production" in their names.
// https://nextjs.org/docs/pages/guides/environment-variables
var (
	productionFiles  = []string{".env.production.local", ".env.local", ".env.production", ".env"}
	developmentFiles = []string{".env.development.local", ".env.development"}
)

// assignment is the value that a .env file gives a variable.
type assignment struct {
	value   string
	comment bool     // an unquoted # cut off the rest
	expands []string // names after a dollar sign, which Next.js replaces with their values
}

var (
	assigned  = lazyregexp.Compile(`^[ \t]*(?:export[ \t]+)?([\w.-]+)(?:[ \t]*=|:[ \t])[ \t]*`)
	reference = lazyregexp.Compile(`\\?\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))`)
)

// parseDotenv parses a .env file by the rules of the package dotenv, which Next.js
// uses.
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

// parseValue parses the text after a variable's name, and returns the lines after
// the value as well. A quoted value may have several lines.
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

// closing returns the index of the quotation mark that closes text, or -1.
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

// expand replaces each name after a dollar sign with its value.
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

// readDotenv reads a .env file. Like Next.js, it ignores a file that it can't read.
func readDotenv(path string) map[string]assignment {
	data, err := safefile.ReadFile(path, maxDotenv)
	if err != nil {
		return nil
	}
	return parseDotenv(string(data))
}
