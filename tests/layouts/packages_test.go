package layouts

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/npm"
)

// packedVersion is the version of the packages in these tests. Only the tests' registry
// has it, so a program with this version comes from there.
const packedVersion = "0.0.0-test"

// hostProgram is the program in npm packages.
var hostProgram = sync.OnceValues(func() ([]byte, error) {
	p, _ := npm.Host()
	return p.Build(context.Background(), "../..", packedVersion)
})

// packages builds all npm packages. Only the one for this machine has a program.
func packages(t *testing.T) []npm.Tarball {
	t.Helper()
	if _, known := npm.Host(); !known {
		t.Skip("there is no package for this platform")
	}
	program, err := hostProgram()
	if err != nil {
		t.Fatal(err)
	}
	return pack(t, packedVersion, program)
}

// pack packs all npm packages of a version, with the program for this machine.
func pack(t *testing.T, version string, own []byte) []npm.Tarball {
	t.Helper()
	host, _ := npm.Host()
	first, err := npm.Main("../..", version)
	if err != nil {
		t.Fatal(err)
	}
	all := []npm.Tarball{first}
	for _, p := range npm.Platforms {
		program := []byte("for other machines")
		if p == host {
			program = own
		}
		tarball, err := p.Pack("../..", version, program)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tarball)
	}
	return all
}

// packagesRegistry is newRegistry with proxypatch.
func packagesRegistry(t *testing.T) string {
	t.Helper()
	return nodetest.Registry(t, slices.Concat(nodetest.Tarballs(t, "layouts"), ownPackages(t), published(t)))
}

// published returns the packages in the form for registries.
func published(t *testing.T) [][]byte {
	t.Helper()
	var tarballs [][]byte
	for _, p := range packages(t) {
		tarballs = append(tarballs, p.Data)
	}
	return tarballs
}

// withoutProxypatch removes the tests' own proxypatch from the PATH.
func (s *sandbox) withoutProxypatch(t *testing.T) *sandbox {
	t.Helper()
	own, err := exec.LookPath("proxypatch")
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range s.env {
		if path, found := strings.CutPrefix(entry, "PATH="); found {
			dirs := slices.DeleteFunc(filepath.SplitList(path), func(dir string) bool { return dir == filepath.Dir(own) })
			s.env[i] = "PATH=" + strings.Join(dirs, string(filepath.ListSeparator))
		}
	}
	return s
}

// installer holds the commands of a package manager.
type installer struct {
	name     string
	manager  string // in packageManagers
	settings string // settings of the manager
	add, run string // as in the README
	without  string // the option that skips optional dependencies, if any
	prod     string // installs without devDependencies
}

var installers = []installer{
	{"npm 11", "npm 11", "", "npm install", "npx proxypatch", "--omit=optional", "npm ci --omit=dev"},
	{"npm 12", "npm 12", "", "npm install", "npx proxypatch", "--omit=optional", "npm ci --omit=dev"},
	{"yarn 1", "yarn 1", "", "yarn add", "yarn -s proxypatch", "--ignore-optional", "yarn install --frozen-lockfile --production"},
	{"yarn 4", "yarn 4", "nodeLinker: node-modules", "yarn add", "yarn proxypatch", "", "yarn workspaces focus --production"},
	{"yarn 4, pnpm linker", "yarn 4", "nodeLinker: pnpm", "yarn add", "yarn proxypatch", "", "yarn workspaces focus --production"},
	{"pnpm 8", "pnpm 8", "", "pnpm add", "pnpm proxypatch", "--no-optional", "pnpm install --prod --frozen-lockfile"},
	{"pnpm 9", "pnpm 9", "", "pnpm add", "pnpm proxypatch", "--no-optional", "pnpm install --prod --frozen-lockfile"},
	{"pnpm 10", "pnpm 10", "", "pnpm add", "pnpm proxypatch", "--no-optional", "pnpm install --prod --frozen-lockfile"},
	{"pnpm 11", "pnpm 11", "", "pnpm add", "pnpm proxypatch", "--no-optional", "pnpm install --prod --frozen-lockfile"},
	{"pnpm 12", "pnpm 12", "", "pnpm add", "pnpm proxypatch", "--no-optional", "pnpm install --prod --frozen-lockfile"},
	{"bun", "bun", "", "bun add", "bunx proxypatch", "--omit=optional", "bun install --production"},
}

const agentWanted = "https-proxy-agent@7"

// newApp makes a sandbox with an app that depends on a release of next-auth. It
// installs nothing.
func (in installer) newApp(t *testing.T, registry, release string) (*sandbox, string) {
	t.Helper()
	m := packageManagers[in.manager]
	s := newSandbox(t, m, registry).withoutProxypatch(t)
	dir := filepath.Join(s.dir, "app")
	makeProject(t, dir, m, layout{settings: in.settings}, []member{{".", with(react18, "next-auth", release)}})
	return s, dir
}

// reinstall installs the project as in a fresh clone. yarn 4 records in .yarn what it
// built.
func reinstall(t *testing.T, s *sandbox, dir, line string) (int, string) {
	t.Helper()
	for _, name := range []string{"node_modules", ".yarn"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return s.sh(t, dir, line)
}

// TestPackages installs the packages with each package manager, which runs the hooks of
// proxypatch init.
func TestPackages(t *testing.T) {
	wanted := chosen(t)
	registry := packagesRegistry(t)
	for _, in := range installers {
		if wanted(in.name) {
			t.Run(in.name, func(t *testing.T) {
				t.Parallel()
				in.test(t, registry)
			})
		}
	}
	for name, test := range map[string]func(t *testing.T, registry string){
		"yarn 4, Plug'n'Play":   testPlugAndPlay,
		"npm 11, devDependency": testDevDependency,
		"deno":                  testDeno,
	} {
		if wanted(name) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, registry)
			})
		}
	}
}

func (in installer) test(t *testing.T, registry string) {
	s, dir := in.newApp(t, registry, oldRelease)
	m := packageManagers[in.manager]
	s.must(t, dir, in.add+" proxypatch "+agentWanted)
	if out := s.must(t, dir, in.run+" version"); !strings.HasSuffix(out, "proxypatch v"+packedVersion+"\n") {
		t.Fatalf("the version is %q", out)
	}
	if code, out := s.sh(t, dir, in.run+" check"); code != int(clitest.Pending) {
		t.Fatalf("check exited with %d:\n%s", code, out)
	}
	if out := s.must(t, dir, in.run+" init"); strings.Contains(out, "warning") {
		t.Errorf("init warns:\n%s", out)
	}
	for _, line := range []string{m.frozen, in.prod} {
		if code, out := reinstall(t, s, dir, line); code != 0 {
			t.Fatalf("%s exited with %d:\n%s", line, code, out)
		}
		s.must(t, dir, in.run+" check")
		if out := s.must(t, dir, m.command+" run build"); !strings.Contains(out, built) {
			t.Errorf("after %s the build says:\n%s", line, out)
		}
	}
	if in.without != "" {
		code, out := reinstall(t, s, dir, m.command+" install "+in.without)
		if code == 0 || !strings.Contains(out, "is not installed: the install skipped optional dependencies") {
			t.Errorf("%s install %s exited with %d:\n%s", m.command, in.without, code, out)
		}
	}
	editManifest(t, dir, func(manifest map[string]any) { delete(manifest["dependencies"].(map[string]any), "https-proxy-agent") })
	code, out := reinstall(t, s, dir, m.command+" install"+noFreeze(m))
	if code == 0 || !strings.Contains(out, "https-proxy-agent") || !strings.Contains(out, "hint: ") {
		t.Errorf("without https-proxy-agent the install exited with %d:\n%s", code, out)
	}
	if in.manager != "yarn 4" && in.manager != "pnpm 12" && code != int(clitest.Agent) { // these two exit with 1
		t.Errorf("without https-proxy-agent the install exited with %d:\n%s", code, out)
	}
}

// apply can't patch with Plug'n'Play, but the program must run, report it, and export the patch.
func testPlugAndPlay(t *testing.T, registry string) {
	in := installer{manager: "yarn 4"}
	s, dir := in.newApp(t, registry, oldRelease)
	s.must(t, dir, "yarn add proxypatch "+agentWanted)
	if out := s.must(t, dir, "yarn proxypatch version"); out != "proxypatch v"+packedVersion+"\n" {
		t.Fatalf("the version is %q", out)
	}
	before := snapshotOf(t, dir)
	for _, command := range []string{"apply", "init"} {
		code, out := s.sh(t, dir, "yarn proxypatch "+command)
		if code != int(clitest.Unsupported) || !strings.Contains(out, "hint: make yarn patch it: yarn run proxypatch export") ||
			!strings.Contains(out, "hint: or set nodeLinker: node-modules in .yarnrc.yml, run yarn install, then yarn run proxypatch\n") {
			t.Errorf("%s exited with %d:\n%s", command, code, out)
		}
	}
	requireSame(t, "the project", before, snapshotOf(t, dir))
	s.must(t, dir, "yarn proxypatch export && yarn install --no-immutable && yarn proxypatch check")
}

// testDeno installs the packages with Deno, whose builds patch.
func testDeno(t *testing.T, registry string) {
	in := installer{manager: "deno", settings: "{}"}
	s, dir := in.newApp(t, registry, oldRelease)
	s.must(t, dir, "deno add npm:proxypatch npm:"+agentWanted)
	const run = "deno task --eval proxypatch "
	// Deno needs no Node.js for the launcher.
	if out := s.must(t, dir, "PATH="+shellQuote(filepath.Join(s.dir, "bin"))+" "+run+"version"); !strings.HasSuffix(out, "proxypatch v"+packedVersion+"\n") {
		t.Fatalf("the version is %q", out)
	}
	if code, out := s.sh(t, dir, run+"check"); code != int(clitest.Pending) || !strings.Contains(out, "hint: "+run+"apply\n") {
		t.Fatalf("check exited with %d:\n%s", code, out)
	}
	if out := s.must(t, dir, run+"init"); strings.Contains(out, "warning") {
		t.Errorf("init warns:\n%s", out)
	}
	for _, line := range []string{"deno ci", "deno install --prod"} {
		if code, out := reinstall(t, s, dir, line); code != 0 {
			t.Fatalf("%s exited with %d:\n%s", line, code, out)
		}
		if out := s.must(t, dir, "deno task build"); !strings.Contains(out, built) {
			t.Errorf("after %s the build says:\n%s", line, out)
		}
		s.must(t, dir, run+"check")
	}
	s.must(t, dir, "deno remove https-proxy-agent")
	if code, out := s.sh(t, dir, "deno task build"); code != int(clitest.Agent) || !strings.Contains(out, "hint: deno add npm:"+agentWanted+"\n") {
		t.Errorf("without https-proxy-agent the build exited with %d:\n%s", code, out)
	}
}

// testDevDependency does what docs/after-you-patched.md warns against.
func testDevDependency(t *testing.T, registry string) {
	in := installer{manager: "npm 11"}
	s, dir := in.newApp(t, registry, oldRelease)
	s.must(t, dir, "npm install "+agentWanted)
	s.must(t, dir, "npm install --save-dev proxypatch")
	if out := s.must(t, dir, "npx proxypatch init"); !strings.Contains(out, "warning: package.json: proxypatch is only in devDependencies") {
		t.Errorf("init does not warn:\n%s", out)
	}
	const notFound = 127 // sh's
	if code, out := reinstall(t, s, dir, "npm ci --omit=dev"); code != notFound {
		t.Errorf("without devDependencies the install exited with %d:\n%s", code, out)
	}
}

// noFreeze are options that allow an install in CI to change the lock file, and show
// the output of scripts.
func noFreeze(m packageManager) string {
	switch m.command {
	case "pnpm":
		return " --no-frozen-lockfile"
	case "yarn":
		if strings.HasSuffix(m.settings, ".yml") {
			return " --no-immutable --inline-builds"
		}
	}
	return ""
}

// editManifest changes the package.json of a directory.
func editManifest(t *testing.T, dir string, edit func(manifest map[string]any)) {
	t.Helper()
	path := filepath.Join(dir, "package.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]any
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	edit(manifest)
	if data, err = json.MarshalIndent(manifest, "", "  "); err != nil {
		t.Fatal(err)
	}
	write(t, path, string(data)+"\n")
}

// TestPackageArchives installs the files of make npm with each package manager, as
// docs/install.md says. The registry has other packages with the same names and version,
// which must not be installed.
func TestPackageArchives(t *testing.T) {
	wanted := chosen(t)
	tarballs := slices.Concat(nodetest.Tarballs(t, "layouts"), ownPackages(t), impostors(t))
	registry, all := nodetest.Registry(t, tarballs), packages(t)
	for _, in := range installers {
		if wanted(in.name) {
			t.Run(in.name, func(t *testing.T) {
				t.Parallel()
				in.testArchives(t, registry, all)
			})
		}
	}
}

// TestPackageArchivesOfPlatforms installs the files for several platforms with pnpm, as docs/install.md says. Each
// install must have the programs of all of them.
func TestPackageArchivesOfPlatforms(t *testing.T) {
	wanted := chosen(t)
	tarballs := slices.Concat(nodetest.Tarballs(t, "layouts"), ownPackages(t), impostors(t))
	registry, all := nodetest.Registry(t, tarballs), packages(t)
	for _, in := range installers {
		if wanted(in.name) && packageManagers[in.manager].command == "pnpm" {
			t.Run(in.name, func(t *testing.T) {
				t.Parallel()
				in.testPlatforms(t, registry, all)
			})
		}
	}
}

func (in installer) testPlatforms(t *testing.T, registry string, all []npm.Tarball) {
	s, dir := in.newApp(t, registry, oldRelease)
	vendor(t, dir, all)
	overrides := map[string]any{}
	for _, p := range npm.Platforms {
		overrides[p.Package()] = archive("proxypatch-"+p.String(), packedVersion)
	}
	m := packageManagers[in.manager]
	m.configure(t, dir, map[string]any{
		"overrides":              overrides,
		"supportedArchitectures": map[string]any{"os": []string{"linux", "darwin", "win32"}, "cpu": []string{"x64", "arm64"}},
	})
	s.must(t, dir, in.add+" proxypatch@"+archive("proxypatch", packedVersion))
	for _, line := range []string{m.frozen, in.prod} {
		if code, out := reinstall(t, s, dir, line); code != 0 {
			t.Fatalf("%s exited with %d:\n%s", line, code, out)
		}
		if out := s.must(t, dir, in.run+" version"); !strings.HasSuffix(out, "proxypatch v"+packedVersion+"\n") {
			t.Fatalf("the version is %q", out)
		}
		launcher, err := filepath.EvalSymlinks(filepath.Join(dir, "node_modules", "proxypatch"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range npm.Platforms {
			if _, err := os.Stat(filepath.Join(filepath.Dir(launcher), p.Package(), p.Program())); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

// vendor writes the files of make npm into a project.
func vendor(t *testing.T, dir string, all []npm.Tarball) {
	t.Helper()
	for _, tarball := range all {
		write(t, filepath.Join(dir, "vendor", tarball.Name), string(tarball.Data))
	}
}

// archive is how a manifest names a package's file.
func archive(name, version string) string { return "file:./vendor/" + name + "-" + version + ".tgz" }

// configure sets pnpm's settings, which are in package.json before pnpm 10.
func (m packageManager) configure(t *testing.T, dir string, settings map[string]any) {
	t.Helper()
	if m.settings == ".npmrc" {
		editManifest(t, dir, func(manifest map[string]any) { manifest["pnpm"] = settings })
		return
	}
	data, err := json.Marshal(settings) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, m.settings), string(data))
}

func impostors(t *testing.T) [][]byte {
	t.Helper()
	program := "#!/bin/sh\necho impostor\n"
	all := [][]byte{nodetest.Pack(t, `{"name": "proxypatch", "version": "`+packedVersion+`", "bin": "run"}`, map[string]string{"run": program})}
	for _, p := range npm.Platforms {
		manifest := `{"name": "` + p.Package() + `", "version": "` + packedVersion + `", "os": ["` + p.OS + `"], "cpu": ["` + p.Arch + `"]}`
		all = append(all, nodetest.Pack(t, manifest, map[string]string{p.Program(): program}))
	}
	return all
}

func (in installer) testArchives(t *testing.T, registry string, all []npm.Tarball) {
	s, dir := in.newApp(t, registry, oldRelease)
	vendor(t, dir, all)
	m := packageManagers[in.manager]
	s.must(t, dir, in.add+" "+agentWanted)
	add := in.archives(t, dir, packedVersion)
	t.Log(add, "\n", s.must(t, dir, add))
	s.must(t, dir, in.run+" init")
	if code, out := reinstall(t, s, dir, m.frozen); code != 0 {
		t.Fatalf("%s exited with %d:\n%s", m.frozen, code, out)
	}
	if out := s.must(t, dir, in.run+" version"); !strings.HasSuffix(out, "proxypatch v"+packedVersion+"\n") {
		t.Fatalf("the version is %q", out)
	}
	s.must(t, dir, in.run+" check")
	in.upgradeArchives(t, s, dir)
	if m.command != "npm" {
		return
	}
	// If the program is skipped, the launcher is still installed and reports it.
	code, out := reinstall(t, s, dir, m.frozen+" --omit=optional")
	if want := "is not installed: the install skipped optional dependencies"; code == 0 || !strings.Contains(out, want) {
		t.Errorf("without optional dependencies, %s exited with %d and did not say that %s:\n%s", m.frozen, code, want, out)
	}
}

// upgradeArchives replaces the files, and types the same again. yarn 1 and bun keep a file with the same name, so these
// get another version.
func (in installer) upgradeArchives(t *testing.T, s *sandbox, dir string) {
	t.Helper()
	version := packedVersion
	if in.name == "yarn 1" || in.name == "bun" {
		version += ".2"
	}
	const does = "upgraded\n"
	vendor(t, dir, pack(t, version, []byte("#!/bin/sh\necho "+does)))
	add := in.archives(t, dir, version)
	s.must(t, dir, add)
	if out := s.must(t, dir, in.run+" version"); !strings.HasSuffix(out, does) {
		t.Errorf("after %s, the program says %q", add, out)
	}
	frozen := packageManagers[in.manager].frozen
	if code, out := reinstall(t, s, dir, frozen); code != 0 {
		t.Fatalf("after the upgrade, %s exited with %d:\n%s", frozen, code, out)
	}
	if out := s.must(t, dir, in.run+" version"); !strings.HasSuffix(out, does) {
		t.Errorf("after %s, the program says %q", frozen, out)
	}
}

// archives configures the package manager to use the files, and returns the command to
// type.
func (in installer) archives(t *testing.T, dir, version string) string {
	t.Helper()
	host, _ := npm.Host()
	// pnpm and yarn 1 ignore the platform of files. For pnpm, "-" skips the others.
	// yarn 1 gets this machine's file under each name.
	all, one, same := map[string]any{}, map[string]any{}, map[string]any{}
	for _, p := range npm.Platforms {
		all[p.Package()] = archive("proxypatch-"+p.String(), version)
		one[p.Package()] = "-"
		same[p.Package()] = archive("proxypatch-"+host.String(), version)
	}
	one[host.Package()] = all[host.Package()]
	set := func(field string, value any) {
		editManifest(t, dir, func(manifest map[string]any) { manifest[field] = value })
	}
	m := packageManagers[in.manager]
	switch {
	case m.command == "npm":
		return in.add + " --save-optional ./vendor/proxypatch-*64-*.tgz && " + in.add + " ./vendor/proxypatch-[0-9]*.tgz"
	case in.manager == "yarn 1":
		set("resolutions", same)
	case m.command == "yarn":
		set("resolutions", all)
	case m.command == "bun":
		set("overrides", all)
	default:
		m.configure(t, dir, map[string]any{"overrides": one})
	}
	return in.add + " proxypatch@" + archive("proxypatch", version)
}
