package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

func TestParse(t *testing.T) {
	for out, want := range map[string][][]span{
		"a\r\n": {{{"", "a"}}},
		"  \x1b[32mok\x1b[0m  x\r\n\x1b[1ms\x1b[0m": {{{"", "  "}, {"green", "ok"}, {"", "  x"}}, {{"bold", "s"}}},
		"\r\n":                          {nil},
		"\r\x1b[Kgoing\r\x1b[Kdone\r\n": {{{"", "done"}}},
	} {
		got, err := parse(out)
		if err != nil {
			t.Errorf("%q: %v", out, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", out, diff)
		}
	}
	for _, out := range []string{"\x1b[34mx", "\x1b[2Kx", "a\rb\r\n"} {
		if got, err := parse(out); err == nil {
			t.Errorf("%q: %v", out, got)
		}
	}
}

// TestPicture checks that the committed picture suits the README.
func TestPicture(t *testing.T) {
	picture, err := os.ReadFile("../../docs/recording.svg")
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(picture))); ; {
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
	for _, want := range []string{"prefers-reduced-motion", "prefers-color-scheme: dark"} {
		if !strings.Contains(string(picture), want) {
			t.Errorf("it says nothing of %s", want)
		}
	}
}

var nodeRelease = regexp.MustCompile(`Node\.js \d+\.\d+\.\d+`)

// TestPictureIsOfThisProgram draws the picture again. Only the release of Node.js may differ.
func TestPictureIsOfThisProgram(t *testing.T) {
	gate.Need(t, "verify")
	scenes, err := record(nodetest.Copy(t, "agent-7.0.6"), filepath.Join(t.TempDir(), "bin"))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../docs/recording.svg")
	if err != nil {
		t.Fatal(err)
	}
	blank := func(picture []byte) string { return nodeRelease.ReplaceAllString(string(picture), "Node.js") }
	if diff := cmp.Diff(blank(committed), blank(draw(scenes))); diff != "" {
		t.Errorf("run make recording (-committed +drawn now):\n%s", diff)
	}
}
