// Package helper_test runs the tests of the helper, which are JavaScript under Node's own test runner, as part of
// `go test`: for each major release of https-proxy-agent and, with PROXYPATCH_TESTS=nodes, of Node.js. It also
// has the helper linted and its types checked.
package helper_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// agents are the test projects. The one whose tests take longest is the first.
var agents = []string{"agent-7.0.6", "agent-5.0.1", "agent-6.2.1", "agent-8.0.0", "agent-9.1.0"}

// chosen is the newest agent alone in the quick loop.
func chosen(t *testing.T) []string {
	if gate.Wanted(t, "nodes") {
		return agents
	}
	return agents[len(agents)-1:]
}

// chosenForms is the CommonJS form alone in the quick loop. The other one is made from it.
func chosenForms(t *testing.T) []form {
	if gate.Wanted(t, "nodes") {
		return forms
	}
	return []form{commonJS}
}

// hosts are the names in the certificate of the test servers. Only the test's proxy knows where those below
// corp.test, fd00::/8 and 10/8 are.
var hosts = []string{"*.corp.test", "fd00::1", "10.1.2.3", "localhost", "127.0.0.1"}

// form is one of the two forms of the helper, and where apply puts it.
type form struct{ name, source, pkg, path string }

var (
	commonJS = form{"CommonJS", "proxy.js", "next-auth", "core/lib/proxy.js"}
	esModule = form{"ES module", "proxy.mjs", "@auth/core", "lib/proxy.js"}
	forms    = []form{commonJS, esModule}
)

const (
	// testTime ends a process that hangs. They take seconds, and minutes on a machine with much else to do.
	testTime = 10 * time.Minute

	// waitingAgent is the agent for the test file that mostly waits. One is enough.
	waitingAgent = "agent-7.0.6"
)

var waiting = filepath.Join("test", "silence.test.js")

func TestHelper(t *testing.T) {
	t.Parallel()
	for _, f := range chosenForms(t) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			newSuite(t, f, chosen(t)...).run(t, nodetest.Node(t))
		})
	}
}

// TestNodeMajors runs the same tests on every major release of Node.js from 18 on that npm offers, each from a project
// testdata/npm/node-<major>. Some of them npm offers for some platforms only.
func TestNodeMajors(t *testing.T) {
	gate.Need(t, "nodes")
	projects, err := filepath.Glob(filepath.Join("..", "..", "testdata", "npm", "node-*"))
	if err != nil || len(projects) == 0 {
		t.Fatalf("no Node.js found: %v", err)
	}
	// The two forms differ in how they load modules, which the newest agent shows as well as all.
	suites := map[form]suite{commonJS: newSuite(t, commonJS, agents...), esModule: newSuite(t, esModule, agents[len(agents)-1])}
	for _, project := range projects {
		name := filepath.Base(project)
		for f, s := range suites {
			t.Run(name+" "+f.name, func(t *testing.T) {
				t.Parallel()
				s.run(t, nodetest.PinnedNode(t, name))
			})
		}
	}
}

// TestOldNode runs a Node.js for which the helper is too new.
func TestOldNode(t *testing.T) {
	gate.Need(t, "nodes")
	node := nodetest.PinnedNode(t, "launcher-node-14")
	file, err := filepath.Abs("proxy.js")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("test", "support", "old-node.js"), file, nodetest.Project(t, waitingAgent))
	cmd.Env = environment()
	if output, err := cmd.CombinedOutput(); err != nil || string(output) != "done\n" {
		t.Errorf("%v\n%s", err, output)
	}
}

// suite is what the tests of a form with some agents and all Nodes share.
type suite struct {
	form
	agents   []string
	files    []string          // all but waiting
	projects map[string]string // by agent, with the helper installed
	tls      string
}

func newSuite(t *testing.T, f form, agents ...string) suite {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("test", "*.test.js"))
	others := slices.DeleteFunc(slices.Clone(files), func(file string) bool { return file == waiting })
	if err != nil || len(others) == 0 || len(others) == len(files) {
		t.Fatalf("tests are missing among %q: %v", files, err)
	}
	s := suite{form: f, agents: agents, files: others, projects: map[string]string{}, tls: nodetest.TLS(t, hosts...)}
	for _, agent := range append([]string{waitingAgent}, agents...) {
		s.projects[agent] = f.install(t, nodetest.Project(t, agent))
	}
	return s
}

// run has the tests run by a Node, with the suite's agents. It returns when they are started: t ends when they do.
func (s suite) run(t *testing.T, node string) {
	t.Helper()
	// The one that waits takes no turn of the parallel tests.
	waited := make(chan string)
	ctx := context.WithoutCancel(t.Context()) // which ends before Cleanup
	go func() { waited <- s.test(ctx, node, waitingAgent, waiting) }()
	t.Cleanup(func() {
		if failure := <-waited; failure != "" {
			t.Error(failure)
		}
	})
	for _, agent := range s.agents {
		t.Run(agent, func(t *testing.T) {
			t.Parallel()
			if failure := s.test(t.Context(), node, agent, s.files...); failure != "" {
				t.Error(failure)
			}
		})
	}
}

// test runs files of tests and returns what it says if it fails, else "".
func (s suite) test(ctx context.Context, node, agent string, files ...string) string {
	return s.testWith(ctx, nil, node, agent, files...)
}

// testWith is test with more variables of the environment.
func (s suite) testWith(ctx context.Context, env []string, node, agent string, files ...string) string {
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{"--expose-gc", filepath.Join("test", "support", "run.js")}, files...)...)
	cmd.Env = append(s.environment(agent), env...)
	if agent == agents[len(agents)-1] {
		// Node's own support for proxies and the helper must live together. The password is that of the tests, which
		// look for it in every error: Node's default agent, which an error can hold, keeps the URL.
		const url = "http://jane%20doe:p%25w%23d%2F1%20%40x%3A%3F@proxy.invalid:3128"
		cmd.Env = append(cmd.Env, "NODE_USE_ENV_PROXY=1", "HTTP_PROXY="+url, "HTTPS_PROXY="+url, "NO_PROXY=localhost,127.0.0.1")
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return cmd.String() + ": " + err.Error() + "\n" + string(output)
	}
	return ""
}

// environment is what test/support needs to know.
func (s suite) environment(agent string) []string {
	env := append(environment(),
		"HELPER_PROJECT="+s.projects[agent],
		"HELPER_FILE="+filepath.Join(s.projects[agent], "node_modules", s.pkg, filepath.FromSlash(s.path)),
		"HELPER_AGENT="+strings.TrimPrefix(agent, "agent-"),
		"HELPER_TLS="+s.tls,
		"NODE_EXTRA_CA_CERTS="+filepath.Join(s.tls, "ca.pem"),
	)
	if s.form == esModule {
		env = append(env, "NODE_OPTIONS=--import ./test/support/load.mjs")
	}
	return env
}

// TestLint checks the helper and its tests with ESLint, and the types of the helper with TypeScript.
func TestLint(t *testing.T) {
	gate.Need(t, "nodes")
	t.Parallel()
	node := nodetest.Node(t)
	project := nodetest.Project(t, "lint")
	// Both look for what they need upwards from the files that they check.
	dir := filepath.Join(t.TempDir(), "helper")
	if err := nodetest.CopyTree(".", dir); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(project, "node_modules"), filepath.Join(dir, "node_modules"))
	tools := map[string][]string{
		"eslint": {"node_modules/eslint/bin/eslint.js", "--max-warnings=0", "."},
		"tsc":    {"node_modules/typescript/bin/tsc", "--project", "tsconfig.json", "--pretty", "false"},
	}
	for _, name := range slices.Sorted(maps.Keys(tools)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), testTime)
			defer cancel()
			cmd := exec.CommandContext(ctx, node, tools[name]...)
			cmd.Dir = dir
			cmd.Env = environment()
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// install makes a project with the packages of another, and with the helper where apply puts it, so that it finds
// https-proxy-agent as it will in a real project. Of that package it has nothing else.
func (f form) install(t *testing.T, project string) string {
	t.Helper()
	dir := t.TempDir()
	pkg := filepath.Join(dir, "node_modules", filepath.FromSlash(f.pkg))
	file := filepath.Join(pkg, filepath.FromSlash(f.path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if f == esModule {
		if err := os.WriteFile(filepath.Join(pkg, "package.json"), []byte(`{"type": "module"}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packages, err := os.ReadDir(filepath.Join(project, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range packages {
		if entry.Name() != "next-auth" {
			link(t, filepath.Join(project, "node_modules", entry.Name()), filepath.Join(dir, "node_modules", entry.Name()))
		}
	}
	return dir
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Skip(err)
	}
}

// environment is this process's without what would change how Node connects.
func environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
		if !strings.HasSuffix(name, "_PROXY") && !strings.HasPrefix(name, "NODE_") {
			env = append(env, entry)
		}
	}
	return env
}
