package packaging

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// action holds the parts of action.yml that the tests read.
type action struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		}
	}
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repotest.Top(t), name))
	must(t, err)
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

var expression = regexp.MustCompile(`^\$\{\{ ([\w.-]+) \}\}$`)

// TestActionTakesInputsAsVariables allows no expression in a script of action.yml,
// because its value would run as shell code.
func TestActionTakesInputsAsVariables(t *testing.T) {
	var a action
	readYAML(t, "action.yml", &a)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("%+v", a.Runs)
	}
	used := map[string]bool{}
	for _, step := range a.Runs.Steps {
		if step.Shell != "bash" {
			t.Errorf("the shell of step %s is %q", step.ID, step.Shell)
		}
		if strings.Contains(step.Run, "${{") {
			t.Errorf("an expression stands in the script of step %s", step.ID)
		}
		for name, value := range step.Env {
			m := expression.FindStringSubmatch(value)
			if m == nil {
				t.Errorf("%s of step %s is %q", name, step.ID, value)
				continue
			}
			if input, found := strings.CutPrefix(m[1], "inputs."); found {
				used[input] = true
			}
		}
	}
	declared := map[string]bool{}
	for name := range a.Inputs {
		declared[name] = true
	}
	if diff := cmp.Diff(declared, used); diff != "" {
		t.Errorf("inputs (-declared +used):\n%s", diff)
	}
}

// runner stands in for GitHub's runner. It runs the steps of action.yml with bash.
type runner struct {
	os, arch string
	inputs   map[string]string
	ref      string // the tag or branch of the action
	path     string // of the action's sources
	temp     string
}

func newRunner(t *testing.T, inputs map[string]string) *runner {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the stand-in is for a runner with Linux on X64")
	}
	return &runner{os: "Linux", arch: "X64", inputs: inputs, path: repotest.Top(t), temp: t.TempDir()}
}

// run returns the printed text and the output exit-code, which is empty if
// proxypatch did not run. ok reports whether every step succeeded.
func (r *runner) run(t *testing.T) (printed, exitCode string, ok bool) {
	t.Helper()
	var a action
	readYAML(t, "action.yml", &a)
	values := map[string]string{"github.action_ref": r.ref, "github.action_path": r.path}
	for name, input := range a.Inputs {
		values["inputs."+name] = input.Default
	}
	for name, value := range r.inputs {
		values["inputs."+name] = value
	}
	evaluate := func(text string) string {
		m := expression.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%q is no expression", text)
		}
		return values[m[1]]
	}
	ok = true
	for _, step := range a.Runs.Steps {
		outputs := filepath.Join(t.TempDir(), "output")
		env := []string{
			"RUNNER_OS=" + r.os, "RUNNER_ARCH=" + r.arch, "RUNNER_TEMP=" + r.temp,
			"GITHUB_OUTPUT=" + outputs, "GITHUB_PATH=" + filepath.Join(t.TempDir(), "path"),
		}
		for name, value := range step.Env {
			env = append(env, name+"="+evaluate(value))
		}
		out, err := repotest.Command(r.temp, env, "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.Run).CombinedOutput()
		printed += string(out)
		lines, _ := os.ReadFile(outputs)
		for line := range strings.Lines(string(lines)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			values["steps."+step.ID+".outputs."+name] = value
		}
		if err != nil {
			ok = false
			break
		}
	}
	return printed, evaluate(a.Outputs["exit-code"].Value), ok
}

// unpatched returns a project with next-auth 4.2.1 and https-proxy-agent as npm
// installs them.
func unpatched(t *testing.T) string {
	t.Helper()
	return nodetest.Copy(t, "agent-7.0.6")
}

// downloads serves releases as GitHub does.
func downloads(t *testing.T, release string) string {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/"+tag, http.FileServer(http.Dir(release))))
	t.Cleanup(server.Close)
	return server.URL
}

// testAction uses the action as people do, with the archive of a release.
func testAction(t *testing.T, release string) {
	project, url := unpatched(t), downloads(t, release)
	for _, step := range []struct{ args, code string }{
		{"check", "3"},
		{" apply \n --strict\t", "0"},
		{"check", "0"},
	} {
		r := newRunner(t, map[string]string{"args": step.args, "version": "9.8.7", "working-directory": project, "downloads": url})
		printed, code, ok := r.run(t)
		if code != step.code || ok != (code == "0") {
			t.Errorf("%q: exit code %q, not %q:\n%s", step.args, code, step.code, printed)
		}
	}
	r := newRunner(t, map[string]string{"args": "version", "downloads": url})
	r.ref = tag
	if printed, _, ok := r.run(t); !ok || !strings.Contains(printed, "proxypatch "+tag+"\n") {
		t.Errorf("used by its tag: %s", printed)
	}
}

// testActionRefuses expects failures before proxypatch is installed.
func testActionRefuses(t *testing.T, release string) {
	tampered, nameless := t.TempDir(), t.TempDir()
	must(t, nodetest.CopyTree(release, tampered))
	must(t, nodetest.CopyTree(release, nameless))
	must(t, os.WriteFile(filepath.Join(tampered, archiveName("9.8.7")), []byte("tampered"), 0o666))
	must(t, os.WriteFile(filepath.Join(nameless, "SHA256SUMS"), []byte("00  another.tar.gz\n"), 0o666))
	for name, test := range map[string]struct {
		release, version, os, arch string
		prints                     string
	}{
		"tampered":        {tampered, tag, "Linux", "X64", "does not match SHA256SUMS"},
		"no sum":          {nameless, tag, "Linux", "X64", "SHA256SUMS does not name proxypatch_9.8.7_linux_amd64.tar.gz"},
		"no such release": {release, "v1.0.0", "Linux", "X64", "can't be downloaded"},
		"shell code":      {release, "1.0.0; touch pwned", "Linux", "X64", "the input version must look like v1.2.3"},
		"path":            {release, "../../x", "Linux", "X64", "the input version must look like v1.2.3"},
		"system":          {release, tag, "Plan9", "X64", "there is no proxypatch for Plan9"},
		"architecture":    {release, tag, "Linux", "X86", "there is no proxypatch for X86"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t, map[string]string{"version": test.version, "downloads": downloads(t, test.release)})
			r.os, r.arch = test.os, test.arch
			printed, code, ok := r.run(t)
			if ok || code != "" || !strings.Contains(printed, "::error title=proxypatch::") || !strings.Contains(printed, test.prints) {
				t.Errorf("succeeded: %v, exit code %q:\n%s", ok, code, printed)
			}
			found, err := filepath.Glob(filepath.Join(r.temp, "*", "bin", "*"))
			if _, pwned := os.Stat(filepath.Join(r.temp, "pwned")); err != nil || len(found) > 0 || pwned == nil {
				t.Errorf("something was left: %v %v %v", found, err, pwned)
			}
		})
	}
}

// testActionRunsNoInput passes shell code as arguments and as a directory.
func testActionRunsNoInput(t *testing.T, release string) {
	project := unpatched(t)
	r := newRunner(t, map[string]string{
		"args": "check; touch pwned $(touch pwned) `touch pwned` *", "version": tag,
		"working-directory": project, "downloads": downloads(t, release),
	})
	if printed, code, _ := r.run(t); code != "2" {
		t.Errorf("exit code %q:\n%s", code, printed)
	}
	r.inputs["working-directory"] = "$(touch pwned)"
	if printed, code, ok := r.run(t); ok || code != "" {
		t.Errorf("exit code %q:\n%s", code, printed)
	}
	for _, dir := range []string{project, r.temp} {
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Errorf("an input was run as shell code in %s", dir)
		}
	}
}

// TestActionFromCheckout builds the action's sources, as a workflow in this
// repository does.
func TestActionFromCheckout(t *testing.T) {
	gate.Need(t, "release")
	t.Parallel()
	r := newRunner(t, map[string]string{"args": "check", "working-directory": unpatched(t)})
	r.ref = "main"
	if printed, code, _ := r.run(t); code != "3" {
		t.Errorf("exit code %q:\n%s", code, printed)
	}
}
