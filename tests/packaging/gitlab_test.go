package packaging

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// job holds the parts of a job in examples/gitlab that the tests read.
type job struct {
	Extends      string
	Variables    map[string]string
	BeforeScript []string `yaml:"before_script"`
	Script       []string
}

// gitlabJob returns the example's job, including the job that it extends.
func gitlabJob(t *testing.T) job {
	t.Helper()
	var included map[string]job
	readYAML(t, "examples/gitlab/proxypatch.yml", &included)
	var example struct {
		Include []struct{ Local string }
		Build   job
	}
	readYAML(t, "examples/gitlab/.gitlab-ci.yml", &example)
	build := example.Build
	base, found := included[build.Extends]
	if !found || len(example.Include) != 1 || example.Include[0].Local != "proxypatch.yml" {
		t.Fatalf("%+v is not included by %+v", included, example)
	}
	build.Variables, build.BeforeScript = base.Variables, base.BeforeScript
	return build
}

// npmStandIn records its arguments. As a build, it leaves what next build would: the code
// of the installed next-auth.
const npmStandIn = `#!/bin/sh
echo "$*" >>npm.log
[ "$*" = "run build" ] || exit 0
mkdir -p .next/server
cat node_modules/next-auth/core/lib/oauth/client.js node_modules/next-auth/core/lib/proxy.js >.next/server/chunk.js
echo id >.next/BUILD_ID
`

// testGitLab runs the job's script with the archive of a release.
func testGitLab(t *testing.T, release string) {
	tampered := t.TempDir()
	must(t, os.CopyFS(tampered, os.DirFS(release)))
	must(t, os.WriteFile(filepath.Join(tampered, archiveName("9.8.7")), []byte("tampered"), 0o666))
	for name, test := range map[string]struct {
		release string
		remove  string // from the project, before the job
		built   bool
	}{
		"good":     {release, "", true},
		"no agent": {release, "node_modules/https-proxy-agent", false},
		"tampered": {tampered, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			newRunner(t, nil) // skips on machines that the action does not support
			project, bin := unpatched(t), t.TempDir()
			if test.remove != "" {
				must(t, os.RemoveAll(filepath.Join(project, test.remove)))
			}
			must(t, os.WriteFile(filepath.Join(bin, "npm"), []byte(npmStandIn), 0o755))
			env := []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "TMPDIR=" + t.TempDir()}
			build := gitlabJob(t)
			build.Variables["PROXYPATCH_VERSION"] = tag
			build.Variables["PROXYPATCH_DOWNLOADS"] = downloads(t, test.release)
			for name, value := range build.Variables {
				env = append(env, name+"="+value)
			}
			script := strings.Join(append(build.BeforeScript, build.Script...), "\n")
			out, err := repotest.Command(project, env, "sh", "-e", "-c", script).CombinedOutput()
			log, _ := os.ReadFile(filepath.Join(project, "npm.log"))
			if built := bytes.Contains(log, []byte("run build\n")); built != test.built || (err == nil) != test.built {
				t.Errorf("built: %v, %v\n%s", built, err, out)
			}
			if _, err := os.Stat(filepath.Join(project, "node_modules/next-auth/core/lib/proxy.js")); (err == nil) != test.built {
				t.Errorf("the helper: %v\n%s", err, out)
			}
		})
	}
}
