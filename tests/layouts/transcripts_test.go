package layouts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
	"github.com/proxypatch/proxypatch/npm"
)

const transcriptsFile = "docs/maintaining/transcripts.md"

// newUsers are the rows of the quick start's table, and the installers that are tried for
// them. The commands below the table are npm's.
var newUsers = []struct{ row, installer string }{
	{"npm", "npm 11"},
	{"yarn 1", "yarn 1"},
	{"yarn 4", "yarn 4"},
	{"pnpm", "pnpm 10"},
	{"bun", "bun"},
}

// TestTranscripts does what the quick start says, with proxypatch as a dependency, and
// holds what new users see against docs/maintaining/transcripts.md. With UPDATE set it writes that.
func TestTranscripts(t *testing.T) {
	wanted := chosen(t)
	registry := packagesRegistry(t)
	update := os.Getenv("UPDATE") != ""
	sections := make([]string, len(newUsers))
	for i, user := range newUsers { // one by one: verify has next-auth's 3.5 seconds for each request
		if !wanted(user.row) {
			continue
		}
		t.Run(user.row, func(t *testing.T) {
			sections[i] = transcript(t, user.row, installerNamed(t, user.installer), registry)
			if !update && !strings.Contains(repotest.Read(t, transcriptsFile), sections[i]) {
				t.Errorf("%s does not have this; make transcripts brings it up to date:\n%s", transcriptsFile, sections[i])
			}
		})
	}
	switch {
	case !update:
		return
	case t.Failed() || slices.Contains(sections, ""):
		t.Fatalf("%s is left as it was: it needs all sections", transcriptsFile)
	}
	if err := os.WriteFile(filepath.Join("..", "..", transcriptsFile), []byte(transcriptsHead+strings.Join(sections, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

const transcriptsHead = `# Transcripts

What a new user types and sees with each package manager, from an app in which
nothing is installed to a proven sign-in. The commands come from the
[quick start](../quick-start.md). ` + "`make transcripts`" + ` runs them
with the package managers that the tests pin, and writes this file. Tests run them again
and compare. There, next, react and react-dom are empty packages with these names, and
proxypatch comes from a registry in the test. Words in capitals replace times, sizes,
paths and proxypatch's version.

The app's package.json at first:

` + "```json" + `
{
  "scripts": {
    "build": "next build"
  },
  "dependencies": {
    "next": "15.0.0",
    "next-auth": "` + newRelease + `",
    "react": "18.0.0",
    "react-dom": "18.0.0"
  }
}
` + "```" + `
`

func installerNamed(t *testing.T, name string) installer {
	t.Helper()
	for _, in := range installers {
		if in.name == name {
			return in
		}
	}
	t.Fatalf("no %s", name)
	return installer{}
}

// transcript runs the quick start's commands and returns the section about them.
func transcript(t *testing.T, row string, in installer, registry string) string {
	t.Helper()
	s, dir := in.newApp(t, registry, newRelease)
	normal := normalizer(s, dir, registry)
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n```\n", row)
	for _, command := range firstCommands(t) {
		command = inWordsOf(t, in.manager, command)
		out := s.must(t, dir, command)
		fmt.Fprintf(&b, "$ %s\n%s", command, normal(out))
	}
	b.WriteString("```\n")
	// What is installed next must be patched too.
	if code, out := reinstall(t, s, dir, packageManagers[in.manager].frozen); code != 0 {
		t.Errorf("a clean install exited with %d:\n%s", code, out)
	}
	s.must(t, dir, in.run+" check")
	return b.String()
}

// firstCommands are those under "Patch" in the quick start, for a project that depends on
// proxypatch, and the first of those for a team.
func firstCommands(t *testing.T) []string {
	t.Helper()
	var commands []string
	for _, section := range repotest.Document(t, quickStart) {
		if section.Title != "Patch" && section.Title != "For a team" {
			continue
		}
		for line := range strings.Lines(section.Blocks[0].Code) {
			command, _, _ := strings.Cut(line, "#")
			commands = append(commands, strings.TrimSpace(command))
			if section.Title == "For a team" {
				break
			}
		}
	}
	for i, command := range commands {
		if packages, found := strings.CutPrefix(command, "npm install "); found {
			commands[i] = "npm install proxypatch " + packages
		} else if !strings.HasPrefix(command, "npx ") {
			commands[i] = "npx " + command
		}
	}
	return commands
}

// normalizer returns a function that takes out of what is printed all that is
// another time or on another machine another.
func normalizer(s *sandbox, dir, registry string) func(string) string {
	host, _ := npm.Host()
	words := strings.NewReplacer(dir, "APP", s.dir, "DIR", registry, "REGISTRY/", strings.TrimSuffix(registry, "/"), "REGISTRY",
		packedVersion, "VERSION", host.String(), "PLATFORM")
	rules := []struct {
		pattern *regexp.Regexp
		word    string
	}{
		{regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]|[^\n]*\r`), ""},
		{regexp.MustCompile(`\b\d+(\.\d+)?(ms|s|m)( \d+(ms|s|m))*\b`), "TIME"},
		{regexp.MustCompile(`\b\d+(\.\d+)? [KM]i?B\b`), "SIZE"},
		{regexp.MustCompile(`Node\.js \d+\.\d+\.\d+`), "Node.js VERSION"},
		{regexp.MustCompile(`(?m)^(npm warn .*package-import-method|Progress: |Resolv).*\n`), ""}, // a setting for pnpm that all get; how far pnpm and bun are
		{regexp.MustCompile(`(?m)[ \t]+$`), ""},
	}
	return func(text string) string {
		text = words.Replace(text)
		for _, r := range rules {
			text = r.pattern.ReplaceAllString(text, r.word)
		}
		return text
	}
}
