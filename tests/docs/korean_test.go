package docs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// TestKoreanReadmeIsInStep compares README.ko.md with README.md in everything that does not depend on the language: the
// levels of headings, and below each of them the links, code, shell commands and tables.
func TestKoreanReadmeIsInStep(t *testing.T) {
	english, korean := repotest.Document(t, "README.md"), repotest.Document(t, "README.ko.md")
	for i := range max(len(english), len(korean)) {
		if i >= len(english) || i >= len(korean) || english[i].Level != korean[i].Level {
			t.Fatalf("section %d is %s in README.md and %s in README.ko.md", i, nameOf(english, i), nameOf(korean, i))
		}
		if diff := cmp.Diff(skeleton(english[i]), skeleton(korean[i])); diff != "" {
			t.Errorf("%s, %s (-README.md +README.ko.md):\n%s", nameOf(english, i), nameOf(korean, i), diff)
		}
	}
}

func nameOf(d markdown.Document, i int) string {
	if i >= len(d) {
		return "missing"
	}
	return fmt.Sprintf("%q (level %d)", d[i].Title, d[i].Level)
}

// skeleton lists the parts of a section that are equal in all languages. It sorts links and code, because translated
// sentences have another order.
func skeleton(s markdown.Section) []string {
	var out []string
	for _, link := range s.Links {
		if link != "README.md" && link != "README.ko.md" {
			file, _, _ := strings.Cut(link, "#") // anchors of translated headings differ
			out = append(out, "link "+file)
		}
	}
	for _, code := range s.Codes {
		out = append(out, "code "+code)
	}
	slices.Sort(out)
	for _, b := range s.Blocks {
		out = append(out, "block "+b.Language)
		for line := range strings.Lines(b.Code) {
			command, _, _ := strings.Cut(line, "   #") // comments are translated
			out = append(out, "  "+strings.TrimSpace(command))
		}
	}
	for _, row := range s.Rows {
		out = append(out, fmt.Sprintf("row of %d", len(row)))
		if _, err := strconv.Atoi(row[0]); err == nil { // an exit code, with its name
			out = append(out, "  "+row[0]+" "+row[1])
		}
	}
	return out
}
