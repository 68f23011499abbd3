package layouts

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/markdown"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// guide is a part of a document. Its shell blocks run in order, in one project.
type guide struct {
	document string
	section  string // with the sections below it; the whole document if empty
	manager  string
	release  string // the release of next-auth, installed before the first block
	begin    func(t *testing.T, s *sandbox, dir string)
}

var guides = []guide{
	{"README.md", "", "npm 11", newRelease, nil},
	{"docs/quick-start.md", "npm", "npm 11", newRelease, nil},
	{"docs/quick-start.md", "npm", "npm 12", newRelease, nil},
	{"docs/quick-start.md", "yarn 1", "yarn 1", newRelease, nil},
	{"docs/quick-start.md", "yarn 4", "yarn 4", newRelease, nil},
	{"docs/quick-start.md", "pnpm", "pnpm 8", newRelease, nil},
	{"docs/quick-start.md", "pnpm", "pnpm 9", newRelease, nil},
	{"docs/quick-start.md", "pnpm", "pnpm 10", newRelease, nil},
	{"docs/quick-start.md", "pnpm", "pnpm 11", newRelease, nil},
	{"docs/quick-start.md", "pnpm", "pnpm 12", newRelease, nil},
	{"docs/quick-start.md", "bun", "bun", newRelease, nil},
	{"docs/quick-start.md", "Deno", "deno", newRelease, nil},
	{"docs/do-i-need-it.md", "From the tutorial's edit", "npm 11", oldRelease, editAsTutorial},
	{"docs/do-i-need-it.md", "From patch-package", "npm 11", oldRelease, usePatchPackage},
	{"docs/do-i-need-it.md", "From pnpm patch", "pnpm 10", oldRelease, usePNPMPatch},
	{"docs/builds.md", "In CI", "npm 11", newRelease, useDependency},
	{"docs/builds.md", "Docker", "npm 11", newRelease, useHooks},
	{"docs/builds.md", "Caches in CI", "npm 11", newRelease, useDependency},
	{"docs/builds.md", "Caches in docker build", "npm 11", newRelease, useDependency},
}

// notRunBlocks is the number of shell blocks of the guides that may be marked "not-run".
const notRunBlocks = 4

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
			m := packageManagers[g.manager]
			s := newSandbox(t, m, registry)
			dir := filepath.Join(s.dir, "project")
			makeProject(t, dir, m, layout{}, []member{{".", with(react18, "next-auth", g.release)}})
			s.must(t, dir, m.command+" install")
			if g.begin != nil {
				g.begin(t, s, dir)
			}
			blocks := g.blocks(t)
			if len(blocks) == 0 {
				t.Error("there is nothing to run")
			}
			for _, b := range blocks {
				if code, out := s.sh(t, dir, "set -e\n"+b.Code); code != 0 {
					t.Fatalf("%s:%d: exited with %d:\n%s\n%s", g.document, b.Line, code, b.Code, out)
				}
			}
			s.must(t, dir, "proxypatch check")
		})
	}
}

// blocks returns the shell blocks to run.
func (g guide) blocks(t *testing.T) []markdown.Block {
	var blocks []markdown.Block
	document := repotest.Document(t, g.document)
	if g.section != "" {
		document = document.Under(g.section)
	}
	for _, section := range document {
		for _, b := range section.Blocks {
			switch {
			case b.Language == "sh" && b.Info == "":
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
