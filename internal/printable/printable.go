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

// Text returns text with everything that is not printable, line ends included, and
// every byte that is no character as an escape sequence of Go.
func Text(text string) string {
	if strings.IndexFunc(text, hidden) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1: // no character, but an order to some terminals
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

// JSON returns a JSON document that means the same and has nothing but line ends in
// it that is not printable. encoding/json leaves characters above 0x7e as they are.
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
