package docs

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// translations are the documents that exist in Korean, by their English names.
var translations = map[string]string{
	"README.md":               "README.ko.md",
	"docs/quick-start.md":     "docs/ko/quick-start.md",
	"docs/troubleshooting.md": "docs/ko/troubleshooting.md",
}

// TestKoreanIsInStep compares the Korean documents with the English ones in everything that does not depend on the
// language: the levels of headings, and below each of them the links, code, shell commands and tables.
func TestKoreanIsInStep(t *testing.T) {
	for englishName, koreanName := range translations {
		english, korean := repotest.Document(t, englishName), repotest.Document(t, koreanName)
		for i := range max(len(english), len(korean)) {
			if i >= len(english) || i >= len(korean) || english[i].Level != korean[i].Level {
				t.Fatalf("section %d is %s in %s and %s in %s", i, nameOf(english, i), englishName, nameOf(korean, i), koreanName)
			}
			if diff := cmp.Diff(skeleton(t, englishName, english[i]), skeleton(t, koreanName, korean[i])); diff != "" {
				t.Errorf("%s, %s (-%s +%s):\n%s", nameOf(english, i), nameOf(korean, i), englishName, koreanName, diff)
			}
		}
	}
}

// TestLinksOfKorean requires that links in Korean documents lead to Korean ones. Where there is none, the first link to
// an English one says so.
func TestLinksOfKorean(t *testing.T) {
	for englishName, koreanName := range translations {
		page, said := repotest.Read(t, koreanName), map[string]bool{}
		for _, at := range linkToDocument.FindAllStringSubmatchIndex(page, -1) {
			target, rest := path.Join(path.Dir(koreanName), page[at[2]:at[3]]), page[at[1]:]
			switch {
			case target == englishName || slices.Contains(koreanDocuments(), target):
			case translations[target] != "":
				t.Errorf("%s links to %s instead of %s", koreanName, target, translations[target])
			case !said[target] && !strings.HasPrefix(rest, "(영어)"):
				t.Errorf("%s does not say that %s is in English, before %.40q", koreanName, target, rest)
			}
			said[target] = true
		}
		if len(said) < 5 {
			t.Errorf("%s has only %d links", koreanName, len(said))
		}
	}
}

var linkToDocument = regexp.MustCompile(`\]\(([^)#:]+\.md)(?:#[^)]*)?\)`)

func koreanDocuments() []string { return slices.Collect(maps.Values(translations)) }

func nameOf(d markdown.Document, i int) string {
	if i >= len(d) {
		return "missing"
	}
	return fmt.Sprintf("%q (level %d)", d[i].Title, d[i].Level)
}

// skeleton lists the parts of a document's section that are equal in all languages. It sorts links and code, because
// translated sentences have another order.
func skeleton(t *testing.T, document string, s markdown.Section) []string {
	t.Helper()
	var out []string
	for _, link := range s.Links {
		out = append(out, "link "+inEnglish(t, document, link))
	}
	for _, code := range s.Codes {
		out = append(out, "code "+strings.Join(strings.Fields(code), " "))
	}
	slices.Sort(out)
	for _, b := range s.Blocks {
		out = append(out, "block "+b.Language)
		for line := range strings.Lines(b.Code) {
			out = append(out, "  "+strings.TrimSpace(comment.ReplaceAllString(line, "")))
		}
	}
	for _, row := range s.Rows {
		out = append(out, fmt.Sprintf("row of %d", len(row)))
	}
	return out
}

// comment is the end of a line of shell or JavaScript that is translated.
var comment = regexp.MustCompile(`(?:   #| // ).*`)

// inEnglish returns the English document and heading to which a link leads, or what the link says for anything else.
func inEnglish(t *testing.T, document, link string) string {
	t.Helper()
	if strings.Contains(link, "://") {
		return link
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := document
	if file != "" {
		target = path.Join(path.Dir(document), file)
	}
	for english, korean := range translations {
		if target == korean {
			return english + "#" + anchorInEnglish(t, english, korean, anchor)
		}
	}
	return target + "#" + anchor
}

// anchorInEnglish returns the anchor of the heading that a Korean one translates. TestKoreanIsInStep requires as many
// headings, and TestLinksLeadSomewhere that an anchor has one.
func anchorInEnglish(t *testing.T, english, korean, anchor string) string {
	t.Helper()
	if anchor == "" {
		return ""
	}
	headings := repotest.Document(t, english)
	for i, section := range repotest.Document(t, korean) {
		if section.Anchor == anchor && i < len(headings) {
			return headings[i].Anchor
		}
	}
	return anchor
}
