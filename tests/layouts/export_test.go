package layouts

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// exportRows are the package managers and layouts that the patch is exported for.
var exportRows = []struct{ manager, layout string }{
	{"pnpm 8", "isolated"},
	{"pnpm 9", "isolated"},
	{"pnpm 9", "hoisted"},
	{"pnpm 9", "not hoisted"},
	{"pnpm 10", "isolated"},
	{"pnpm 10", "hoisted"},
	{"pnpm 10", "not hoisted"},
	{"pnpm 10", "global virtual store"},
	{"pnpm 11", "isolated"},
	{"pnpm 12", "isolated"},
	{"pnpm 12", "hoisted"},
	{"pnpm 12", "not hoisted"},
	{"pnpm 12", "global virtual store"},
	{"npm 12", "hoisted"},
	{"npm 11", "hoisted"},
	{"yarn 1", "hoisted"},
	{"yarn 4", "Plug'n'Play"},
	{"yarn 4", "classic"},
	{"yarn 4", "pnpm linker"},
	{"bun", "hoisted"},
	{"bun", "isolated"},
	{"bun", "global store"},
}

// patchPackaged are the package managers without a form for patches.
var patchPackaged = []string{"npm 11", "yarn 1"}

// TestExport exports the patch for each package manager and layout. The command that export prints must patch, and so
// must a clean install in a clone, without scripts where the package manager patches by itself. Then undo takes it out.
func TestExport(t *testing.T) {
	wanted := chosen(t)
	registry := exportRegistry(t)
	table := newExportTable("| installed by | layouts | patch | entry | to type | clean install without scripts |\n|---|---|---|---|---|---|\n")
	for _, row := range exportRows {
		name := row.manager + ", " + row.layout
		if !wanted(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ex := newExported(t, row.manager, row.layout, registry, exportApp(newRelease))
			table.set(t, row.manager, append([]string{exportLayouts(row.manager)}, ex.roundTrip(t)...)...)
		})
	}
	t.Cleanup(func() { table.compare(t) })
}

// exportLayouts lists the layouts that the patch is exported for with a package manager.
func exportLayouts(manager string) string {
	var names []string
	for _, row := range exportRows {
		if row.manager == manager {
			names = append(names, row.layout)
		}
	}
	return strings.Replace(strings.Join(names, ", "), "classic", "node-modules", 1)
}

func exportApp(release string) []member {
	return []member{{".", with(react18, "next-auth", release, "https-proxy-agent", "7.0.6")}}
}

// exportRegistry is newRegistry with patch-package.
func exportRegistry(t *testing.T) string {
	t.Helper()
	return nodetest.Registry(t, slices.Concat(
		nodetest.Tarballs(t, "layouts"), nodetest.Tarballs(t, "lines"), nodetest.Tarballs(t, "patch-package"), ownPackages(t)))
}

// exported is a project in git that gets the patch from its package manager.
type exported struct {
	*layoutTest
	name    string // of the package manager
	project string
}

// newExported installs a project and commits it.
func newExported(t *testing.T, manager, layoutName, registry string, members []member) *exported {
	t.Helper()
	i := slices.IndexFunc(layouts, func(l layout) bool { return l.name == layoutName && slices.Contains(l.managers, manager) })
	if i < 0 {
		t.Fatalf("%s has no layout %s", manager, layoutName)
	}
	lt := newLayoutTest(t, layouts[i], packageManagers[manager], registry, members)
	if manager == "npm 12" { // nothing else in a project names npm's release
		lt.layout.manifest = map[string]any{"packageManager": pinnedName(t, lt.manager)}
	}
	lt.extra = map[string]string{".gitignore": "node_modules\n.pnp.*\n.yarn/*\n!.yarn/patches\n"}
	ex := &exported{lt, manager, lt.install(t, "one")}
	if lt.manager.command == "npm" { // its first lock file has packages that only optional peers want
		ex.must(t, ex.project, "npm install")
	}
	ex.must(t, ex.project, "git init -q -b main")
	ex.commit(t, "released")
	return ex
}

// commit commits all files and tags the commit.
func (ex *exported) commit(t *testing.T, tag string) {
	t.Helper()
	ex.must(t, ex.project, "git add -A && git -c user.name=Ada -c user.email=ada@corp.test commit -q --allow-empty -m "+tag+" && git tag "+tag)
}

// changed returns the files that differ from a tagged commit.
func (ex *exported) changed(t *testing.T, tag string) []string {
	t.Helper()
	return strings.Fields(ex.must(t, ex.project, "git add -A && git diff --cached --name-only "+tag))
}

// roundTrip exports the patch, and takes it out. It returns the cells of the table.
func (ex *exported) roundTrip(t *testing.T) []string {
	t.Helper()
	released, patched := releasedFiles(t, newRelease), ex.patchedFiles(t, newRelease)
	ex.requireFiles(t, ex.project, released)
	ex.unpatched(t, ex.project)
	before := snapshotOf(t, ex.dir)
	ex.proxypatch(t, clitest.OK, ex.project, "export -n")
	requireSame(t, "export -n", before, snapshotOf(t, ex.dir))

	exported := ex.export(t)
	ex.requireFiles(t, ex.project, patched)
	ex.requireCommit(t, exported)
	ex.commit(t, "exported")
	ex.idle(t)
	clean := ex.cloned(t, patched)
	ex.undo(t)
	ex.requireFiles(t, ex.project, released)
	return []string{patchCell(exported), entryCell(exported), "`" + exported.Install + "`", clean}
}

// unpatched requires that check says that the patch is missing.
func (ex *exported) unpatched(t *testing.T, dir string) {
	t.Helper()
	code := clitest.Pending
	if ex.layout.want == wantRefused {
		code = clitest.Unsupported
	}
	ex.proxypatch(t, code, dir, "check")
}

// export exports the patch and types the command that it prints.
func (ex *exported) export(t *testing.T) clitest.Export {
	t.Helper()
	out := ex.exportOnly(t)
	ex.must(t, ex.project, out.Install)
	ex.proxypatch(t, clitest.OK, ex.project, "check")
	return out
}

// exportOnly runs export, which must say what to type then.
func (ex *exported) exportOnly(t *testing.T, args ...string) clitest.Export {
	t.Helper()
	out := ex.proxypatch(t, clitest.OK, ex.project, append([]string{"export"}, args...)...).Exported
	if out.Install == "" {
		t.Fatalf("export %q does not say what to type", args)
	}
	return out
}

// requireCommit requires that git sees the files that export names, and otherwise only the lock file.
func (ex *exported) requireCommit(t *testing.T, exported clitest.Export) {
	t.Helper()
	var named []string
	for _, f := range exported.Files {
		named = append(named, f.Path)
	}
	slices.Sort(named)
	if changed := slices.DeleteFunc(ex.changed(t, "released"), isLock); !slices.Equal(changed, named) {
		t.Errorf("%q have changed, but export named %q", changed, named)
	}
}

func isLock(name string) bool { return strings.Contains(filepath.Base(name), "lock") }

// idle requires that another export, apply and revert have nothing to do.
func (ex *exported) idle(t *testing.T) {
	t.Helper()
	before := snapshotOf(t, ex.project)
	for args, code := range map[string]clitest.Code{"export": clitest.OK, "apply": clitest.OK, "revert": clitest.Unsupported} {
		ex.proxypatch(t, code, ex.project, args)
		requireSame(t, "the project after "+args, before, withoutStamps(snapshotOf(t, ex.project)))
	}
}

// cloned requires the patch in a clone, and that the install there changes no file. patch-package is a script.
func (ex *exported) cloned(t *testing.T, patched map[string]string) (cell string) {
	t.Helper()
	clone := ex.clone(t)
	cell = "patched"
	if slices.Contains(patchPackaged, ex.name) {
		cell = "not patched: `proxypatch check` exits with 3"
		ex.unpatched(t, clone)
		ex.must(t, clone, "rm -rf node_modules && "+ex.manager.frozen)
	}
	ex.requireFiles(t, clone, patched)
	ex.proxypatch(t, clitest.OK, clone, "check")
	ex.proxypatch(t, clitest.OK, clone, "verify")
	if changed := ex.must(t, clone, "git status --porcelain"); changed != "" {
		t.Errorf("the frozen install changed files:\n%s", changed)
	}
	return cell
}

// clone installs a clone with a frozen lock file and without scripts.
func (ex *exported) clone(t *testing.T) string {
	t.Helper()
	clone := filepath.Join(ex.dir, "clone")
	ex.must(t, ex.dir, "git clone -q one clone")
	option := "--ignore-scripts"
	if ex.name == "yarn 4" {
		option = "--mode=skip-build"
	}
	ex.must(t, clone, ex.manager.frozen+" "+option)
	return clone
}

// undo takes the patch out and requires the files from before export.
func (ex *exported) undo(t *testing.T) {
	t.Helper()
	command := ex.exportOnly(t, "--undo").Install
	if left := slices.DeleteFunc(ex.changed(t, "released"), isLock); len(left) > 0 {
		t.Errorf("export --undo left %q:\n%s", left, ex.must(t, ex.project, "git diff --cached released"))
	}
	for _, dir := range []string{"patches", ".yarn/patches"} {
		if _, err := os.Stat(filepath.Join(ex.project, filepath.FromSlash(dir))); err == nil {
			t.Errorf("export --undo left %s", dir)
		}
	}
	ex.must(t, ex.project, command)
	ex.unpatched(t, ex.project)
	if ex.name == "npm 12" { // it keeps the version that patches need
		ex.must(t, ex.project, `sed -i 's/"lockfileVersion": 4/"lockfileVersion": 3/' package-lock.json`)
	}
	if left := ex.changed(t, "released"); len(left) > 0 {
		t.Errorf("after export --undo and %s, %q differ:\n%s", command, left, ex.must(t, ex.project, "git diff --cached released"))
	}
}

// requireFiles requires that Node.js loads a next-auth with these files.
func (ex *exported) requireFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got, differ := ex.files(t, dir), []string{}
	for name := range got {
		if got[name] != want[name] {
			differ = append(differ, name)
		}
	}
	for name := range want {
		if got[name] == "" {
			differ = append(differ, name)
		}
	}
	if len(differ) > 0 {
		slices.Sort(differ)
		t.Errorf("these files of next-auth differ: %q", differ)
	}
}

// files asks Node.js for the hashes of the files of next-auth, in node_modules or in an archive.
func (ex *exported) files(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	out := ex.must(t, dir, "node "+ex.loader(dir)+testdata(t, "package.js"))
	if err := json.Unmarshal([]byte(out), &files); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, ".bun-tag-") }) // bun marks a patched package
	return files
}

// testdata returns a file of testdata for a command line.
func testdata(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return shellQuote(path)
}

// loader returns the option that makes Node.js find packages without node_modules.
func (ex *exported) loader(dir string) string {
	if isFile(filepath.Join(dir, ".pnp.cjs")) {
		return "--require ./.pnp.cjs "
	}
	return ""
}

// releasedFiles returns the hashes of the files of a published next-auth.
func releasedFiles(t *testing.T, release string) map[string]string {
	t.Helper()
	return hashes(publishedNextAuth(t, release))
}

// patchedFiles returns the hashes of the files of next-auth after apply.
func (ex *exported) patchedFiles(t *testing.T, release string) map[string]string {
	t.Helper()
	dir := filepath.Join(ex.dir, "in place")
	for name, files := range map[string]npmreleases.Package{
		"next-auth": publishedNextAuth(t, release), "https-proxy-agent": {"package.json": []byte(`{"name": "https-proxy-agent", "version": "7.0.6"}`)},
	} {
		if err := files.Write(filepath.Join(dir, "node_modules", name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "package.json"), `{"dependencies": {"next-auth": "`+release+`", "https-proxy-agent": "7.0.6"}}`)
	ex.proxypatch(t, clitest.OK, dir, "apply")
	return ex.files(t, dir)
}

func publishedNextAuth(t *testing.T, release string) npmreleases.Package {
	t.Helper()
	releases, packages := nodetest.Releases(t)
	return packages[slices.IndexFunc(releases, func(r npmreleases.Release) bool { return r.Version == release })]
}

func hashes(files npmreleases.Package) map[string]string {
	sums := map[string]string{}
	for name, data := range files {
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return sums
}
