package packaging

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// dockerApp is an app for the example's Dockerfile.
var dockerApp = map[string]string{
	"package.json":      `{"private": true, "scripts": {"build": "proxypatch check && next build"}, "dependencies": {"https-proxy-agent": "7.0.6", "next": "14.2.35", "next-auth": "4.2.1", "react": "18.3.1", "react-dom": "18.3.1"}}`,
	"package-lock.json": `{"lockfileVersion": 3, "packages": {}}`, // npm ci is a stand-in
	"next.config.js":    `module.exports = { output: "standalone", experimental: { cpus: 1, webpackBuildWorker: false } }`,
	"public/robots.txt": "",
	"pages/index.js":    `export default function Page() { return null }`,
	"pages/api/auth/[...nextauth].js": `import NextAuth from "next-auth"
import AzureADProvider from "next-auth/providers/azure-ad"
export default NextAuth({ secret: "not a secret", providers: [AzureADProvider({ clientId: "id", clientSecret: "secret", tenantId: "tenant" })] })
`,
	"node_modules/host.js": "of the host",
}

const clientJS = "node_modules/next-auth/core/lib/oauth/client.js"

// addNext adds Next.js 14 and its dependencies. It links to the compiler, which makes
// up half of the size and is not part of the built app.
func addNext(t *testing.T, modules string) {
	t.Helper()
	next := filepath.Join(nodetest.Project(t, "next-14"), "node_modules")
	entries, err := os.ReadDir(next)
	must(t, err)
	must(t, os.RemoveAll(filepath.Join(modules, ".bin"))) // Next.js has its own, which contains next
	for _, entry := range entries {
		from, to := filepath.Join(next, entry.Name()), filepath.Join(modules, entry.Name())
		switch _, err := os.Stat(to); {
		case err == nil: // from the older next-auth
		case entry.Name() == "@next":
			must(t, os.Symlink(from, to))
		case entry.IsDir():
			must(t, nodetest.CopyTree(from, to))
		}
	}
}

// newDockerBuild prepares the example's build of dockerApp. npm ci copies modules
// instead of using the network.
func newDockerBuild(t *testing.T, program []byte, modules string) *dockerBuild {
	t.Helper()
	bin, context := t.TempDir(), t.TempDir()
	npm, err := exec.LookPath("npm")
	if err != nil {
		repotest.Unavailable(t, "the example for Docker: %v", err)
	}
	writeFile(t, filepath.Join(bin, "npm"), "#!/bin/sh\n[ \"$1\" = ci ] || exec \"$NPM\" \"$@\"\ncp -R \"$MODULES\" node_modules\n", 0o755)
	for name, content := range dockerApp {
		writeFile(t, filepath.Join(context, filepath.FromSlash(name)), content, 0o644)
	}
	writeFile(t, filepath.Join(context, "proxypatch"), string(program), 0o755)
	writeFile(t, filepath.Join(context, ".dockerignore"), readTop(t, "examples/docker/.dockerignore"), 0o644)
	path := []string{bin, filepath.Dir(nodetest.Node(t)), os.Getenv("PATH")}
	return &dockerBuild{
		context: context,
		scratch: t.TempDir(),
		path:    strings.Join(path, string(os.PathListSeparator)),
		env: []string{
			"NPM=" + npm, "MODULES=" + modules, "HOME=" + t.TempDir(), "CI=", "NODE_ENV=",
			"NEXT_TELEMETRY_DISABLED=1", "npm_config_registry=http://127.0.0.1:9", "npm_config_update_notifier=false",
		},
	}
}

// TestDockerfile builds the image of examples/docker without Docker.
func TestDockerfile(t *testing.T) {
	gate.Need(t, "release")
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	program := buildProgram(t)
	dockerfile := readTop(t, "examples/docker/Dockerfile")

	t.Run("patched", func(t *testing.T) {
		modules := filepath.Join(unpatched(t), "node_modules")
		addNext(t, modules)
		b := newDockerBuild(t, program, modules)
		image, err := b.run(dockerfile)
		if err != nil {
			t.Fatalf("%v\n%s", err, b.log.String())
		}
		before, err := os.ReadFile(filepath.Join(modules, "next-auth/core/lib/oauth/client.js"))
		must(t, err)
		after, err := os.ReadFile(image.at(clientJS))
		must(t, err)
		if bytes.Equal(before, after) || !bytes.Contains(after, []byte("../proxy")) {
			t.Errorf("the image's client.js is not patched:\n%s", after)
		}
		for _, name := range []string{"server.js", "public/robots.txt", ".next/static", "node_modules/next-auth/core/lib/proxy.js", "node_modules/https-proxy-agent/package.json"} {
			if _, err := os.Stat(image.at(name)); err != nil {
				t.Errorf("missing in the image: %v", err)
			}
		}
		repotest.Output(t, repotest.Command(image.at("."), nil, nodetest.Node(t), "-e", `require("./`+clientJS+`")`))
		if _, err := os.Stat(b.stages["build"].at("node_modules/host.js")); err == nil {
			t.Error("the host's node_modules got in")
		}
		runInImage(t, b)
	})

	for name, test := range map[string]struct {
		change  func(t *testing.T, modules string)
		code    int
		message string
	}{
		"https-proxy-agent is missing": {func(t *testing.T, modules string) {
			must(t, os.RemoveAll(filepath.Join(modules, "https-proxy-agent")))
		}, 7, "https-proxy-agent is not installed"},
		"next-auth is not supported": {func(t *testing.T, modules string) {
			name := filepath.Join(modules, "next-auth", "package.json")
			data, err := os.ReadFile(name)
			must(t, err)
			must(t, os.WriteFile(name, bytes.Replace(data, []byte(`"version": "4.2.1"`), []byte(`"version": "2.2.0"`), 1), 0o644))
		}, 5, "2.2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			modules := filepath.Join(unpatched(t), "node_modules") // the build ends before it needs Next.js
			test.change(t, modules)
			b := newDockerBuild(t, program, modules)
			_, err := b.run(dockerfile)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != test.code || !strings.Contains(b.log.String(), test.message) {
				t.Fatalf("want exit code %d and %q, got %v:\n%s", test.code, test.message, err, b.log.String())
			}
			if b.stages["runner"] != nil {
				t.Error("the build went on")
			}
			build := b.stages["build"]
			if _, err := os.Stat(build.at(".next")); err == nil {
				t.Error("Next.js was built")
			}
			want, err := os.ReadFile(filepath.Join(modules, "next-auth/core/lib/oauth/client.js"))
			must(t, err)
			if got, err := os.ReadFile(build.at(clientJS)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("client.js was changed (%v)", err)
			}
		})
	}
}

// inImage matches a command of docs/builds.md for a container that ends with it.
var inImage = regexp.MustCompile(`(?m)^docker run --rm (?:-e (\S+) )?app (.+)$`)

// runInImage runs these commands in the last stage, which they must not change.
func runInImage(t *testing.T, b *dockerBuild) {
	t.Helper()
	commands := inImage.FindAllStringSubmatch(readTop(t, "docs/builds.md"), -1)
	if len(commands) != 2 {
		t.Errorf("docs/builds.md has %d commands for the image", len(commands))
	}
	before := clitest.List(t, b.last.root)
	for _, c := range commands {
		if err := b.sh("export " + c[1] + "; " + c[2]); err != nil {
			t.Errorf("%s: %v\n%s", c[0], err, b.log.String())
		}
	}
	if diff := cmp.Diff(before, clitest.List(t, b.last.root)); diff != "" {
		t.Errorf("the image was changed (-before +after):\n%s", diff)
	}
}

// TestDockerfileIsDocumented compares the example with the one in the document.
func TestDockerfileIsDocumented(t *testing.T) {
	block := "```dockerfile\n" + readTop(t, "examples/docker/Dockerfile") + "```\n"
	if !strings.Contains(readTop(t, "docs/builds.md"), block) {
		t.Errorf("docs/builds.md has another Dockerfile than examples/docker:\n%s", block)
	}
}

// buildProgram builds proxypatch and returns its bytes.
func buildProgram(t *testing.T) []byte {
	t.Helper()
	name, err := clitest.Program()
	must(t, err)
	data, err := os.ReadFile(name)
	must(t, err)
	return data
}

func readTop(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repotest.Top(t), filepath.FromSlash(name)))
	must(t, err)
	return string(data)
}

func writeFile(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(content), mode))
}
