package buildcache

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// token is a word or sign of JavaScript or TypeScript. Comments and white space
// are none.
type token struct {
	kind  js.TokenType
	text  string
	depth int // how many brackets are open around it
}

// script is a configuration file, taken apart.
type script []token

// literalDistDir looks for distDir in a configuration: found says whether the
// word is used at all, and ok whether it is a property of the exported object
// with a plain string, which is then the value. That is so only if the object is
// what is exported, by itself or by its name, perhaps wrapped in calls:
//
//	export default withPlugin({ distDir: "build" })
//
// Everything else, such as a condition, a function or a spread, needs the
// configuration to be run.
func literalDistDir(text []byte) (value string, found, ok bool) {
	s, clean := scan(text)
	if !clean {
		return "", true, false
	}
	var uses []int
	for i, t := range s {
		if strings.Contains(t.text, property) {
			uses = append(uses, i)
		}
	}
	switch len(uses) {
	case 0:
		return "", false, true
	case 1:
		value, ok = s.property(uses[0])
		return value, true, ok
	}
	return "", true, false
}

// scan takes a text apart; clean is false where that can't be done.
func scan(text []byte) (s script, clean bool) {
	lexer := js.NewLexer(parse.NewInputBytes(bytes.Clone(text))) // it writes behind the end
	depth := 0
	for {
		kind, raw := lexer.Next()
		if kind == js.DivToken || kind == js.DivEqToken {
			if !s.endsValue() {
				kind, raw = lexer.RegExp()
			}
		}
		switch kind {
		case js.ErrorToken:
			return s, depth == 0 && len(raw) == 0 && errors.Is(lexer.Err(), io.EOF)
		case js.WhitespaceToken, js.LineTerminatorToken, js.CommentToken, js.CommentLineTerminatorToken:
			continue
		case js.CloseBraceToken, js.CloseParenToken, js.CloseBracketToken, js.TemplateEndToken:
			depth--
		}
		s = append(s, token{kind, string(raw), depth})
		switch kind {
		case js.OpenBraceToken, js.OpenParenToken, js.OpenBracketToken, js.TemplateStartToken:
			depth++
		}
	}
}

// endsValue says whether a slash that follows divides; otherwise it starts a
// regular expression.
func (s script) endsValue() bool {
	if len(s) == 0 {
		return false
	}
	switch last := s[len(s)-1].kind; last {
	case js.CloseParenToken, js.CloseBracketToken, js.StringToken, js.TemplateToken, js.TemplateEndToken, js.ThisToken:
		return true
	default:
		return js.IsIdentifier(last) || js.IsNumeric(last)
	}
}

// text returns a token's text, and nothing beyond both ends.
func (s script) text(i int) string {
	if i < 0 || i >= len(s) {
		return ""
	}
	return s[i].text
}

// property returns the value of the property at i.
func (s script) property(i int) (value string, ok bool) {
	if key := strings.Trim(s.text(i), `"'`); key != property || s.text(i+1) != ":" {
		return "", false
	}
	if before := s.text(i - 1); before != "{" && before != "," {
		return "", false
	}
	if after := s.text(i + 3); after != "}" && after != "," {
		return "", false
	}
	value, ok = s.plain(i + 2)
	return value, ok && s.once() && s.exported(s.opening(i), 0)
}

// plain returns the content of a string without escapes.
func (s script) plain(i int) (string, bool) {
	text := s.text(i)
	if kind := s[i].kind; kind != js.StringToken && kind != js.TemplateToken || strings.Contains(text, `\`) {
		return "", false
	}
	return text[1 : len(text)-1], true
}

// opening returns where the bracket around i is opened.
func (s script) opening(i int) int {
	for at := i - 1; at >= 0; at-- {
		if s[at].depth < s[i].depth {
			return at
		}
	}
	return -1
}

// once says whether the script exports one thing, and whatever happens.
func (s script) once() bool {
	exports := 0
	for i, t := range s {
		if t.depth == 0 && slices.Contains([]string{"if", "else", "switch", "for", "while", "try", "?", "&&", "||", "??"}, t.text) {
			return false
		}
		if s.exports(i) {
			exports++
		}
	}
	return exports == 1
}

// exports says whether what follows i is exported.
func (s script) exports(i int) bool {
	switch s.text(i) {
	case "default":
		return s.text(i-1) == "export"
	case "=":
		return s.text(i-1) == "exports" && s.text(i-2) == "." && s.text(i-3) == "module"
	}
	return false
}

// maxNames bounds how many names a configuration may go through.
const maxNames = 10

// exported says whether the value that starts at i is what the script exports.
func (s script) exported(i, names int) bool {
	for s.text(i-1) == "(" { // the first argument of a call
		if i = s.callee(i - 2); i < 0 {
			return false
		}
	}
	before := i - 1
	if before < 0 || s[before].depth != 0 {
		return false
	}
	if s.exports(before) {
		return true
	}
	name := s.declared(before)
	if name == "" || names == maxNames {
		return false
	}
	for at := i + 1; at < len(s); at++ {
		if s.text(at) == name && s.text(at-1) != "." && s.text(at+1) != "." && s.text(at+1) != "[" && s.exported(at, names+1) {
			return true
		}
	}
	return false
}

// callee returns where the called function that ends at i starts, or -1.
func (s script) callee(i int) int {
	for i >= 0 {
		switch {
		case s[i].kind == js.CloseParenToken: // a call gave the function
			for depth := s[i].depth; i >= 0 && (s[i].kind != js.OpenParenToken || s[i].depth != depth); i-- {
			}
			i--
			continue
		case !js.IsIdentifier(s[i].kind):
			return -1
		case s.text(i-1) == ".":
			i -= 2
			continue
		}
		return i
	}
	return -1
}

// declared returns the name of the variable whose declaration's "=" is at i.
func (s script) declared(i int) string {
	if s.text(i) != "=" {
		return ""
	}
	for at := i - 1; at >= 0; at-- {
		switch s.text(at) {
		case "const", "let", "var":
			return s.text(at + 1)
		case "=", ";", "=>":
			return ""
		}
	}
	return ""
}
