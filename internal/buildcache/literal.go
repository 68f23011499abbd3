package buildcache

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// token is a token of JavaScript or TypeScript other than a comment or white space.
type token struct {
	kind js.TokenType
	text string
}

// literalDistDir looks for distDir in a configuration. found reports whether the word
// occurs. ok reports whether it occurs once, as a property with a plain string, which
// is then the value:
//
//	export default withPlugin({ distDir: "build" })
//
// It does not check that this object is exported, because the default directory is
// handled too. Anything else, such as a condition or a variable, would require running
// the configuration.
func literalDistDir(text []byte) (value string, found, ok bool) {
	tokens, clean := scan(text)
	if !clean {
		return "", true, false
	}
	tokens = append(tokens, make([]token, 4)...) // so that each token has successors
	at := -1
	for i, t := range tokens {
		if !strings.Contains(t.text, property) {
			continue
		}
		if found {
			return "", true, false
		}
		at, found = i, true
	}
	if at < 1 {
		return "", found, !found
	}
	before, key, colon, after := tokens[at-1].text, tokens[at].text, tokens[at+1].text, tokens[at+3].text
	if before != "{" && before != "," || strings.Trim(key, `"'`) != property || colon != ":" || after != "}" && after != "," {
		return "", true, false
	}
	value, ok = plain(tokens[at+2])
	return value, true, ok
}

// plain returns the content of a string that has no escapes and no expressions.
func plain(t token) (string, bool) {
	if t.kind != js.StringToken && t.kind != js.TemplateToken || strings.Contains(t.text, `\`) {
		return "", false
	}
	return t.text[1 : len(t.text)-1], true
}

// scan splits a text into tokens; clean is false if it can't.
func scan(text []byte) (tokens []token, clean bool) {
	lexer := js.NewLexer(parse.NewInputBytes(bytes.Clone(text))) // it writes past the end
	for {
		kind, raw := lexer.Next()
		if (kind == js.DivToken || kind == js.DivEqToken) && !endsValue(tokens) {
			kind, raw = lexer.RegExp()
		}
		switch kind {
		case js.ErrorToken:
			return tokens, len(raw) == 0 && errors.Is(lexer.Err(), io.EOF)
		case js.WhitespaceToken, js.LineTerminatorToken, js.CommentToken, js.CommentLineTerminatorToken:
		default:
			tokens = append(tokens, token{kind, string(raw)})
		}
	}
}

// endsValue reports whether a slash after the tokens is a division and not the start
// of a regular expression.
func endsValue(tokens []token) bool {
	if len(tokens) == 0 {
		return false
	}
	switch last := tokens[len(tokens)-1].kind; last {
	case js.CloseParenToken, js.CloseBracketToken, js.StringToken, js.TemplateToken, js.TemplateEndToken, js.ThisToken:
		return true
	default:
		return js.IsIdentifier(last) || js.IsNumeric(last)
	}
}
