// Package docs checks the documents against the code and against each other.
package docs

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
	"go.yaml.in/yaml/v4"
	"mvdan.cc/sh/v3/syntax"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// documents parses every document of the repository, by path.
func documents(t *testing.T) map[string]markdown.Document {
	t.Helper()
	all := map[string]markdown.Document{}
	for _, pattern := range []string{"../../*.md", "../../docs"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, top := range names {
			err := filepath.WalkDir(top, func(name string, _ fs.DirEntry, err error) error {
				if err == nil && strings.HasSuffix(name, ".md") {
					name = strings.TrimPrefix(filepath.ToSlash(name), "../../")
					all[name] = repotest.Document(t, name)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := documents(t)
	for name, document := range all {
		for _, section := range document {
			for _, link := range section.Links {
				requireTarget(t, all, name, link)
			}
		}
	}
}

func requireTarget(t *testing.T, all map[string]markdown.Document, name, link string) {
	t.Helper()
	if strings.Contains(link, "://") {
		return
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := name
	if file != "" {
		target = path.Join(path.Dir(name), file)
	}
	if _, err := os.Stat("../../" + target); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if anchor != "" && !slices.ContainsFunc(all[target], func(s markdown.Section) bool { return s.Anchor == anchor }) {
		t.Errorf("%s: %s has no heading for #%s", name, target, anchor)
	}
}

func TestBlocksParse(t *testing.T) {
	for name, document := range documents(t) {
		for _, section := range document {
			for _, b := range section.Blocks {
				check, known := blockLanguages[b.Language]
				if !known {
					t.Errorf("%s:%d: blocks in %q are not checked", name, b.Line, b.Language)
				} else if err := check(b.Code); err != nil {
					t.Errorf("%s:%d: %v", name, b.Line, err)
				}
			}
		}
	}
}

func free(string) error { return nil }

var blockLanguages = map[string]func(code string) error{
	"":           free, // output, pictures
	"diff":       free,
	"dockerfile": free,
	"json":       func(code string) error { return json.Unmarshal([]byte(code), new(any)) },
	"yaml":       func(code string) error { return yaml.Unmarshal([]byte(code), new(any)) },
	"js": func(code string) error {
		_, err := js.Parse(parse.NewInputString(code), js.Options{})
		return err
	},
	"sh": func(code string) error {
		_, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(code), "")
		return err
	},
}
