// Package printable makes untrusted text safe to print. It escapes control
// characters, which a terminal would obey, and removes logins.
package printable

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns text with Go's escape sequences instead of unprintable characters, line
// ends and invalid bytes.
func Text(text string) string {
	if strings.IndexFunc(text, hidden) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1: // an invalid byte, which some terminals obey
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case hidden(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteRune(r)
		}
		text = text[size:]
	}
	return b.String()
}

// JSON returns an equal JSON document whose only unprintable characters are line ends.
// encoding/json does not escape characters above 0x7e.
func JSON(document string) string {
	escaped := func(r rune) bool { return r != '\n' && hidden(r) }
	if strings.IndexFunc(document, escaped) < 0 {
		return document
	}
	var b strings.Builder
	for _, r := range document {
		if !escaped(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }
