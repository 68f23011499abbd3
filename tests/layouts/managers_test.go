package layouts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// packageManager is a release of a package manager from npm.
type packageManager struct {
	project   string // below testdata/npm
	program   string // in the project's node_modules; a pattern where the platform is part of it
	command   string // the command that people type
	node      string // the project with the Node.js that it needs, if it needs a certain one
	settings  string // the file for its settings in a project
	workspace string // the version that refers to a package of the same workspace
	frozen    string // installs without changing the lock file
}

var packageManagers = map[string]packageManager{
	"npm 11":     {"npm-11", "npm/bin/npm-cli.js", "npm", "", ".npmrc", "1.0.0", "npm ci"},
	"npm 12":     {"npm-12", "npm/bin/npm-cli.js", "npm", "node-22", ".npmrc", "1.0.0", "npm ci"},
	"yarn 1":     {"yarn-1", "yarn/bin/yarn.js", "yarn", "", ".yarnrc", "1.0.0", "yarn install --frozen-lockfile"},
	"yarn 4":     {"yarn-4", "@yarnpkg/cli-dist/bin/yarn.js", "yarn", "", ".yarnrc.yml", "workspace:*", "yarn install --immutable"},
	"pnpm 8":     {"pnpm-8", "pnpm/bin/pnpm.cjs", "pnpm", "", ".npmrc", "workspace:*", "pnpm install --frozen-lockfile"},
	"pnpm 9":     {"pnpm-9", "pnpm/bin/pnpm.cjs", "pnpm", "", ".npmrc", "workspace:*", "pnpm install --frozen-lockfile"},
	"pnpm 10":    {"pnpm-10", "pnpm/bin/pnpm.cjs", "pnpm", "", "pnpm-workspace.yaml", "workspace:*", "pnpm install --frozen-lockfile"},
	"pnpm 10.12": {"pnpm-10.12", "pnpm/bin/pnpm.cjs", "pnpm", "", "pnpm-workspace.yaml", "workspace:*", "pnpm install --frozen-lockfile"},
	"pnpm 11":    {"pnpm-11", "pnpm/bin/pnpm.mjs", "pnpm", "node-22", "pnpm-workspace.yaml", "workspace:*", "pnpm install --frozen-lockfile"},
	"pnpm 12":    {"pnpm-12", "@pnpm/exe.*/pnpm", "pnpm", "", "pnpm-workspace.yaml", "workspace:*", "pnpm install --frozen-lockfile"},
	"bun":        {"bun", "@oven/bun-*/bin/bun", "bun", "", "bunfig.toml", "workspace:*", "bun install --frozen-lockfile"},
	"deno":       {"deno", "@deno/*/deno", "deno", "", "deno.json", "workspace:*", "deno install --frozen"},
}

// sandbox is an environment for one package manager: a home directory with its store and caches, and projects. They are
// on one file system, so that the manager can link files.
type sandbox struct {
	dir  string // without symbolic links
	home string
	env  []string
}

// newSandbox makes a sandbox with the package manager, Node.js and proxypatch on the PATH. The registry is its only
// source of packages.
func newSandbox(t *testing.T, m packageManager, registry string) *sandbox {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &sandbox{dir: dir, home: filepath.Join(dir, "home")}
	node := m.findNode(t)
	bin := filepath.Join(dir, "bin")
	program := one(t, filepath.Join(nodetest.Project(t, m.project), "node_modules", filepath.FromSlash(m.program)))
	write(t, filepath.Join(bin, m.command), "#!/bin/sh\nexec "+invocation(node, program)+" \"$@\"\n")
	if m.command == "bun" { // bunx is bun under another name
		write(t, filepath.Join(bin, "bunx"), "#!/bin/sh\nexec bun x \"$@\"\n")
	}
	// These settings are in the home directory, because the test checks the projects' own files. Only yarn 1 refuses
	// old releases of next-auth, which do not list today's Node.js.
	write(t, filepath.Join(s.home, ".npmrc"), "registry="+registry+"\n")
	write(t, filepath.Join(s.home, ".yarnrc"), "registry \""+registry+"\"\nignore-engines true\n")
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.env = []string{
		"PATH=" + strings.Join([]string{bin, filepath.Dir(node), os.Getenv("PATH")}, string(filepath.ListSeparator)),
		"HOME=" + s.home, "TMPDIR=" + filepath.Join(dir, "tmp"), "NO_COLOR=1", "NO_UPDATE_NOTIFIER=1",
		"npm_config_update_notifier=false", "npm_config_audit=false", "npm_config_fund=false",
		"YARN_NPM_REGISTRY_SERVER=" + strings.TrimSuffix(registry, "/"), "YARN_UNSAFE_HTTP_WHITELIST=127.0.0.1",
		"npm_config_package_import_method=hardlink", "pnpm_config_package_import_method=hardlink",
		"YARN_ENABLE_TELEMETRY=0", "BUN_CONFIG_REGISTRY=" + registry, "DO_NOT_TRACK=1",
		"NPM_CONFIG_REGISTRY=" + registry, "DENO_DIR=" + filepath.Join(s.home, "deno"), "DENO_NO_UPDATE_CHECK=1", "DENO_NO_PROMPT=1",
	}
	return s
}

// findNode returns the Node.js that runs the manager and the scripts of its projects.
func (m packageManager) findNode(t *testing.T) string {
	t.Helper()
	if m.node == "" {
		return nodetest.Node(t)
	}
	return one(t, filepath.Join(nodetest.Project(t, m.node), "node_modules", "node-*", "bin", "node"))
}

// invocation returns how a shell runs a program: directly, or with Node.js.
func invocation(node, program string) string {
	if strings.HasSuffix(program, "js") {
		return shellQuote(node) + " " + shellQuote(program)
	}
	return shellQuote(program)
}

// one returns the only file that matches a pattern. It skips the test if the packages do not support this platform.
func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) > 1 {
		t.Fatalf("%s: %q, %v", pattern, found, err)
	}
	if len(found) == 0 {
		t.Skipf("there is no %s for this platform", pattern)
	}
	return found[0]
}

// sh runs a command line in a directory as a person would, and returns its exit code and output.
func (s *sandbox) sh(t *testing.T, dir, line string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(s.env, "PWD="+dir)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// must is sh for commands that must succeed.
func (s *sandbox) must(t *testing.T, dir, line string) string {
	t.Helper()
	code, out := s.sh(t, dir, line)
	if code != 0 {
		t.Fatalf("%s exited with %d:\n%s", line, code, out)
	}
	return out
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// shellQuote quotes a word for a shell.
func shellQuote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
