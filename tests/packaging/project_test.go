package packaging

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// form holds the fields that GitHub requires. GitHub does not show a faulty form.
type form struct {
	Name, Description string
	Body              []struct {
		Type, ID   string
		Attributes struct {
			Label, Value string
			Options      []struct{ Label string }
		}
	}
}

// TestIssueForms parses the forms as GitHub does. actionlint checks the workflows.
func TestIssueForms(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repotest.Top(t), ".github", "ISSUE_TEMPLATE", "*.yml"))
	must(t, err)
	forms := 0
	for _, file := range files {
		name, err := filepath.Rel(repotest.Top(t), file)
		must(t, err)
		if filepath.Base(name) == "config.yml" {
			continue
		}
		forms++
		var f form
		readYAML(t, name, &f)
		if f.Name == "" || f.Description == "" {
			t.Errorf("%s: name %q, description %q", name, f.Name, f.Description)
		}
		ids, asks := map[string]bool{}, false
		for i, field := range f.Body {
			switch field.Type {
			case "markdown":
				if field.Attributes.Value == "" {
					t.Errorf("%s: field %d has no value", name, i)
				}
				continue
			case "checkboxes":
				if len(field.Attributes.Options) == 0 {
					t.Errorf("%s: field %d has no options", name, i)
				}
			case "input", "textarea":
				asks = true
			default:
				t.Errorf("%s: field %d is of the type %q", name, i, field.Type)
			}
			if field.Attributes.Label == "" || field.ID == "" || ids[field.ID] {
				t.Errorf("%s: field %d has the id %q and the label %q", name, i, field.ID, field.Attributes.Label)
			}
			ids[field.ID] = true
		}
		if !asks {
			t.Errorf("%s asks for nothing", name)
		}
	}
	if forms == 0 {
		t.Error("there are no forms")
	}
}

// TestSpace asks make to start the tests on a disk that never has the space.
func TestSpace(t *testing.T) {
	gate.Need(t, "release")
	top := repotest.Top(t)
	repotest.Output(t, repotest.Command(top, nil, "make", "space", "SPACE=1"))
	out, err := repotest.Command(top, nil, "make", "test", "SPACE=999999999", "GO=false", "TOOL=false").CombinedOutput()
	if err == nil {
		t.Error("make test started")
	}
	if text := string(out); !strings.Contains(text, "make test needs 999999999 MB of free disk space, and ") || strings.Contains(text, "vet") {
		t.Errorf("make printed:\n%s", out)
	}
}
