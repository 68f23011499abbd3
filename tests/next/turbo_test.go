package next

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// TestTurboReplays tests docs/monorepos.md: Turborepo restores an app that was built
// with other code, unless the stamp is part of the hash.
func TestTurboReplays(t *testing.T) {
	gate.Need(t, "next")
	t.Parallel()
	const outputs = `"outputs": [".next/**", "!.next/cache/**"]`
	for name, test := range map[string]struct {
		config string
		stale  bool
	}{
		"without the recipe": {`{"tasks": {"build": {` + outputs + `}}}`, true},
		"inputs":             {`{"tasks": {"build": {"inputs": ["$TURBO_DEFAULT$", ".next/cache/proxypatch.json"], ` + outputs + `}}}`, false},
		"globalDependencies": {`{"globalDependencies": ["**/.next/cache/proxypatch.json"], "tasks": {"build": {` + outputs + `}}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := turboProject(t, test.config)
			for _, step := range []struct {
				args    []string
				patched bool
			}{
				{nil, false},
				{[]string{"apply"}, true},
				{[]string{"revert"}, false},
			} {
				if step.args != nil {
					clitest.Must(t, append([]string{"-C", dir}, step.args...)...)
				}
				patched := turboBuilds(t, dir)
				if want := step.patched && !test.stale; patched != want {
					t.Errorf("%v: patched: %v, want %v", step.args, patched, want)
				}
			}
		})
	}
}

// turboProject makes a repository with one app that turbo builds.
func turboProject(t *testing.T, config string) string {
	t.Helper()
	dir := nodetest.Copy(t, "agent-7.0.6")
	build, err := os.ReadFile("testdata/turbo/build.js")
	must(t, err)
	for name, text := range map[string]string{
		".gitignore":     "node_modules\n.next\n.turbo\n",
		"build.js":       string(build),
		"next.config.js": "module.exports = {}\n",
		"package.json":   `{"name": "web", "private": true, "packageManager": "npm@11.0.0", "scripts": {"build": "node build.js"}, "dependencies": {"next": "14.2.35", "next-auth": "4.2.1"}}`,
		"turbo.json":     config,
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	if git, err := exec.LookPath("git"); err == nil { // turbo asks git for ignored files
		cmd := exec.Command(git, "init", "--quiet")
		cmd.Dir = dir
		must(t, cmd.Run())
	}
	return dir
}

// turboBuilds builds with turbo, as in a fresh checkout, and reports whether check --built
// finds the patch in the result.
func turboBuilds(t *testing.T, dir string) (patched bool) {
	t.Helper()
	must(t, os.RemoveAll(filepath.Join(dir, ".next", "server")))
	cmd := exec.Command(nodetest.Node(t), filepath.Join(nodetest.Project(t, "turbo"), "node_modules", "turbo", "bin", "turbo"), "run", "build", "--no-daemon")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TURBO_TELEMETRY_DISABLED=1", "TURBO_NO_UPDATE_NOTIFIER=1", "HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("turbo: %v\n%s", err, out)
	}
	got := clitest.Run(t, dir, nil, "check", "--built")
	if got.Code != clitest.OK && got.Code != clitest.Pending {
		t.Fatalf("check --built exited with %d:\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	return got.Code == clitest.OK
}
