package layouts

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// output is a directory that a tool makes of one package of a workspace, with its own
// install.
type output struct {
	tool, manager string
	file          string // in the workspace's root, from which init knows the tool
	make          string // makes the directory "out" of the package web
	install       string // installs there; empty if make does
	patched       bool   // whether the hooks patch it
	said          string // what init prints about it
}

const emptied = "after turbo prune of an app without next-auth, the install exits with 6"

const deployed = "after pnpm deploy, run proxypatch apply -C DIR"

var outputs = []output{
	{"pnpm deploy", "pnpm 9", "", "pnpm --filter web --prod deploy out", "", false, deployed},
	{"pnpm deploy", "pnpm 10", "", "pnpm --filter web --prod deploy --legacy out", "", false, deployed},
	{"pnpm deploy", "pnpm 11", "", "pnpm --filter web --prod deploy --legacy out", "", false, deployed},
	{"pnpm deploy", "pnpm 12", "", "pnpm --filter web --prod deploy --legacy out", "", false, deployed},
	{"nx", "npm 11", "nx.json", "nx-package web out", "npm ci", false, "nx"},
	{"turbo prune", "npm 11", "turbo.json", "turbo prune web", "npm ci", true, ""},
	{"turbo prune", "yarn 1", "turbo.json", "turbo prune web", "yarn install --frozen-lockfile", true, ""},
	{"turbo prune", "yarn 4", "turbo.json", "turbo prune web", "yarn install --immutable", true, ""},
	{"turbo prune", "pnpm 10", "turbo.json", "turbo prune web", "pnpm install --frozen-lockfile", true, ""},
	{"turbo prune", "bun", "turbo.json", "turbo prune web", "bun install --frozen-lockfile", true, ""},
	{"turbo prune of another app", "npm 11", "turbo.json", "turbo prune other", "npm ci", false, emptied},
}

// TestSecondInstalls makes such directories with real tools, after init. In each, the
// install patches, or init has said that it does not and what to type.
func TestSecondInstalls(t *testing.T) {
	wanted := chosen(t)
	registry := laterRegistry(t)
	for _, o := range outputs {
		if wanted(o.manager + ", " + o.tool) {
			t.Run(o.manager+", "+o.tool, func(t *testing.T) {
				t.Parallel()
				o.test(t, registry)
			})
		}
	}
}

func (o output) test(t *testing.T, registry string) {
	l := layout{}
	if o.manager == "yarn 4" {
		l.settings = "nodeLinker: node-modules"
	}
	if o.file == "turbo.json" { // turbo requires this field
		l.manifest = map[string]any{"packageManager": pinnedName(t, packageManagers[o.manager])}
	}
	lt := newLayoutTest(t, l, packageManagers[o.manager], registry, laterProjects[1].members)
	if o.file != "" {
		lt.extra = map[string]string{o.file: `{"tasks": {}}`, ".gitignore": "node_modules\nout\n"}
		lt.addTools(t)
	}
	project := lt.install(t, "one")
	said := lt.must(t, project, "proxypatch init")
	if !strings.Contains(said, o.said) {
		t.Errorf("init does not say %q:\n%s", o.said, said)
	}
	lt.must(t, project, "proxypatch apply --all")
	lt.must(t, project, o.make+" && mv out ../image") // in an image, there is no workspace around it
	out := filepath.Join(lt.dir, "image")
	if o.said == emptied {
		if code, text := lt.sh(t, out, o.install); code != int(clitest.NotFound) {
			t.Errorf("the install exited with %d:\n%s", code, text)
		}
		lt.must(t, out, "sed -i 's/proxypatch apply/& --if-present/' package.json && "+o.install)
		return
	}
	if o.install != "" {
		lt.must(t, out, o.install)
	}
	if !o.patched {
		lt.proxypatch(t, clitest.Pending, out, "check")
		lt.must(t, project, "proxypatch apply -C ../image")
	}
	lt.proxypatch(t, clitest.OK, out, "check")
}

// TestDeployedAgent deploys a package of a workspace whose next-auth has https-proxy-agent by the way that the hint
// names for that. pnpm 11 and 12 deploy no dependency of the root.
func TestDeployedAgent(t *testing.T) {
	wanted := chosen(t)
	registry := newRegistry(t)
	for _, o := range outputs {
		if o.said != deployed || !wanted(o.manager) {
			continue
		}
		t.Run(o.manager, func(t *testing.T) {
			t.Parallel()
			members := []member{{".", nil}, {"packages/web", with(react18, "next-auth", newRelease)}}
			lt := newLayoutTest(t, layout{}, packageManagers[o.manager], registry, members)
			project := lt.install(t, "one")
			refused := lt.refuse(t, project, clitest.Agent)
			if hint := refused.Problems[0].Hint; !strings.Contains(hint, "\nor, if you run pnpm deploy, add ") {
				t.Errorf("the hint does not mention pnpm deploy: %s", hint)
			}
			waysOf(refused)[1].follow(t, lt.sandbox, project)
			lt.must(t, project, o.make+" && mv out ../image")
			lt.must(t, project, "proxypatch apply -C ../image")
		})
	}
}

// addTools puts turbo and the part of nx that writes package.json files on the PATH.
func (lt *layoutTest) addTools(t *testing.T) {
	t.Helper()
	node := shellQuote(nodetest.Node(t))
	turbo := filepath.Join(nodetest.Project(t, "turbo"), "node_modules", "turbo", "bin", "turbo")
	write(t, filepath.Join(lt.dir, "bin", "turbo"), "#!/bin/sh\nexec "+node+" "+shellQuote(turbo)+" \"$@\"\n")
	script, err := filepath.Abs(filepath.Join("testdata", "nx-package.js"))
	if err != nil {
		t.Fatal(err)
	}
	nx := filepath.Join(nodetest.Project(t, "nx"), "node_modules", "nx", "dist", "src")
	write(t, filepath.Join(lt.dir, "bin", "nx-package"), "#!/bin/sh\nexec "+node+" "+shellQuote(script)+" "+shellQuote(nx)+" \"$@\"\n")
	lt.env = slices.Concat(lt.env, []string{"TURBO_TELEMETRY_DISABLED=1", "TURBO_NO_UPDATE_NOTIFIER=1", "NX_DAEMON=false", "NX_NO_CLOUD=true"})
}

// pinnedName returns the field packageManager for the release that the tests pin.
func pinnedName(t *testing.T, m packageManager) string {
	t.Helper()
	s := newSandbox(t, m, "http://127.0.0.1:9/")
	return m.command + "@" + strings.TrimSpace(s.must(t, s.dir, m.command+" --version"))
}
