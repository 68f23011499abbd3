package layouts

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// TestLayoutHints follows each cure that proxypatch names if next-auth can't load https-proxy-agent. After it, an
// install with a frozen lock file must work.
func TestLayoutHints(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	for _, l := range layouts {
		shape := "app without https-proxy-agent"
		switch l.want {
		case wantRefused:
			continue
		case wantAgent:
			shape = "workspace"
		}
		if !slices.Contains(l.shapeNames(), "app") {
			continue
		}
		for _, manager := range l.managers {
			name := strings.Join([]string{manager, l.name, shape}, ", ")
			if !wanted(name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				lt := newLayoutTest(t, l, packageManagers[manager], registry, shapes[shape])
				project := lt.install(t, "way 0")
				ways := waysOf(lt.refuse(t, project, clitest.Agent))
				for i, advice := range ways {
					if i > 0 {
						project = lt.install(t, "way "+string(rune('0'+i)))
					}
					t.Log(advice)
					advice.follow(t, lt.sandbox, project)
					lt.proxypatch(t, clitest.OK, project, "apply")
					lt.proxypatch(t, clitest.OK, project, "revert")
					lt.must(t, project, lt.manager.frozen)
					lt.proxypatch(t, clitest.OK, project, "apply", "--dry-run")
				}
			})
		}
	}
}

// advice is one cure for a report's problems: the steps for each copy.
type advice []string

// waysOf returns the cures in the hints of a report's errors. Each solves all of them.
func waysOf(r clitest.Report) []advice {
	ways := map[int]map[string]bool{}
	for _, p := range r.Problems {
		if p.Severity != "error" {
			continue
		}
		for i, line := range strings.Split(p.Hint, "\n") {
			if ways[i] == nil {
				ways[i] = map[string]bool{}
			}
			ways[i][alternative.ReplaceAllString(line, "")] = true
		}
	}
	all := make([]advice, len(ways))
	for i, lines := range ways {
		all[i] = slices.Sorted(maps.Keys(lines))
	}
	return all
}

var (
	alternative   = regexp.MustCompile(`^or(?:, if you run pnpm deploy,)? `)
	settingAdvice = regexp.MustCompile(`^set (\S+?)( = |: )(\S+)(?: under \[\w+\])? in (\S+), run (.*), then (?:proxypatch|run proxypatch again)$`)
	entryAdvice   = regexp.MustCompile(`^add (.*) to (\S+), run (.*) and commit the lock file$`)
)

// follow follows the advice in a project.
func (a advice) follow(t *testing.T, s *sandbox, project string) {
	t.Helper()
	for _, line := range a {
		if m := settingAdvice.FindStringSubmatch(line); m != nil {
			set(t, filepath.Join(project, m[4]), m[1]+m[2], m[3])
			s.must(t, project, m[5])
			continue
		}
		if m := entryAdvice.FindStringSubmatch(line); m != nil {
			enter(t, filepath.Join(project, m[2]), m[1])
			s.must(t, project, m[3])
			continue
		}
		s.must(t, project, line)
	}
}

// set changes or adds a setting.
func set(t *testing.T, file, setting, value string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(content), setting)
	_, after, _ := strings.Cut(rest, "\n")
	write(t, file, before+setting+value+"\n"+after)
}

// enter adds an entry to a settings file: a line of YAML, or a field of JSON.
func enter(t *testing.T, file, entry string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if filepath.Ext(file) != ".json" {
		write(t, file, string(content)+entry+"\n")
		return
	}
	fields := map[string]any{}
	for _, text := range []string{string(content), "{" + entry + "}"} {
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	text, err := json.MarshalIndent(fields, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text)+"\n")
}
