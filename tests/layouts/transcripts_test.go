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

// newUsers are the rows of the README's table, and the installers that are tried
// for them. The commands above the table are npm's.
var newUsers = []struct{ row, installer string }{
	{"npm", "npm 11"},
	{"yarn 1", "yarn 1"},
	{"yarn 4", "yarn 4"},
	{"pnpm", "pnpm 10"},
	{"bun", "bun"},
}

// TestTranscripts does what the README tells new users, and nothing else, and
// holds what they see against docs/maintaining/transcripts.md. With UPDATE set it writes that.
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
[README](../../README.md). ` + "`make transcripts`" + ` runs them with
the package managers that the tests pin, and writes this file. Tests run them again and
compare. There, next, react and react-dom are empty packages with these names, and
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

// transcript runs the README's commands and returns the section about them.
func transcript(t *testing.T, row string, in installer, registry string) string {
	t.Helper()
	s, dir := in.newApp(t, registry, newRelease)
	normal := normalizer(s, dir, registry)
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n```\n", row)
	commands := readmeCommands(t, row)
	if len(commands) >= 5 {
		t.Errorf("the README takes %d commands", len(commands))
	}
	for _, command := range commands {
		out := s.must(t, dir, command)
		fmt.Fprintf(&b, "$ %s\n%s", command, normal(out))
	}
	b.WriteString("```\n")
	// The last of them has proved it; what is installed next must be patched too.
	if !strings.HasSuffix(commands[len(commands)-1], " proxypatch verify") {
		t.Errorf("the last command is %s", commands[len(commands)-1])
	}
	if code, out := reinstall(t, s, dir, packageManagers[in.manager].frozen); code != 0 {
		t.Errorf("a clean install exited with %d:\n%s", code, out)
	}
	s.must(t, dir, in.run+" check")
	return b.String()
}

var (
	readmeBlock = regexp.MustCompile("```sh\n(npm install proxypatch [^`]*)```")
	readmeRow   = regexp.MustCompile("(?m)^\\| (\\w+(?: \\d)?)[^|]* \\| `([^`]+)` \\| `([^`]+)` \\|$")
)

// readmeCommands returns the commands that the README gives for a package
// manager.
func readmeCommands(t *testing.T, row string) []string {
	t.Helper()
	readme := repotest.Read(t, "README.md")
	block := readmeBlock.FindStringSubmatch(readme)
	if block == nil {
		t.Fatal("the README starts with no commands")
	}
	install, run := "npm install", "npx"
	for _, m := range readmeRow.FindAllStringSubmatch(readme, -1) {
		if m[1] == row {
			install, run = m[2], m[3]
		}
	}
	if row != "npm" && install == "npm install" {
		t.Fatalf("the README has no row for %s", row)
	}
	var commands []string
	for line := range strings.Lines(block[1]) {
		command, _, _ := strings.Cut(line, "#")
		command = strings.NewReplacer("npm install ", install+" ", "npx ", run+" ").Replace(command)
		commands = append(commands, strings.TrimSpace(command))
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
