package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/bench/page"
)

// The page and the charts show what the commands measured, and no aim is called met that
// is not.
func TestPage(t *testing.T) {
	for _, m := range []page.Measurement{start, search} {
		tables, err := m.Check("../..")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range tables[1].Rows {
			most, err := page.Number(row[1])
			if want := verdict(row[2], most); err != nil || row[4] != want {
				t.Errorf("%s: %s is called %s, want %s (%v)", m.Command, row[0], row[4], want, err)
			}
		}
	}
}

// Each pair of a round is compared, so a busy machine changes no ratio.
func TestRatio(t *testing.T) {
	s := samples{"a": {ms: []float64{2, 20, 4}, busy: []float64{3}}, "b": {ms: []float64{1, 10, 2}, busy: []float64{2}}}
	if got := s.ratio("a", "b"); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
	aims := s.aimTable([]aim{{"an aim", "a", "b", 1.9}, {"another", "a", "b", 2}})
	if aims.Rows[0][3] != "1.500" {
		t.Errorf("the ratio of processor time is %s, want 1.500", aims.Rows[0][3])
	}
	if aims.Rows[0][4] != "MISSED" || aims.Rows[1][4] != "met" {
		t.Errorf("wrong verdicts: %v", aims.Rows)
	}
}

// A number that differs between the page and the chart is found.
func TestDraw(t *testing.T) {
	s := samples{}
	for _, stage := range stages {
		for _, c := range stage.commands {
			s[c.name] = &series{ms: []float64{1.5}, busy: []float64{1}, peak: 2}
		}
	}
	table := startTable([]samples{s})
	chart, err := drawStart([]page.Table{table})
	if err != nil || !strings.Contains(chart, "1.50 ms") || strings.Contains(chart, ">patch-package<") {
		t.Errorf("the chart is %s, %v", chart, err)
	}
	table.Rows[0][1] = "2.50"
	if other, err := drawStart([]page.Table{table}); err != nil || other == chart {
		t.Errorf("the chart does not depend on the table: %v", err)
	}
}

// The measured programs are built as those of a release.
func TestReleaseOptions(t *testing.T) {
	script, release := read(t, "../lib.sh"), read(t, "../../.goreleaser.yaml")
	for ours, theirs := range map[string]string{
		"GOAMD64=v1":                "goamd64: [v1]",
		"GOARM64=v8.0":              "goarm64: [v8.0]",
		"CGO_ENABLED=0":             "env: [CGO_ENABLED=0,",
		"-trimpath -buildvcs=false": "flags: [-trimpath, -buildvcs=false]",
		"-s -w -buildid= -X github.com/proxypatch/proxypatch/internal/cli.version=v": "ldflags: -s -w -buildid= -X github.com/proxypatch/proxypatch/internal/cli.version=v",
	} {
		if !strings.Contains(script, ours) || !strings.Contains(release, theirs) {
			t.Errorf("lib.sh has %q: %v; .goreleaser.yaml has %q: %v", ours, strings.Contains(script, ours), theirs, strings.Contains(release, theirs))
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// bench/linked links what proxypatch links, except for its own packages.
func TestLinked(t *testing.T) {
	linked := dependencies(t, "../linked")
	for name := range dependencies(t, "../../cmd/proxypatch") {
		if !linked[name] && !strings.Contains(name, "/proxypatch") {
			t.Errorf("bench/linked does not link %s", name)
		}
	}
}

func dependencies(t *testing.T, dir string) map[string]bool {
	t.Helper()
	list, err := exec.Command("go", "list", "-deps", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for name := range strings.FieldsSeq(string(list)) {
		all[name] = true
	}
	return all
}
