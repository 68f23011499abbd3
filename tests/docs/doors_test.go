package docs

import (
	"path"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// The bounds of docs/: more documents than a reader looks through, and more lines than one reads without a table of
// contents.
const (
	maxDocuments  = 14
	maxWithoutTOC = 350
)

// TestFewDoors holds docs/ to its bounds. docs/reference, docs/ko and docs/maintaining are beside it.
func TestFewDoors(t *testing.T) {
	count := 0
	for name, document := range documents(t) {
		if path.Dir(name) != "docs" {
			continue
		}
		count++
		if strings.Count(repotest.Read(t, name), "\n") <= maxWithoutTOC {
			continue
		}
		linked := map[string]bool{}
		for _, link := range document[1].Links { // below the title
			linked[link] = true
		}
		for _, section := range document {
			if section.Level == 2 && !linked["#"+section.Anchor] {
				t.Errorf("%s is long, and there is no link to %q below its title", name, section.Title)
			}
		}
	}
	if count > maxDocuments {
		t.Errorf("docs/ has %d documents, and at most %d are few enough", count, maxDocuments)
	}
}

// TestEveryDocumentIsListed requires that the tables of docs/README.md list every document once, each with a question
// that it answers, below the reader who asks it.
func TestEveryDocumentIsListed(t *testing.T) {
	listed := map[string]int{}
	for _, section := range repotest.Document(t, "docs/README.md") {
		for i, row := range section.Rows {
			if i == 0 {
				continue
			}
			listed[path.Join("docs", row[0])]++
			if section.Level != 2 || !strings.HasSuffix(row[1], "?") {
				t.Errorf("docs/README.md: %s has no reader or no question: %s", row[0], row[1])
			}
		}
	}
	for name := range documents(t) {
		dir := path.Dir(name)
		if (dir == "docs" && name != "docs/README.md" || dir == "docs/maintaining") && listed[name] != 1 {
			t.Errorf("docs/README.md lists %s %d times", name, listed[name])
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("docs/README.md lists %s, which is not there", name)
	}
}
