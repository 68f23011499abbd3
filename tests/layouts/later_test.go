package layouts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// laterFile has a table of what becomes of the patch for each of laterProjects.
const laterFile = "docs/after-you-patched.md"

// laterProjects are the projects in which people install something after proxypatch
// init. Each has a table, with a column for each step.
var laterProjects = []struct {
	name    string
	members []member
	app     string // the directory to build in
	columns []string
}{
	{"app", []member{{".", nextAuthApp}}, ".", []string{
		"new clone", "install again", "frozen lock file", "add", "update", "remove", "another next-auth", "no devDependencies",
	}},
	{"workspace", []member{{".", nil}, {"packages/web", nextAuthApp}, {"packages/other", nil}}, "packages/web", []string{
		"new clone", "install again", "frozen lock file", "add to the root", "remove there",
		"add to a package", "update there", "remove there", "another next-auth there", "only one package",
	}},
}

var nextAuthApp = with(react18, "next-auth", newRelease, "https-proxy-agent", "7.0.6")

// The first project with next-auth 5, and the release that it gets later, of another @auth/core.
const (
	laterFive = "next-auth 5"
	otherOf5  = "next-auth@5.0.0-beta.27"
)

var nextAuth5App = []member{{".", with(react19, "next-auth", "5.0.0-beta.32", "https-proxy-agent", "7.0.6")}}

// laterManager is a package manager, and what its users type in each step. Where a step
// is empty, there is no such command.
type laterManager struct {
	name, settings string
	app, workspace []string
}

const fresh = "rm -rf node_modules packages/*/node_modules .yarn && "

func pnpmSteps(name string) laterManager {
	return laterManager{name, "", []string{
		fresh + "pnpm install", "pnpm install", "pnpm install --frozen-lockfile",
		"pnpm add extra@1.0.0", "pnpm update --latest extra", "pnpm remove extra", "pnpm add next-auth@4.2.1", "pnpm prune --prod",
	}, []string{
		fresh + "pnpm install", "pnpm install", "pnpm install --frozen-lockfile", "pnpm add -w extra", "pnpm remove -w extra",
		"cd packages/web && pnpm add extra@1.0.0", "cd packages/web && pnpm update --latest extra", "cd packages/web && pnpm remove extra",
		"cd packages/web && pnpm add next-auth@4.2.1", fresh + "pnpm install --filter web",
	}}
}

func npmSteps(name string) laterManager {
	return laterManager{name, "", []string{
		fresh + "npm install", "npm install", "npm ci",
		"npm install extra@1.0.0", "npm update extra", "npm uninstall extra", "npm install next-auth@4.2.1", "npm prune --omit=dev",
	}, []string{
		fresh + "npm install", "npm install", "npm ci", "npm install extra", "npm uninstall extra",
		"npm install extra@1.0.0 -w web", "npm update extra -w web", "npm uninstall extra -w web",
		"npm install next-auth@4.2.1 -w web", fresh + "npm ci -w web",
	}}
}

var laterManagers = []laterManager{
	npmSteps("npm 11"),
	npmSteps("npm 12"),
	{"yarn 1", "", []string{
		fresh + "yarn install", "yarn install", "yarn install --frozen-lockfile",
		"yarn add extra@1.0.0", "yarn upgrade extra --latest", "yarn remove extra", "yarn add next-auth@4.2.1", "yarn install --production",
	}, []string{
		fresh + "yarn install", "yarn install", "yarn install --frozen-lockfile", "yarn add -W extra", "yarn remove -W extra",
		"cd packages/web && yarn add extra@1.0.0", "cd packages/web && yarn upgrade extra --latest", "yarn workspace web remove extra",
		"yarn workspace web add next-auth@4.2.1", "",
	}},
	{"yarn 4", "nodeLinker: node-modules", []string{
		fresh + "yarn install", "yarn install", "yarn install --immutable",
		"yarn add extra@1.0.0", "yarn up extra", "yarn remove extra", "yarn add next-auth@4.2.1", "yarn workspaces focus --production",
	}, []string{
		fresh + "yarn install", "yarn install", "yarn install --immutable", "yarn add extra", "yarn remove extra",
		"yarn workspace web add extra@1.0.0", "yarn workspace web up extra", "yarn workspace web remove extra",
		"yarn workspace web add next-auth@4.2.1", fresh + "yarn workspaces focus web",
	}},
	pnpmSteps("pnpm 9"),
	pnpmSteps("pnpm 10"),
	pnpmSteps("pnpm 11"),
	pnpmSteps("pnpm 12"),
	{"bun", "", []string{
		fresh + "bun install", "bun install", "bun install --frozen-lockfile",
		"bun add extra@1.0.0", "bun update extra --latest", "bun remove extra", "bun add next-auth@4.2.1", "bun install --production",
	}, []string{
		fresh + "bun install", "bun install", "bun install --frozen-lockfile", "bun add extra", "bun remove extra",
		"cd packages/web && bun add extra@1.0.0", "cd packages/web && bun update extra --latest", "cd packages/web && bun remove extra",
		"cd packages/web && bun add next-auth@4.2.1", fresh + "bun install --filter web",
	}},
	{"deno", "", []string{
		fresh + "deno install", "deno install", "deno ci",
		"deno add npm:extra@1.0.0", "deno update --latest extra", "deno remove extra", "deno add npm:next-auth@4.2.1", "deno install --prod",
	}, []string{
		fresh + "deno install", "deno install", "deno ci", "deno add npm:extra", "deno remove extra",
		"cd packages/web && deno add npm:extra@1.0.0", "cd packages/web && deno update --latest extra", "cd packages/web && deno remove extra",
		"cd packages/web && deno add npm:next-auth@4.2.1", "",
	}},
}

// What becomes of the patch in a step.
const (
	patchedAgain = "hook"     // a hook ran, and next-auth is patched
	stillPatched = "kept"     // no hook ran, and next-auth is patched
	lost         = "**lost**" // next-auth is not patched
	noCommand    = "–"
)

// TestLaterInstalls runs init and then what people type later, with each package manager.
// Then the build has the patch, or fails and init has said so. The table has the results,
// which are the same for next-auth 5.
func TestLaterInstalls(t *testing.T) {
	wanted := chosen(t)
	registry := laterRegistry(t)
	table, five := &laterTable{rows: map[string]map[string]string{}}, &laterTable{rows: map[string]map[string]string{}}
	for _, m := range laterManagers {
		if wanted(m.name + ", " + laterFive) {
			t.Run(m.name+", "+laterFive, func(t *testing.T) {
				t.Parallel()
				lt := &laterTest{newLayoutTest(t, layout{settings: m.settings}, packageManagers[m.name], registry, nextAuth5App), "."}
				var steps []string
				for _, line := range m.app {
					steps = append(steps, strings.ReplaceAll(line, "next-auth@"+oldRelease, otherOf5))
				}
				five.set("app", m.name, lt.results(t, steps))
			})
		}
		for _, p := range laterProjects {
			if !wanted(m.name + ", " + p.name) {
				continue
			}
			t.Run(m.name+", "+p.name, func(t *testing.T) {
				t.Parallel()
				steps := m.app
				if p.name == "workspace" {
					steps = m.workspace
				}
				lt := &laterTest{newLayoutTest(t, layout{settings: m.settings}, packageManagers[m.name], registry, p.members), p.app}
				table.set(p.name, m.name, lt.results(t, steps))
			})
		}
	}
	t.Cleanup(func() {
		table.compare(t, "")
		five.compare(t, "")
	})
}

// TestLaterCommands compares the commands of TestLaterInstalls with the document. All
// releases of npm, and of pnpm, have the same.
func TestLaterCommands(t *testing.T) {
	table := &laterTable{rows: map[string]map[string]string{}}
	for _, m := range laterManagers {
		name := m.name
		if family, _, _ := strings.Cut(name, " "); family != "yarn" {
			name = family
		}
		table.set("app", name, commandCells(m.app))
		table.set("workspace", name, commandCells(m.workspace))
	}
	table.compare(t, "typed, ")
}

func commandCells(steps []string) []string {
	var cells []string
	for _, line := range steps {
		cell := noCommand
		if line != "" {
			cell = "`" + strings.TrimPrefix(line, fresh) + "`"
		}
		cells = append(cells, cell)
	}
	return cells
}

// laterRegistry is newRegistry with two releases of a package to add, and with a
// devDependency.
func laterRegistry(t *testing.T) string {
	t.Helper()
	more := ownPackages(t)
	for _, manifest := range []string{
		`{"name": "extra", "version": "1.0.0"}`, `{"name": "extra", "version": "1.1.0"}`, `{"name": "tool", "version": "1.0.0"}`,
	} {
		more = append(more, nodetest.Pack(t, manifest, nil))
	}
	return nodetest.Registry(t, slices.Concat(nodetest.Tarballs(t, "layouts"), nodetest.Tarballs(t, "lines"), more))
}

// laterTest is a project with init's hooks.
type laterTest struct {
	*layoutTest
	app string // the directory to build in
}

// results returns what becomes of the patch in each step.
func (lt *laterTest) results(t *testing.T, steps []string) []string {
	t.Helper()
	lt.countRuns(t)
	project := filepath.Join(lt.dir, "one")
	makeProject(t, project, lt.manager, lt.layout, lt.members)
	editManifest(t, project, func(manifest map[string]any) { manifest["devDependencies"] = map[string]string{"tool": "1.0.0"} })
	lt.must(t, project, lt.manager.command+" install")
	said := lt.must(t, project, "proxypatch init")
	var results []string
	for i, line := range steps {
		result := noCommand
		if line != "" {
			result = lt.step(t, project, line)
		}
		if i == 0 || result == lost {
			lt.build(t, project, line, said, result)
		}
		results = append(results, result)
	}
	return results
}

// runs is the file that exists if proxypatch has run.
func (lt *laterTest) runs() string { return filepath.Join(lt.dir, "runs") }

// countRuns puts a proxypatch on the PATH that records that it runs.
func (lt *laterTest) countRuns(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("proxypatch")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(lt.dir, "bin", "proxypatch"), "#!/bin/sh\necho run >>"+shellQuote(lt.runs())+"\nexec "+shellQuote(program)+" \"$@\"\n")
}

// step patches, runs a command, and looks.
func (lt *laterTest) step(t *testing.T, project, line string) string {
	t.Helper()
	lt.must(t, project, "proxypatch apply --all")
	if err := os.Remove(lt.runs()); err != nil {
		t.Fatal(err)
	}
	out := lt.must(t, project, line)
	_, err := os.Stat(lt.runs())
	ran := err == nil
	code, report := lt.sh(t, project, "proxypatch check --all")
	switch {
	case code == int(clitest.Pending):
		return lost
	case code != int(clitest.OK):
		t.Fatalf("after %s, check exited with %d:\n%s\n%s", line, code, out, report)
	case ran:
		return patchedAgain
	}
	return stillPatched
}

// build requires that a build after a step has the patch, or fails and init has named the
// step. Deno's builds patch.
func (lt *laterTest) build(t *testing.T, project, line, said, result string) {
	t.Helper()
	code, out := lt.sh(t, filepath.Join(project, lt.app), lt.manager.command+" run build")
	if (code == 0) != strings.Contains(out, built) {
		t.Errorf("after %s, the build exited with %d:\n%s", line, code, out)
	}
	if code == 0 {
		lt.must(t, project, "proxypatch check --all")
		return
	}
	if code != int(clitest.Pending) || result != lost {
		t.Errorf("after %s, the build exited with %d:\n%s", line, code, out)
	}
	if what := named(line); !strings.Contains(said, what) {
		t.Errorf("after %s next-auth is not patched, but init does not say so (%s):\n%s", line, what, said)
	}
}

// place matches the parts of a step that say where to run the command, and on which
// packages.
var place = regexp.MustCompile(`^rm -rf \S+ \S+ \S+ && |^cd \S+ && | -[Ww]\b| (npm:)?(extra|next-auth)(@\S+)?| --latest`)

// named returns the words of a step that init must print if it loses the patch.
func named(line string) string {
	words := strings.Replace(place.ReplaceAllString(line, ""), " web", " PACKAGE", 1)
	return strings.TrimSuffix(words, " PACKAGE")
}

// laterTable collects the rows of the tables by project and package manager.
type laterTable struct {
	mutex sync.Mutex
	rows  map[string]map[string]string
}

func (table *laterTable) set(project, manager string, results []string) {
	table.mutex.Lock()
	defer table.mutex.Unlock()
	if table.rows[project] == nil {
		table.rows[project] = map[string]string{}
	}
	table.rows[project][manager] = "| " + manager + " | " + strings.Join(results, " | ") + " |"
}

// compare requires that the document has the rows, each in the table of its project, whose
// name follows a prefix. With UPDATE set it writes them.
func (table *laterTable) compare(t *testing.T, prefix string) {
	t.Helper()
	text := repotest.Read(t, laterFile)
	for _, p := range laterProjects {
		head := "| " + prefix + p.name + " | " + strings.Join(p.columns, " | ") + " |\n"
		text = replaceRows(t, laterFile, text, head, table.rows[p.name])
	}
	update(t, laterFile, text)
}

// replaceRows puts the rows of package managers into the table that begins with head.
// Without UPDATE they must be there already.
func replaceRows(t *testing.T, file, text, head string, rows map[string]string) string {
	t.Helper()
	before, rest, found := strings.Cut(text, head)
	if !found {
		t.Fatalf("%s has no table that begins with %s", file, head)
	}
	table, after, _ := strings.Cut(rest, "\n\n")
	for manager, row := range rows {
		table = replaceRow(t, file, table, manager, row)
	}
	return before + head + table + "\n\n" + after
}

// update writes a document if UPDATE is set.
func update(t *testing.T, file, text string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		write(t, filepath.Join(repotest.Top(t), file), text)
	}
}

// replaceRow does that with one of them, in the lines of the table.
func replaceRow(t *testing.T, file, rows, manager, row string) string {
	t.Helper()
	lines := strings.Split(rows, "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "| "+manager+" |") })
	switch {
	case at < 0:
		t.Errorf("%s has no row for %s: %s", file, manager, row)
	case lines[at] != row:
		if os.Getenv("UPDATE") == "" {
			t.Errorf("%s differs:\n%s\nUPDATE=1 writes:\n%s", file, lines[at], row)
		}
		lines[at] = row
	}
	return strings.Join(lines, "\n")
}
