package layouts

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// guide is a part of a document. Its shell blocks run in order, in one project and one shell.
type guide struct {
	document string
	section  string // with the sections below it; the whole document if empty
	manager  string
	release  string // the release of next-auth, installed before the first block
	begin    func(t *testing.T, s *sandbox, dir string)
}

var guides = append([]guide{
	{"README.md", "", "npm 11", newRelease, offerClone},
	{"docs/do-i-need-it.md", "From the tutorial's edit", "npm 11", oldRelease, editAsTutorial},
	{"docs/do-i-need-it.md", "From patch-package", "npm 11", oldRelease, usePatchPackage},
	{"docs/do-i-need-it.md", "From pnpm patch", "pnpm 10", oldRelease, usePNPMPatch},
	{"docs/builds.md", "In CI", "npm 11", newRelease, useDependency},
	{"docs/builds.md", "Docker", "npm 11", newRelease, useHooks},
	{"docs/builds.md", "Caches in CI", "npm 11", newRelease, useDependency},
	{"docs/builds.md", "Caches in docker build", "npm 11", newRelease, useDependency},
}, quickStarts("npm 11", "npm 12", "yarn 1", "yarn 4", "pnpm 8", "pnpm 9", "pnpm 10", "pnpm 11", "pnpm 12", "bun", "deno")...)

const quickStart = "docs/quick-start.md"

// quickStarts are the quick start in the words of each package manager, in projects that depend on proxypatch.
func quickStarts(managers ...string) []guide {
	var all []guide
	for _, manager := range managers {
		all = append(all, guide{quickStart, "", manager, newRelease, func(t *testing.T, s *sandbox, dir string) {
			s.must(t, dir, inWordsOf(t, manager, "npm install proxypatch"))
		}})
	}
	return all
}

// notRunBlocks is the number of shell blocks of the guides that may be marked "not-run".
const notRunBlocks = 3

// TestShellBlocks runs the commands in the documents.
func TestShellBlocks(t *testing.T) {
	wanted := chosen(t)
	registry := nodetest.Registry(t, slices.Concat(nodetest.Tarballs(t, "layouts"), nodetest.Tarballs(t, "patch-package"), ownPackages(t), published(t)))
	for _, g := range guides {
		name := strings.TrimSuffix(strings.Join([]string{g.document, g.manager, g.section}, ", "), ", ")
		if !wanted(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g.run(t, registry)
		})
	}
}

func (g guide) run(t *testing.T, registry string) {
	m := packageManagers[g.manager]
	s := newSandbox(t, m, registry)
	dir := filepath.Join(s.dir, "project")
	makeProject(t, dir, m, layout{}, []member{{".", with(react18, "next-auth", g.release)}})
	editManifest(t, dir, func(manifest map[string]any) { manifest["scripts"].(map[string]any)["start"] = "next start" })
	s.must(t, dir, m.command+" install")
	if g.begin != nil {
		g.begin(t, s, dir)
	}
	blocks := g.blocks(t)
	if len(blocks) == 0 {
		t.Error("there is nothing to run")
	}
	script := "set -e\n"
	for _, b := range blocks {
		script += fmt.Sprintf("echo '== %s:%d'\n%s", g.document, b.Line, b.Code)
	}
	if code, out := s.sh(t, dir, script+"proxypatch check\n"); code != 0 {
		t.Fatalf("exited with %d:\n%s\n%s", code, script, out)
	}
	if g.document == quickStart && m.command == "npm" {
		requireHooks(t, dir)
	}
}

// requireHooks compares the scripts that the quick start shows with those in package.json that run proxypatch.
func requireHooks(t *testing.T, dir string) {
	t.Helper()
	var shown map[string]string
	for _, section := range repotest.Document(t, quickStart) {
		for _, b := range section.Blocks {
			if b.Language == "json" {
				shown = scriptsOf(t, []byte(b.Code))
			}
		}
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	hooks := scriptsOf(t, manifest)
	maps.DeleteFunc(hooks, func(_, line string) bool { return !strings.Contains(line, "proxypatch") })
	if diff := cmp.Diff(shown, hooks); diff != "" {
		t.Errorf("%s (-document +package.json):\n%s", quickStart, diff)
	}
}

func scriptsOf(t *testing.T, manifest []byte) map[string]string {
	t.Helper()
	var m struct{ Scripts map[string]string }
	if err := json.Unmarshal(manifest, &m); err != nil {
		t.Fatal(err)
	}
	return m.Scripts
}

// inWordsOf puts npm's commands into the words of a package manager, by the table of the quick start.
func inWordsOf(t *testing.T, manager, commands string) string {
	t.Helper()
	if strings.HasPrefix(manager, "npm ") {
		return commands
	}
	line, _, _ := strings.Cut(manager, " ")
	for _, section := range repotest.Document(t, quickStart) {
		for _, row := range section.Rows {
			if name := strings.ToLower(row[0]); name == manager || name == line {
				return replaceWords(commands, section.Rows[0][1:], row[1:])
			}
		}
	}
	t.Fatalf("%s has no row for %s", quickStart, manager)
	return ""
}

// replaceWords replaces how commands begin. After words that end with a colon comes no space.
func replaceWords(commands string, words, replacements []string) string {
	var pairs []string
	for i, replacement := range replacements {
		if strings.HasSuffix(replacement, ":") {
			pairs = append(pairs, words[i]+" ", replacement)
		} else {
			pairs = append(pairs, words[i], replacement)
		}
	}
	return strings.NewReplacer(pairs...).Replace(commands)
}

// blocks returns the shell blocks to run.
func (g guide) blocks(t *testing.T) []markdown.Block {
	var blocks []markdown.Block
	document := repotest.Document(t, g.document)
	if g.section != "" {
		document = document.Under(g.section)
	}
	for _, section := range document {
		if _, ofManager := packageManagers[section.Title]; ofManager && section.Title != g.manager {
			continue
		}
		for _, b := range section.Blocks {
			switch {
			case b.Language == "sh" && b.Info == "":
				if g.document == quickStart {
					b.Code = inWordsOf(t, g.manager, b.Code)
				}
				blocks = append(blocks, b)
			case b.Language == "dockerfile":
				b.Code = runOf(b.Code)
				blocks = append(blocks, b)
			case b.Language == "yaml":
				b.Code = stepsOf(b.Code)
				blocks = append(blocks, b)
			}
		}
	}
	return blocks
}

// runOf returns the commands of a Dockerfile.
func runOf(dockerfile string) string {
	var b strings.Builder
	for line := range strings.Lines(dockerfile) {
		command, found := strings.CutPrefix(line, "RUN ")
		if !found {
			continue
		}
		for strings.HasPrefix(command, "--") { // such as --mount
			_, command, _ = strings.Cut(command, " ")
		}
		b.WriteString(command)
	}
	return b.String()
}

// stepsOf returns the commands of a pipeline: steps with "run" of GitHub, and scripts of
// GitLab.
func stepsOf(pipeline string) string {
	var b strings.Builder
	for line := range strings.Lines(pipeline) {
		step, found := strings.CutPrefix(strings.TrimSpace(line), "- ")
		command, run := strings.CutPrefix(step, "run: ")
		if found && (run || !strings.Contains(step, ": ")) {
			b.WriteString(command + "\n")
		}
	}
	return b.String()
}

// TestEveryShellBlockIsRun requires that every block of the guides runs, except a few.
func TestEveryShellBlockIsRun(t *testing.T) {
	run := map[string]map[int]bool{}
	for _, g := range guides {
		if run[g.document] == nil {
			run[g.document] = map[int]bool{}
		}
		for _, b := range g.blocks(t) {
			run[g.document][b.Line] = true
		}
	}
	var left []string
	for _, document := range slices.Sorted(maps.Keys(run)) {
		for _, section := range repotest.Document(t, document) {
			for _, b := range section.Blocks {
				switch {
				case b.Language != "sh":
				case strings.HasPrefix(b.Info, "not-run "):
					left = append(left, document+" under "+section.Title)
				case b.Info != "":
					t.Errorf("%s:%d: %q is neither empty nor \"not-run\" and a reason", document, b.Line, b.Info)
				case !run[document][b.Line]:
					t.Errorf("%s:%d: no test runs the blocks under %q", document, b.Line, section.Title)
				}
			}
		}
	}
	if len(left) > notRunBlocks {
		t.Errorf("%d shell blocks are not run, and %d may be: %q", len(left), notRunBlocks, left)
	}
}

// offerClone gives git the last commit in place of the address that the README clones, and Go the modules and builds of
// this machine.
func offerClone(t *testing.T, s *sandbox, _ string) {
	top := repotest.Top(t)
	if out, err := repotest.Command(top, nil, "git", "rev-parse", "HEAD").CombinedOutput(); err != nil {
		repotest.Unavailable(t, "a clone of the last commit: %v\n%s", err, out)
	}
	s.withoutProxypatch(t)
	s.env = append(s.env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+top+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/proxypatch/proxypatch",
		"GOPATH=", "GOBIN=", "GOFLAGS=-trimpath")
	for _, name := range []string{"GOMODCACHE", "GOCACHE"} {
		s.env = append(s.env, name+"="+strings.TrimSpace(repotest.Output(t, repotest.Command(top, nil, "go", "env", name))))
	}
}

// useHooks makes a project with hooks, which the stand-in for next builds.
func useHooks(t *testing.T, s *sandbox, dir string) {
	write(t, filepath.Join(dir, "next.config.js"), "module.exports = { output: 'standalone' }\n")
	s.must(t, dir, "npm install https-proxy-agent@7 && proxypatch init")
}

// useDependency is useHooks with proxypatch as a dependency.
func useDependency(t *testing.T, s *sandbox, dir string) {
	s.must(t, dir, "npm install proxypatch")
	useHooks(t, s, dir)
}

func editAsTutorial(t *testing.T, s *sandbox, dir string) {
	s.must(t, dir, "npm install https-proxy-agent@7 && proxypatch --set tutorial")
}

// usePatchPackage makes a project that keeps the tutorial's edit with patch-package.
func usePatchPackage(t *testing.T, s *sandbox, dir string) {
	s.must(t, dir, "npm install https-proxy-agent@7 patch-package && npm pkg set scripts.postinstall='patch-package --error-on-fail'")
	patch := strings.ReplaceAll(tutorialDiff(t, s, dir), "/core/", "/node_modules/next-auth/core/")
	patch = strings.ReplaceAll(patch, "/providers/", "/node_modules/next-auth/providers/")
	write(t, filepath.Join(dir, "patches", "next-auth+"+oldRelease+".patch"), patch)
	s.must(t, dir, "npm ci")
	s.must(t, dir, "proxypatch check --set tutorial")
}

// usePNPMPatch makes a project that keeps it with pnpm.
func usePNPMPatch(t *testing.T, s *sandbox, dir string) {
	s.must(t, dir, "pnpm add https-proxy-agent@7")
	patch := tutorialDiff(t, s, dir)
	s.must(t, dir, "pnpm patch next-auth --edit-dir "+shellQuote(filepath.Join(s.dir, "edit")))
	write(t, filepath.Join(s.dir, "tutorial.diff"), patch)
	s.must(t, filepath.Join(s.dir, "edit"), "git apply -p1 ../tutorial.diff")
	s.must(t, dir, "pnpm patch-commit "+shellQuote(filepath.Join(s.dir, "edit")))
	s.must(t, dir, "rm -rf node_modules && pnpm install") // otherwise the unpatched copy stays
	s.must(t, dir, "proxypatch check --set tutorial")
}

func tutorialDiff(t *testing.T, s *sandbox, dir string) string {
	s.must(t, dir, "proxypatch diff --set tutorial >../tutorial")
	data, err := os.ReadFile(filepath.Join(s.dir, "tutorial"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
