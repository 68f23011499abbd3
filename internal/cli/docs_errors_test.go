package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestErrorsAreDocumented holds docs/troubleshooting.md to every error that the helper and the program can print.
func TestErrorsAreDocumented(t *testing.T) {
	document := oneLine(readDoc(t, "docs/troubleshooting.md"))
	texts := maps.Clone(programErrors(t))
	maps.Copy(texts, helperErrors(t))
	if len(texts) < 100 {
		t.Errorf("only %d texts were found", len(texts))
	}
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		for _, part := range parts(text) {
			if !strings.Contains(document, part) {
				t.Errorf("%s: %q is not in docs/troubleshooting.md: %q", texts[text], text, part)
			}
		}
	}
}

// oneLine makes every run of white space one blank.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// gaps are what is put into a text when it is printed: verbs of Go and placeholders of JavaScript.
var gaps = regexp.MustCompile(`%[-+#]?\d*[a-z]|\$\{[^}]*\}`)

// parts returns what is fixed in a text, apart from scraps that say nothing.
func parts(text string) []string {
	var all []string
	for _, part := range gaps.Split(oneLine(text), -1) {
		if part = strings.Trim(part, " :;,.()\"'"); len(part) > 4 {
			all = append(all, part)
		}
	}
	return all
}

// errorArgument is which argument of a function that makes an error holds its text, from 0.
var errorArgument = map[string]int{"New": 0, "Errorf": 0, "usageError": 1, "refuse": 0, "fail": 1, "problem": 1, "warn": 0}

// notPrinted are errors that never reach a person, or only beside one that says it all.
var notPrinted = map[string]bool{
	"locked":                           true, // what a person sees is who holds the lock
	"the plan was made without a lock": true, // a mistake of ours
	"the plan can't be carried out":    true,
	"replaced":                         true,
	"ended before there was a reply":   true, // what a person sees is what follows from it
	"the reply is too long":            true,
}

// programErrors returns the texts of the errors that the program makes and the place of each.
func programErrors(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, dir := range []string{".", "../../internal/apply", "../../internal/buildcache", "../../internal/detect", "../../internal/hooks", "../../internal/patchset", "../../internal/report", "../../internal/safefile", "../../internal/verify"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				collectErrors(t, name, texts)
			}
		}
	}
	return texts
}

func collectErrors(t *testing.T, name string, texts map[string]string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	note := func(e ast.Expr) {
		if text := literal(e); text != "" && !notPrinted[text] {
			texts[text] = files.Position(e.Pos()).String()
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.CallExpr:
			if at, makes := errorArgument[calledName(n)]; makes && at < len(n.Args) {
				note(n.Args[at])
			}
		case *ast.FuncDecl: // of a type that is an error
			if n.Name.Name == "Error" {
				ast.Inspect(n.Body, func(node ast.Node) bool {
					if e, ok := node.(ast.Expr); ok {
						note(e)
					}
					return true
				})
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && reasons[key.Name] {
				note(n.Value)
			}
		case *ast.CompositeLit:
			if name, ok := n.Type.(*ast.Ident); ok {
				if at, makes := errorElement[name.Name]; makes && at < len(n.Elts) {
					note(n.Elts[at])
				}
			}
		case *ast.AssignStmt:
			if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && reasons[to.Sel.Name] {
				note(n.Rhs[0])
			}
		}
		return true
	})
}

// errorElement is which element of a literal without keys becomes part of an error's text.
var errorElement = map[string]int{"SharedError": 0, "irregularError": 1, "Result": 2}

// reasons are the fields of structs that become part of an error's text.
var reasons = map[string]bool{"Problem": true, "Reason": true, "Unknown": true}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// literal returns the text of an expression, with %v for what is computed; "" if nothing in it is fixed.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		left, right := literal(e.X), literal(e.Y)
		if left+right != "" {
			return orGap(left) + orGap(right)
		}
	case *ast.CallExpr:
		if calledName(e) == "Sprintf" {
			return literal(e.Args[0])
		}
	}
	return ""
}

func orGap(text string) string {
	if text == "" {
		return "%v"
	}
	return text
}

var (
	helperCall    = regexp.MustCompile(`(?s)(?:new Error|new TypeError|proxyError|refused|(?:hint|login|kind|busy|slow) = )\(?.*?;\n`)
	helperLiteral = regexp.MustCompile("\"([^\"\\n]+)\"|`([^`]+)`")
)

// helperErrors returns those of the helper.
func helperErrors(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile("../../patches/helper/proxy.js")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, call := range helperCall.FindAllString(string(source), -1) {
		for _, m := range helperLiteral.FindAllStringSubmatch(call, -1) {
			if text := m[1] + m[2]; strings.Contains(text, " ") && !notPrinted[text] { // no code, and no module's name
				texts[text] = "patches/helper/proxy.js"
			}
		}
	}
	return texts
}
