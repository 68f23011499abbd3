package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// maxWords is how long a sentence of a document or a hint may be.
const maxWords = 25

// TestPlainWords holds the documents and what the program prints to the rules of CONTRIBUTING.md.
func TestPlainWords(t *testing.T) {
	avoid := avoided(t)
	for _, p := range slices.Concat(prose(t), printed(t)) {
		for _, word := range avoid.in(p.text) {
			p.report(t, "avoid "+word)
		}
	}
}

// TestShortSentences holds the documents, the help texts among them, and the hints to sentences of at most maxWords.
func TestShortSentences(t *testing.T) {
	for _, p := range slices.Concat(prose(t), hints(t)) {
		for _, sentence := range longSentences(p.text) {
			p.report(t, "too long: "+sentence)
		}
	}
}

// passage is a text that people read, and where it is.
type passage struct {
	text, file string
	line       int
}

func (p passage) report(t *testing.T, what string) {
	t.Helper()
	t.Errorf("%s:%d: %s", p.file, p.line, what)
}

// wordList is what to avoid, each with a pattern that finds it.
type wordList map[string]*regexp.Regexp

// avoided reads the list in CONTRIBUTING.md.
func avoided(t *testing.T) wordList {
	t.Helper()
	list := wordList{}
	for _, section := range repotest.Document(t, "CONTRIBUTING.md") {
		if section.Title != "Words to avoid" {
			continue
		}
		for _, row := range section.Rows[1:] {
			for entry := range strings.SplitSeq(row[0], ", ") {
				list[entry] = entryPattern(entry)
			}
		}
	}
	if len(list) < 40 {
		t.Fatalf("CONTRIBUTING.md lists only %d words to avoid", len(list))
	}
	return list
}

// entryPattern makes the pattern of an entry: whole words, in any case; … is up to four words, and …ing any word that
// ends so. A hyphen belongs to its word, so that "stand" does not find "stand-in".
func entryPattern(entry string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(entry)
	pattern = strings.ReplaceAll(pattern, "…ing", `\w+ing`)
	pattern = strings.ReplaceAll(pattern, "… ", `(?:[^\s.;:]+ ){1,4}?`)
	pattern = strings.ReplaceAll(pattern, " ", `\s+`)
	return regexp.MustCompile(`(?i)(?:^|[^\w-])` + pattern + `(?:$|[^\w-])`)
}

// in returns the entries that a text contains, sorted. Trying every pattern on every text would take a second, so it looks
// for how an entry begins first.
func (l wordList) in(text string) []string {
	var found []string
	lower := strings.ToLower(text)
	for entry, pattern := range l {
		if strings.Contains(lower, beginning(entry)) && pattern.MatchString(text) {
			found = append(found, fmt.Sprintf("%q", entry))
		}
	}
	slices.Sort(found)
	return found
}

// beginning returns the first word of an entry in lower case, "" if it is a gap.
func beginning(entry string) string {
	word, _, _ := strings.Cut(entry, " ")
	word, _, _ = strings.Cut(word, "…")
	return strings.ToLower(word)
}

// sentenceEnd is also the end of a line: a hint has one for each cure.
var sentenceEnd = regexp.MustCompile(`[.!?]["')]*(?:\s+|$)|\n`)

// longSentences returns those of more than maxWords words.
func longSentences(text string) []string {
	var long []string
	for _, sentence := range sentenceEnd.Split(text, -1) {
		if len(strings.Fields(sentence)) > maxWords {
			long = append(long, sentence)
		}
	}
	return long
}

// prose returns the passages of all documents, without code and without what CHANGELOG.md says of past releases.
func prose(t *testing.T) []passage {
	t.Helper()
	var all []passage
	for name, document := range documents(t) {
		for _, section := range document {
			if name == "CHANGELOG.md" && pastRelease(section) {
				break
			}
			for _, p := range section.Prose {
				all = append(all, passage{p.Text, name, p.Line})
			}
		}
	}
	return all
}

func pastRelease(s markdown.Section) bool { return s.Level == 2 && s.Title != "[Unreleased]" }

// printed returns what the program, the launcher, the helper and the tools may print: their strings of several words.
func printed(t *testing.T) []passage {
	t.Helper()
	var all []passage
	inGo(t, literalText, &all)
	for _, name := range []string{"npm/launcher.js", "patches/helper/proxy.js", "patches/helper/proxy.mjs"} {
		all = append(all, inJavaScript(t, name)...)
	}
	if len(all) < 500 {
		t.Errorf("only %d strings were found", len(all))
	}
	return all
}

// hints returns the texts of all hints that Go code puts together.
func hints(t *testing.T) []passage {
	t.Helper()
	var all []passage
	inGo(t, hintText, &all)
	if len(all) < 50 {
		t.Errorf("only %d hints were found", len(all))
	}
	return all
}

// inGo adds what text returns for the expressions in the Go files of the product and of its tools.
func inGo(t *testing.T, text func(ast.Expr) string, all *[]passage) {
	t.Helper()
	top := repotest.Top(t)
	for _, dir := range []string{"cmd", "internal", "npm", "tools"} {
		err := filepath.WalkDir(filepath.Join(top, dir), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "testdata", entry.Name() == "testkit":
				return filepath.SkipDir
			case !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
				return nil
			case strings.HasSuffix(filepath.ToSlash(path), "tools/patchgen/rules.go"): // patterns of JavaScript
				return nil
			}
			name, err := filepath.Rel(top, path)
			if err != nil {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for e, found := range texts(file, text) {
				*all = append(*all, passage{found, filepath.ToSlash(name), files.Position(e.Pos()).Line})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// texts asks text for every expression below a node, but for no part of one that has a text. It yields those of several
// words.
func texts(root ast.Node, text func(ast.Expr) string) iter.Seq2[ast.Expr, string] {
	return func(yield func(ast.Expr, string) bool) {
		ast.Inspect(root, func(node ast.Node) bool {
			e, ok := node.(ast.Expr)
			if !ok {
				return true
			}
			found := text(e)
			if strings.Contains(found, " ") {
				yield(e, found)
			}
			return found == ""
		})
	}
}

// literalText returns the text of a string, "" for any other expression.
func literalText(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return text
}

// hintText returns the text of a hint, with … for what is computed; "" if an expression makes none.
func hintText(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return ""
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	var parts []string
	for _, argument := range call.Args {
		parts = append(parts, textOf(argument))
	}
	if of, ok := function.X.(*ast.Ident); ok && of.Name == "hint" {
		return strings.Join(parts, "")
	}
	if function.Sel.Name == "Or" {
		return textOf(function.X) + "\n" + strings.Join(parts, "")
	}
	return ""
}

// textOf returns the fixed text of a part of a hint.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return literalText(e)
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.CallExpr:
		if text := hintText(e); text != "" {
			return text
		}
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return textOf(e.Args[0])
		}
	}
	return "…"
}

// javaScriptString is a comment, which is left out, or a string.
var javaScriptString = regexp.MustCompile("(?s)//[^\n]*|/\\*.*?\\*/|\"(?:[^\"\\\\\n]|\\\\.)*\"|`(?:[^`\\\\]|\\\\.)*`")

func inJavaScript(t *testing.T, name string) []passage {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repotest.Top(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	all := javaScriptTexts(name, string(source))
	if len(all) < 10 {
		t.Errorf("only %d strings were found in %s", len(all), name)
	}
	return all
}

// javaScriptTexts returns the strings of several words in a source.
func javaScriptTexts(name, source string) []passage {
	var all []passage
	for _, at := range javaScriptString.FindAllStringIndex(source, -1) {
		if text := source[at[0]:at[1]]; text[0] != '/' && strings.Contains(text, " ") {
			all = append(all, passage{text[1 : len(text)-1], name, 1 + strings.Count(source[:at[0]], "\n")})
		}
	}
	return all
}

func TestWordList(t *testing.T) {
	list := wordList{}
	for _, entry := range []string{"stand", "take … for", "keep … from …ing", "as it is", "…ing the Moon"} {
		list[entry] = entryPattern(entry)
	}
	for text, want := range map[string][]string{
		"Stand there":                              {`"stand"`},
		"where they stand.":                        {`"stand"`},
		"a stand-in, stands, understand":           nil,
		"take changed files for drift":             {`"take … for"`},
		"take it. Wait for it":                     nil,
		"take one two three four five for six":     nil,
		"to keep every user from signing in":       {`"keep … from …ing"`},
		"keep the file from the release":           nil,
		"Reaching the moon":                        {`"…ing the Moon"`},
		"left as it\nis, and they stand":           {`"as it is"`, `"stand"`},
		"`take` nothing, as it isn't there for it": nil,
	} {
		if diff := cmp.Diff(want, list.in(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestLongSentences(t *testing.T) {
	words := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	for name, test := range map[string]struct {
		text string
		want int
	}{
		"25 words":                   {words(25) + ".", 0},
		"26 words":                   {words(26) + ".", 1},
		"two sentences":              {words(20) + ". " + words(20) + "?", 0},
		"two lines of a hint":        {words(20) + "\n" + words(20), 0},
		"a colon ends no sentence":   {words(13) + ": " + words(13), 1},
		"nor does a dot in a number": {words(12) + " 4.24 " + words(13), 1},
		"a quotation ends one":       {words(20) + `." ` + words(20), 0},
	} {
		if got := longSentences(test.text); len(got) != test.want {
			t.Errorf("%s: %d are too long: %q", name, len(got), got)
		}
	}
}

func TestTexts(t *testing.T) {
	for source, want := range map[string][]string{
		`hint.To("to get "+it, "npm ci")`:                                 {"to get …npm ci"},
		`hint.Text("run it").Or(hint.Join(hint.Text("or so: "), cached))`: {"run it\nor so: …"},
		`f(hint.Text(fmt.Sprintf("copy %q", name)), "not a hint")`:        {"copy %q"},
		`hint.Run("npm")`: nil,
	} {
		e, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, text := range texts(e, hintText) {
			got = append(got, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
	}
	var got []string
	for _, p := range javaScriptTexts("x.js", "// it's \"a comment\"\nf(\"one text\", \"one\", `two ${x} \\` texts`) /* \"no text\" */") {
		got = append(got, fmt.Sprint(p.line, p.text))
	}
	if diff := cmp.Diff([]string{"2one text", "2two ${x} \\` texts"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
