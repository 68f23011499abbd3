// Package markdown parses the project's documents, so that tests can check them. Only tests use it.
package markdown

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Document is a document's sections, in their order. The first is what comes before all headings.
type Document []Section

// Under returns the section with a title, and those below it. It is empty if there is none.
func (d Document) Under(title string) Document {
	at := slices.IndexFunc(d, func(s Section) bool { return s.Title == title })
	if at < 0 {
		return nil
	}
	end := at + 1
	for end < len(d) && d[end].Level > d[at].Level {
		end++
	}
	return d[at:end]
}

// Section holds what tests check between one heading and the next, each kind in order.
type Section struct {
	Level  int    // of the heading, from 1; 0 before all headings
	Title  string // without marks
	Anchor string // the heading's anchor
	Links  []string
	Codes  []string // code spans
	Blocks []Block
	Rows   [][]string // of tables, their heads included: cells without the marks of emphasis and code
	Prose  []Prose    // headings, paragraphs, list items and cells of tables
}

// Prose is a passage without its marks, with two backquotes in place of each code span.
type Prose struct {
	Text string
	Line int // of its first word, from 1
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
	case *ast.Heading, *ast.Paragraph, *ast.TextBlock, *east.TableCell:
		at.Prose = append(at.Prose, Prose{r.text(n, "``"), r.line(n)})
	}
	return ast.WalkContinue, nil
}

// line returns the number of a passage's first line, 0 if it is empty.
func (r *reader) line(n ast.Node) int {
	if n.Lines().Len() == 0 {
		return 0
	}
	return 1 + strings.Count(string(r.source[:n.Lines().At(0).Start]), "\n")
}

func (r *reader) block(n *ast.FencedCodeBlock) Block {
	b := Block{Code: string(n.Lines().Value(r.source))}
	if n.Info != nil {
		b.Language, b.Info, _ = strings.Cut(string(n.Info.Value(r.source)), " ")
	}
	b.Line = r.line(n)
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
func (r *reader) plain(node ast.Node) string { return r.text(node, "") }

// text is plain with code in place of each code span, unless code is empty.
func (r *reader) text(node ast.Node, code string) string {
	var b strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			if code != "" {
				b.WriteString(code)
				return ast.WalkSkipChildren, nil
			}
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
