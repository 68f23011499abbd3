// Package markdown parses the project's documents, so that tests can check them. Only tests use it.
package markdown

import (
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Document is a document's sections, in their order. The first is what stands before all headings.
type Document []Section

// Section holds what tests check between one heading and the next, each kind in order.
type Section struct {
	Level  int    // of the heading, from 1; 0 before all headings
	Title  string // without marks
	Anchor string // the heading's anchor
	Links  []string
	Codes  []string // code spans
	Blocks []Block
	Rows   [][]string // of tables, their heads included: cells without the marks of emphasis and code
}

// Block is a fenced block of code.
type Block struct {
	Language string // the first word of the info string
	Info     string // the rest of it
	Code     string
	Line     int // of the first line of code, from 1
}

// Read parses the document in a file.
func Read(path string) (Document, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(source)
}

// Parse parses a document of GitHub's flavour.
func Parse(source []byte) (Document, error) {
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	r := reader{source: source, sections: Document{{}}, anchors: map[string]int{}}
	err := ast.Walk(root, r.visit)
	return r.sections, err
}

// reader walks through a document's tree.
type reader struct {
	source   []byte
	sections Document
	anchors  map[string]int // number of headings with this anchor
}

func (r *reader) visit(node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	if heading, ok := node.(*ast.Heading); ok {
		title := r.plain(heading)
		r.sections = append(r.sections, Section{Level: heading.Level, Title: title, Anchor: r.anchor(title)})
	}
	at := &r.sections[len(r.sections)-1]
	switch n := node.(type) {
	case *ast.Link:
		at.Links = append(at.Links, string(n.Destination))
	case *ast.Image:
		at.Links = append(at.Links, string(n.Destination))
	case *ast.CodeSpan:
		at.Codes = append(at.Codes, r.plain(n))
	case *ast.FencedCodeBlock:
		at.Blocks = append(at.Blocks, r.block(n))
	case *east.TableHeader, *east.TableRow:
		at.Rows = append(at.Rows, r.row(n))
	}
	return ast.WalkContinue, nil
}

func (r *reader) block(n *ast.FencedCodeBlock) Block {
	b := Block{Code: string(n.Lines().Value(r.source))}
	if n.Info != nil {
		b.Language, b.Info, _ = strings.Cut(string(n.Info.Value(r.source)), " ")
	}
	if n.Lines().Len() > 0 {
		b.Line = 1 + strings.Count(string(r.source[:n.Lines().At(0).Start]), "\n")
	}
	return b
}

func (r *reader) row(n ast.Node) []string {
	var cells []string
	for cell := n.FirstChild(); cell != nil; cell = cell.NextSibling() {
		cells = append(cells, r.plain(cell))
	}
	return cells
}

// plain returns the text of a node without its marks.
func (r *reader) plain(node ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Value(r.source))
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(r.source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchor returns a heading's anchor as GitHub makes it. It keeps letters, in lower case, digits, hyphens and underscores,
// turns spaces into hyphens, drops the rest, and numbers duplicates.
func (r *reader) anchor(title string) string {
	anchor := strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case unicode.IsLetter(c), unicode.IsDigit(c), unicode.IsMark(c), c == '-', c == '_':
			return unicode.ToLower(c)
		}
		return -1
	}, title)
	n := r.anchors[anchor]
	r.anchors[anchor]++
	if n > 0 {
		return fmt.Sprintf("%s-%d", anchor, n)
	}
	return anchor
}
