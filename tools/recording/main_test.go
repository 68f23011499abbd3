package main

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

func TestParse(t *testing.T) {
	for session, want := range map[string][][]span{
		"# why\n$ a b\nc\n":                  {{{"comment", "# why"}}, {{"comment", "$ "}, {"command", "a b"}}, {{"", "c"}}},
		"  \x1b[32mok\x1b[0m  x\n\x1b[31mno": {{{"", "  "}, {"green", "ok"}, {"", "  x"}}, {{"red", "no"}}},
		"\n":                                 {nil},
	} {
		got, err := parse(session)
		if err != nil {
			t.Errorf("%q: %v", session, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", session, diff)
		}
	}
	for _, session := range []string{"\x1b[34mx", "\x1b[2Kx", "a\rb\n"} {
		if got, err := parse(session); err == nil {
			t.Errorf("%q: %v", session, got)
		}
	}
}

func TestExcerpt(t *testing.T) {
	got, err := excerpt("one moment\n\n# why\n$ a\n\x1b[32msigned in as Ada\x1b[0m\n$ b\n")
	if want := "# why\n$ a\n\x1b[32msigned in as Ada\x1b[0m\n"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := excerpt("one moment\n\n# why\n$ a\nnot signed in\n"); err == nil {
		t.Errorf("got %q", got)
	}
}

// TestPicture checks that the committed picture suits the README.
func TestPicture(t *testing.T) {
	picture := repotest.Read(t, "docs/recording.svg")
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "script" {
			t.Error("it has a script")
		}
	}
	if !strings.Contains(picture, "prefers-color-scheme: dark") {
		t.Error("it says nothing of dark colours")
	}
	lines := regexp.MustCompile(`(?m)^<text .*</text>$`).FindAllString(picture, -1)
	if len(lines) == 0 || len(lines) > 40 {
		t.Fatalf("it has %d lines", len(lines))
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, ">signed in as ") {
		t.Errorf("it ends in %s", last)
	}
}

// TestPictureIsOfThisProgram draws the picture again.
func TestPictureIsOfThisProgram(t *testing.T) {
	gate.Need(t, "e2e")
	nodetest.Project(t, "demo") // skips where npm can't fetch packages
	nodetest.Project(t, "agent-5.0.1")
	drawn, err := record("../..")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(repotest.Read(t, "docs/recording.svg"), string(drawn)); diff != "" {
		t.Errorf("run make recording (-committed +drawn now):\n%s", diff)
	}
}
