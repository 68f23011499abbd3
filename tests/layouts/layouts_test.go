// Package layouts installs next-auth with each package manager, also as the documents say, and patches every copy with
// proxypatch.
package layouts

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// layout is a layout of node_modules.
type layout struct {
	name     string
	managers []string       // that can create it
	settings string         // settings of the manager, as in its file
	manifest map[string]any // fields of the root's package.json
	shapes   []string       // shapes of projects; an app and a workspace if empty
	lines    bool           // whether to install next-auth 4 and 5 side by side, too
	shared   bool           // whether projects share the patched files by hard links
	want     want           // what proxypatch should do
}

type want int

const (
	wantPatched want = iota
	wantRefused      // exit with 5 until you follow the hint
	wantAgent        // exit with 7 in a workspace whose members have https-proxy-agent, but whose root has not
)

var (
	npms  = []string{"npm 11", "npm 12"}
	pnpms = []string{"pnpm 8", "pnpm 9", "pnpm 10", "pnpm 11", "pnpm 12"}
	// Older releases read settings from .npmrc, newer ones from pnpm-workspace.yaml.
	oldPNPMs, newPNPMs = pnpms[:2], pnpms[2:]
)

var layouts = []layout{
	{name: "hoisted", managers: npms, lines: true},
	{name: "linked", managers: npms, settings: "install-strategy=linked", want: wantAgent},
	{name: "nested", managers: npms, settings: "install-strategy=nested"},
	{name: "hoisted", managers: []string{"yarn 1"}},
	{name: "nohoist", managers: []string{"yarn 1"}, shapes: []string{"workspace"}, manifest: map[string]any{
		"workspaces": map[string]any{"packages": []string{"packages/*"}, "nohoist": []string{"**"}},
	}},
	{name: "classic", managers: []string{"yarn 4"}, settings: "nodeLinker: node-modules", lines: true},
	{name: "hardlinks-local", managers: []string{"yarn 4"}, settings: "nodeLinker: node-modules\nnmMode: hardlinks-local"},
	{name: "hardlinks-global", managers: []string{"yarn 4"}, settings: "nodeLinker: node-modules\nnmMode: hardlinks-global", shared: true, lines: true},
	{name: "pnpm linker", managers: []string{"yarn 4"}, settings: "nodeLinker: pnpm", want: wantAgent, shared: true, lines: true},
	{name: "Plug'n'Play", managers: []string{"yarn 4"}, want: wantRefused},
	{name: "isolated", managers: pnpms, shared: true, lines: true},
	{name: "hoisted", managers: oldPNPMs, settings: "node-linker=hoisted", shared: true, lines: true},
	{name: "hoisted", managers: newPNPMs, settings: "nodeLinker: hoisted", shared: true, lines: true},
	{name: "short names", managers: []string{"pnpm 9"}, settings: "virtual-store-dir-max-length=40", shared: true},
	{name: "short names", managers: newPNPMs, settings: "virtualStoreDirMaxLength: 40", shared: true},
	{name: "not hoisted", managers: oldPNPMs, settings: "hoist=false", want: wantAgent, shared: true},
	{name: "not hoisted", managers: newPNPMs, settings: "hoist: false", want: wantAgent, shared: true},
	{
		name: "global virtual store", managers: append([]string{"pnpm 10.12"}, newPNPMs...), shared: true, want: wantRefused,
		settings: "enableGlobalVirtualStore: true", lines: true,
	},
	{name: "hoisted", managers: []string{"bun"}, settings: "[install]\nlinker = \"hoisted\"", shared: true, lines: true},
	{name: "isolated", managers: []string{"bun"}, settings: "[install]\nlinker = \"isolated\"", shared: true, lines: true},
	{name: "global store", managers: []string{"bun"}, settings: "[install]\nlinker = \"isolated\"\nglobalStore = true", shared: true, want: wantRefused, lines: true},
	{name: "isolated", managers: []string{"deno"}, settings: "{}", shared: true},
}

// representative lists the tests that make test runs.
var representative = []string{
	"TestLayouts/npm 11, hoisted, workspace",
	"TestLayouts/yarn 4, hardlinks-global, workspace",
	"TestLayouts/pnpm 10, isolated, workspace",
	"TestLayouts/pnpm 10, global virtual store, workspace",
	"TestLayouts/bun, isolated, workspace",
	"TestLayouts/pnpm 12, isolated, lines",
	"TestLayoutHints/yarn 4, pnpm linker, workspace",
	"TestPlugAndPlay/workspace",
	"TestLaterInstalls/bun, workspace",
	"TestLaterInstalls/pnpm 12, workspace",
	"TestLaterInstalls/pnpm 12, next-auth 5",
	"TestLayoutHooks/bun",
	"TestLayoutHooks/deno",
	"TestLayoutLinks/bun, packages",
	"TestLayoutLeftovers/bun, unsupported release",
	"TestLayoutLeftovers/pnpm 10, unsupported release",
	"TestLayoutLeftovers/pnpm 12, pnpm",
	"TestLayoutNativePatches/bun, bun, isolated, elsewhere",
	"TestLayoutNativePatches/pnpm 10, pnpm, in the way",
	"TestExport/pnpm 12, isolated",
	"TestExport/npm 12, hoisted",
	"TestExport/yarn 4, Plug'n'Play",
	"TestExportSignIn/pnpm 12, global virtual store, node:http",
	"TestExportWorkspace/pnpm 12, global virtual store, two releases",
	"TestExportUpgrade/bun",
	"TestExportDeploy/pnpm 12",
	"TestShellBlocks/README.md, npm 11",
	"TestShellBlocks/docs/quick-start.md, npm 11",
	"TestShellBlocks/docs/quick-start.md, yarn 4",
	"TestShellBlocks/docs/quick-start.md, pnpm 12",
	"TestShellBlocks/docs/quick-start.md, bun",
	"TestShellBlocks/docs/do-i-need-it.md, npm 11, From the tutorial's edit",
	"TestShellBlocks/docs/do-i-need-it.md, npm 11, From patch-package",
	"TestShellBlocks/docs/builds.md, npm 11, In CI",
	"TestShellBlocks/docs/builds.md, npm 11, Docker",
	"TestShellBlocks/docs/builds.md, npm 11, Caches in CI",
	"TestShellBlocks/docs/builds.md, npm 11, Caches in docker build",
	"TestPackages/npm 11",
	"TestPackages/pnpm 10",
	"TestPackageArchives/npm 11",
	"TestSecondInstalls/pnpm 12, pnpm deploy",
	"TestDeployedAgent/pnpm 12",
	"TestTranscripts/npm",
}

// member is a package of a project.
type member struct {
	dir          string
	dependencies map[string]string // "workspace" means a package of the workspace
}

const (
	newRelease = "4.24.15"
	oldRelease = "4.2.1"
	wrapper    = "auth-kit" // one of our packages, which depends on next-auth

	strayRelease = "0.40.0" // of an @auth/core that no next-auth loads
)

// shapes are the projects by name. The first member of each is its root.
var shapes = map[string][]member{
	"app":                           {{".", with(react18, "next-auth", newRelease, "auth4", "npm:next-auth@"+oldRelease, "https-proxy-agent", "7.0.6")}},
	"app without https-proxy-agent": {{".", with(react18, "next-auth", newRelease)}},
	"workspace": {
		{".", nil},
		{"packages/web", with(react18, "next-auth", newRelease, "https-proxy-agent", "7.0.6", "lib", "workspace")},
		{"packages/admin", with(react18, "next-auth", oldRelease, "https-proxy-agent", "7.0.6")},
		{"packages/lib", with(react19, "next-auth", newRelease, "https-proxy-agent", "7.0.6")},
		{"packages/docs", with(react18, "auth4", "npm:next-auth@"+newRelease, wrapper, "1.0.0", "https-proxy-agent", "7.0.6")},
	},
	// web names another @auth/core than the one that its next-auth loads. lib and docs share one.
	"lines": {
		{".", nil},
		{"packages/web", with(react19, "next-auth", "5.0.0-beta.32", "@auth/core", strayRelease, "https-proxy-agent", "7.0.6")},
		{"packages/admin", with(react19, "next-auth", newRelease, "https-proxy-agent", "7.0.6")},
		{"packages/lib", with(react19, "next-auth", "5.0.0-beta.27", "https-proxy-agent", "7.0.6")},
		{"packages/docs", with(react19, "next-auth", "5.0.0-beta.26", "https-proxy-agent", "7.0.6")},
	},
}

var (
	react18 = map[string]string{"next": "15.0.0", "react": "18.0.0", "react-dom": "18.0.0"}
	react19 = map[string]string{"next": "15.0.0", "react": "19.0.0", "react-dom": "19.0.0"}
)

// with adds pairs of names and versions.
func with(dependencies map[string]string, more ...string) map[string]string {
	all := maps.Clone(dependencies)
	for pair := range slices.Chunk(more, 2) {
		all[pair[0]] = pair[1]
	}
	return all
}

// built is the output of our stand-in for next after a build.
const built = "next: built"

//go:embed testdata/next.js
var nextBuild string

// ownPackages replace real packages: next-auth's peers and the wrapper. Isolating package managers install a copy of
// next-auth for each version of a peer.
func ownPackages(t *testing.T) [][]byte {
	packages := [][]byte{
		nodetest.Pack(t, `{"name": "next", "version": "15.0.0", "bin": {"next": "next.js"}}`,
			map[string]string{"next.js": nextBuild}),
		nodetest.Pack(t, `{"name": "`+wrapper+`", "version": "1.0.0", "dependencies": {
			"next": "15.0.0", "next-auth": "4.24.15", "react": "17.0.2", "react-dom": "17.0.2"}}`, nil),
	}
	for _, version := range []string{"17.0.2", "18.0.0", "19.0.0"} {
		packages = append(packages,
			nodetest.Pack(t, `{"name": "react", "version": "`+version+`"}`, nil),
			nodetest.Pack(t, `{"name": "react-dom", "version": "`+version+`", "peerDependencies": {"react": "`+version+`"}}`, nil))
	}
	return packages
}

// makeProject writes a project without installing it.
func makeProject(t *testing.T, dir string, m packageManager, l layout, members []member) {
	t.Helper()
	for _, one := range members {
		text, err := json.MarshalIndent(one.manifest(m, l, len(members) > 1), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.FromSlash(one.dir), "package.json"), string(text)+"\n")
	}
	settings := map[string]string{m.settings: l.settings + "\n"}
	if m.command == "deno" && l.settings == "" { // an empty file is no JSON
		settings = nil
	}
	if m.command == "pnpm" && len(members) > 1 {
		settings["pnpm-workspace.yaml"] = "packages:\n  - packages/*\n" + settings["pnpm-workspace.yaml"]
	}
	for name, text := range settings {
		write(t, filepath.Join(dir, name), text)
	}
}

// manifest returns the member's package.json.
func (one member) manifest(m packageManager, l layout, workspace bool) map[string]any {
	dependencies := map[string]string{}
	for name, version := range one.dependencies {
		if version == "workspace" {
			version = m.workspace
		}
		dependencies[name] = version
	}
	manifest := map[string]any{
		"name": filepath.Base(one.dir), "version": "1.0.0", "private": true,
		"scripts": map[string]string{"build": "next build"}, "dependencies": dependencies,
	}
	if one.dir != "." {
		return manifest
	}
	manifest["name"] = "root"
	if workspace && m.command != "pnpm" {
		manifest["workspaces"] = []string{"packages/*"}
	}
	maps.Copy(manifest, l.manifest)
	return manifest
}

// copiesBelow searches all of dir for next-auth without following links, and returns the copies that these load.
func copiesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var copies []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "package.json" {
			return err
		}
		at := filepath.Dir(path)
		if slices.ContainsFunc(line.All, func(l *line.Line) bool { return isFile(filepath.Join(at, l.Mark)) }) && packageName(t, at) == line.NextAuth {
			copies = append(copies, copyOf(t, at))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(copies)
	return slices.Compact(copies)
}

// copyOf returns the directory of the copy that a next-auth loads: its own, or that of its @auth/core.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	for _, l := range line.All {
		if l.Package == line.NextAuth || !isFile(filepath.Join(dir, l.Mark)) {
			continue
		}
		for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
			if real, err := filepath.EvalSymlinks(prooftest.PackageDir(l, at)); err == nil {
				return real
			}
		}
		t.Fatalf("%s has no %s", dir, l.Package)
	}
	return dir
}

// lineOf returns the release line of a copy.
func lineOf(t *testing.T, dir string) *line.Line {
	t.Helper()
	name := packageName(t, dir)
	return line.All[slices.IndexFunc(line.All, func(l *line.Line) bool { return l.Package == name })]
}

func packageName(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Name string }
	_ = json.Unmarshal(data, &manifest) // some packages have invalid ones for their tests
	return manifest.Name
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// TestLayouts installs every layout and runs proxypatch in it.
func TestLayouts(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	for _, l := range layouts {
		for _, manager := range l.managers {
			for _, shape := range l.shapeNames() {
				name := strings.Join([]string{manager, l.name, shape}, ", ")
				if !wanted(name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					newLayoutTest(t, l, packageManagers[manager], registry, shapes[shape]).run(t)
				})
			}
		}
	}
}

// chosen returns the parts of a test to run: all, or the representative ones. If none are chosen, it skips the test.
func chosen(t *testing.T) func(name string) bool {
	t.Helper()
	gate.Need(t, "layouts")
	all := gate.All(t, "layouts")
	asked := map[string]bool{}
	t.Cleanup(func() {
		for _, name := range representative {
			if strings.HasPrefix(name, t.Name()+"/") && !asked[name] {
				t.Errorf("there is no %s", name)
			}
		}
	})
	return func(name string) bool {
		name = t.Name() + "/" + name
		asked[name] = true
		return all || slices.Contains(representative, name)
	}
}

// newRegistry serves all packages of the layouts.
func newRegistry(t *testing.T) string {
	t.Helper()
	return nodetest.Registry(t, slices.Concat(nodetest.Tarballs(t, "layouts"), nodetest.Tarballs(t, "lines"), ownPackages(t)))
}

func (l layout) shapeNames() []string {
	shapes := l.shapes
	if shapes == nil {
		shapes = []string{"app", "workspace"}
	}
	if l.lines {
		shapes = append(slices.Clone(shapes), "lines")
	}
	return shapes
}

// layoutTest is one layout, installed in several projects from the same store.
type layoutTest struct {
	*sandbox
	layout  layout
	manager packageManager
	members []member
	extra   map[string]string              // files of the project by name
	finish  func(t *testing.T, dir string) // a step after the install, if any
}

func newLayoutTest(t *testing.T, l layout, m packageManager, registry string, members []member) *layoutTest {
	t.Helper()
	return &layoutTest{sandbox: newSandbox(t, m, registry), layout: l, manager: m, members: members}
}

// install makes a project and installs it.
func (lt *layoutTest) install(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(lt.dir, name)
	makeProject(t, dir, lt.manager, lt.layout, lt.members)
	for name, content := range lt.extra {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), content)
	}
	lt.must(t, dir, lt.manager.command+" install")
	if lt.finish != nil {
		lt.finish(t, dir)
	}
	return dir
}

func (lt *layoutTest) run(t *testing.T) {
	project := lt.install(t, "one")
	switch {
	case lt.layout.want == wantRefused:
		ways := waysOf(lt.refuse(t, project, clitest.Unsupported))
		lt.follow(t, project, ways[len(ways)-1]) // a copy of one's own
	case lt.layout.want == wantAgent && len(lt.members) > 1:
		lt.follow(t, project, waysOf(lt.refuse(t, project, clitest.Agent))[0])
	}
	copies := copiesBelow(t, project)
	if len(copies) < 2 {
		t.Fatalf("the layout has only %q", copies)
	}
	t.Run("finds", func(t *testing.T) { lt.find(t, project, copies) })
	t.Run("patches and reverts", func(t *testing.T) { lt.patchAndRevert(t, project, copies) })
	if lt.stray() != "" {
		t.Run("selects lines", func(t *testing.T) { lt.selectLines(t, project, copies) })
		t.Run("patches what it warns of", func(t *testing.T) { lt.patchStray(t, project) })
	}
}

// follow applies a cure, in a project and in all projects installed after it.
func (lt *layoutTest) follow(t *testing.T, project string, advice advice) {
	t.Helper()
	lt.finish = func(t *testing.T, dir string) {
		t.Helper()
		advice.follow(t, lt.sandbox, dir)
	}
	lt.finish(t, project)
}

// refuse requires that apply and check exit with a code and that apply changes nothing. It returns apply's report.
func (lt *layoutTest) refuse(t *testing.T, project string, code clitest.Code) clitest.Report {
	t.Helper()
	before := snapshotOf(t, lt.dir)
	r := lt.proxypatch(t, code, project, "apply")
	lt.proxypatch(t, code, project, "check")
	requireSame(t, "refused", before, snapshotOf(t, lt.dir))
	return r
}

// find requires that proxypatch finds all copies from the root, and from a member the copies that its code loads.
func (lt *layoutTest) find(t *testing.T, project string, copies []string) {
	r := lt.proxypatch(t, clitest.OK, project, "apply", "--dry-run")
	if diff := cmp.Diff(copies, r.Dirs()); diff != "" {
		t.Errorf("found from the root (-there +found):\n%s", diff)
	}
	lt.requireReached(t, project, r)
	loaded := lt.resolve(t, project)
	// proxypatch may not know who loads a copy that only other packages depend on.
	unknown := prooftest.Missing(copies, slices.Concat(slices.Collect(maps.Values(loaded))...))
	for _, m := range lt.members[1:] {
		var want []string
		for _, dir := range lt.closure(m) {
			want = append(want, loaded[dir]...)
		}
		for name := range m.dependencies {
			want = append(want, lt.loadedBy(t, filepath.Join(project, m.dir), name)...)
		}
		got := lt.proxypatch(t, clitest.OK, filepath.Join(project, m.dir), "apply", "--dry-run").Dirs()
		if lost := prooftest.Missing(want, got); len(lost) > 0 {
			t.Errorf("not found from %s: %q", m.dir, lost)
		}
		if more := prooftest.Missing(prooftest.Missing(got, want), unknown); len(more) > 0 {
			t.Errorf("found from %s, though nothing there loads it: %q", m.dir, more)
		}
	}
}

// requireReached requires that the report names the copies that each member loads, and the paths to them.
func (lt *layoutTest) requireReached(t *testing.T, project string, r clitest.Report) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, m := range lt.members {
		for _, name := range m.declared() {
			for _, dir := range lt.loads(t, filepath.Join(project, m.dir), name) {
				want[filepath.Base(m.dir)+" gets "+dir] = true
			}
		}
	}
	for _, c := range r.Copies {
		for _, way := range c.Reached {
			got[strings.Replace(way.From, "root", ".", 1)+" gets "+c.Dir] = true
			dir, err := filepath.EvalSymlinks(filepath.Join(project, way.Path))
			if err != nil {
				t.Error(err)
			} else if dir = copyOf(t, dir); dir != c.Dir {
				t.Errorf("%s leads to %s, not to %s", way.Path, dir, c.Dir)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reached (-by Node.js +by the report):\n%s", diff)
	}
}

// resolve asks Node.js which copies of next-auth it loads for each member.
func (lt *layoutTest) resolve(t *testing.T, project string) map[string][]string {
	t.Helper()
	loaded := map[string][]string{}
	for _, m := range lt.members {
		loaded[m.dir] = lt.loads(t, filepath.Join(project, m.dir), m.names()...)
	}
	return loaded
}

// loadedBy asks Node.js which copy a dependency of a member loads, if it declares one.
func (lt *layoutTest) loadedBy(t *testing.T, dir, name string) []string {
	t.Helper()
	if name != wrapper {
		return nil
	}
	found := lt.node(t, dir, name)
	if len(found) != 1 {
		t.Fatalf("%s has no %s", dir, name)
	}
	return lt.loads(t, found[0], "next-auth")
}

// loads asks Node.js for the copies of next-auth that it loads from dir, by name.
func (lt *layoutTest) loads(t *testing.T, dir string, names ...string) []string {
	t.Helper()
	var copies []string
	for _, found := range lt.node(t, dir, names...) {
		copies = append(copies, copyOf(t, found))
	}
	return copies
}

// node asks Node.js for the directories of packages that it loads from dir, by name.
func (lt *layoutTest) node(t *testing.T, dir string, names ...string) []string {
	t.Helper()
	script, err := filepath.Abs("testdata/resolve.js")
	if err != nil {
		t.Fatal(err)
	}
	out := lt.must(t, dir, strings.Join(append([]string{"node", shellQuote(script)}, names...), " "))
	var dirs []string
	if err := json.Unmarshal([]byte(out), &dirs); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dirs
}

// names are the names by which the member's code loads next-auth. It may load packages that it does not declare.
func (one member) names() []string {
	return slices.Compact(slices.Sorted(slices.Values(append(one.declared(), "next-auth"))))
}

// declared are the names by which the member depends on next-auth.
func (one member) declared() []string {
	var names []string
	for name, version := range one.dependencies {
		if name == "next-auth" || strings.HasPrefix(version, "npm:next-auth@") {
			names = append(names, name)
		}
	}
	return names
}

// closure lists the directories of a member and of the members that it depends on.
func (lt *layoutTest) closure(m member) []string {
	dirs := []string{m.dir}
	for _, other := range lt.members {
		if m.dependencies[filepath.Base(other.dir)] == "workspace" {
			dirs = append(dirs, lt.closure(other)...)
		}
	}
	return dirs
}

// patchAndRevert runs apply, check and revert on all copies, and makes their calls in Node.js. The store, other
// projects and later installs must not change.
func (lt *layoutTest) patchAndRevert(t *testing.T, project string, copies []string) {
	network := prooftest.NewNetwork(t)
	unpatched := phaseOf(t, network, "unpatched", func(line.Call) []string { return nil })
	patched := phaseOf(t, network, "patched", throughProxy)
	other := lt.install(t, "two")
	lt.requireShared(t, copies, project, other)
	before, beside, home := snapshotOf(t, project), snapshotOf(t, other), snapshotOf(t, lt.home)
	requireUntouched := func(when string) {
		t.Helper()
		requireSame(t, "the other project "+when, beside, snapshotOf(t, other))
		requireSame(t, "the home directory "+when, home, snapshotOf(t, lt.home))
	}

	lt.proxypatch(t, clitest.Pending, project, "check")
	unpatched(copies)
	lt.proxypatch(t, clitest.OK, project, "apply")
	lt.proxypatch(t, clitest.OK, project, "check")
	patched(copies)
	if lt.stray() != "" {
		lt.proxypatch(t, clitest.OK, project, "verify --node "+shellQuote(nodetest.Node(t)))
	}
	requireUntouched("after apply")

	fresh := lt.install(t, "three")
	for _, dir := range copies {
		name := dir[len(project):]
		requireSame(t, "a fresh install's "+name, packageOf(t, other+name), packageOf(t, fresh+name))
	}
	home = snapshotOf(t, lt.home)

	lt.proxypatch(t, clitest.OK, project, "revert")
	requireSame(t, "the project after revert", before, withoutStamps(snapshotOf(t, project)))
	requireUntouched("after revert")
}

// requireShared requires that two projects share the files of each copy exactly if the layout does. Otherwise, a check
// that other projects do not change would prove nothing.
func (lt *layoutTest) requireShared(t *testing.T, copies []string, project, other string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return // others use copy-on-write
	}
	for _, dir := range copies {
		file := filepath.FromSlash(lineOf(t, dir).Calls.Always)
		a, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.Stat(filepath.Join(other+dir[len(project):], file))
		if err != nil {
			t.Fatal(err)
		}
		if shared := os.SameFile(a, b); shared != lt.layout.shared {
			t.Errorf("%s: shared with another project: %v, want %v", dir, shared, lt.layout.shared)
		}
	}
}

// throughProxy returns the requests of a call through the proxy.
func throughProxy(c line.Call) []string {
	return nettest.Arrivals(c.Request)
}

// phaseOf returns a function that makes every call of every copy.
func phaseOf(t *testing.T, network *prooftest.Network, name string, arrivals func(line.Call) []string) func(copies []string) {
	t.Helper()
	callers := map[*line.Line]*prooftest.Caller{}
	for _, l := range line.All {
		callers[l] = network.Caller(t, l)
	}
	return func(copies []string) {
		t.Helper()
		for _, dir := range copies {
			l, pkg := lineOf(t, dir), npmreleases.Package{}
			for _, c := range l.Calls.Kinds {
				if data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(c.File))); err == nil {
					pkg[c.File] = data
				}
			}
			p := prooftest.Phase{Name: name, Caller: callers[l], Arrivals: arrivals}
			p.Prove(t, network, prooftest.CallsOf(t, l, pkg), dir)
		}
	}
}

// proxypatch runs the program with --json in a directory.
func (s *sandbox) proxypatch(t *testing.T, want clitest.Code, dir string, args ...string) clitest.Report {
	t.Helper()
	code, out := s.sh(t, dir, "proxypatch "+strings.Join(args, " ")+" --json")
	var r clitest.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if code != int(want) {
		t.Fatalf("proxypatch %s in %s exited with %d, not %d: %+v", strings.Join(args, " "), dir, code, want, r.Problems)
	}
	return r
}

// snapshotOf returns the modes and hashes of all files below dir, and the targets of links.
func snapshotOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content := ""
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			content, err = os.Readlink(path)
		case info.Mode().IsRegular():
			var data []byte
			data, err = os.ReadFile(path)
			content = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		tree[path[len(dir):]] = info.Mode().String() + " " + content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// stamp matches the stamps that apply and revert write, also in an app that was never built.
var stamp = regexp.MustCompile(`/\.next(/dev)?(/cache(/proxypatch\.json)?)?$`)

// withoutStamps removes the stamps of build caches from a snapshot.
func withoutStamps(tree map[string]string) map[string]string {
	maps.DeleteFunc(tree, func(name, _ string) bool { return stamp.MatchString(name) })
	return tree
}

// packageOf is snapshotOf without the files that a package manager adds to the package. Some of these name the
// project's directory.
func packageOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := snapshotOf(t, dir)
	maps.DeleteFunc(tree, func(name, _ string) bool { return strings.HasPrefix(name, "/node_modules") })
	return tree
}

// requireSame requires that two snapshots are equal.
func requireSame(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%s is not as before (-before +after):\n%s", what, diff)
	}
}
