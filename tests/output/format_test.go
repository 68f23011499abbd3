// Package output tests what proxypatch prints: every format, and terminals.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/citest"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// mustRemove and mustReplace change a project.
func mustRemove(t *testing.T, path ...string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

func mustReplace(t *testing.T, file, old, new string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	if err := os.WriteFile(file, bytes.Replace(data, []byte(old), []byte(new), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every format reports the same on a project, with the same exit code, and stdout
// contains nothing else.
func TestFormats(t *testing.T) {
	t.Parallel()
	project := nodetest.ToPatch(t, "agent-7.0.6")
	nextAuth := filepath.Join(project, "node_modules", "next-auth")
	second := filepath.Join(project, "node_modules", "other", "node_modules")
	within := func(args ...string) clitest.Outcome {
		return clitest.Run(t, "", nil, append(args, "-C", project)...)
	}
	must := func(args ...string) {
		if got := within(args...); got.Code != 0 {
			t.Fatalf("%v: %+v", args, got)
		}
	}
	var sarifs, junits [][]byte
	for _, state := range []struct {
		name   string
		change func()
		args   []string
		code   clitest.Code
		broken int // files that are not patched
	}{
		{"pristine", func() {}, nil, clitest.Pending, 8},
		{"patched", func() { must("apply") }, nil, clitest.OK, 0},
		{"helper gone", func() { mustRemove(t, nextAuth, "core", "lib", "proxy.js") }, nil, clitest.Pending, 1},
		{"two copies", func() {
			must("apply")
			if err := nodetest.CopyTree(filepath.Join(nodetest.Project(t, "agent-7.0.6"), "node_modules", "next-auth"), filepath.Join(second, "next-auth")); err != nil {
				t.Fatal(err)
			}
		}, nil, clitest.Pending, 8},
		{"one chosen", func() {}, []string{"--copy", nextAuth}, clitest.OK, 0},
		{"build cache", func() {
			must("apply")
			if err := os.MkdirAll(filepath.Join(project, ".next", "cache", "webpack"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, nil, clitest.Pending, 0},
		{"drifted", func() {
			mustReplace(t, filepath.Join(nextAuth, "core", "lib", "oauth", "client.js"), "provider", "provid3r")
		}, nil, clitest.Drift, 1},
		{"drifted, and the other pristine", func() {
			must("revert", "--copy", filepath.Join(second, "next-auth"))
		}, nil, clitest.Drift, 9},
		{"missing", func() { mustRemove(t, nextAuth, "providers", "github.js") }, nil, clitest.Drift, 10},
		{"no agent", func() {
			mustRemove(t, nextAuth, "providers")
			mustRemove(t, nextAuth)
			if err := os.Rename(filepath.Join(second, "next-auth"), nextAuth); err != nil {
				t.Fatal(err)
			}
			must("apply")
			mustRemove(t, project, "node_modules", "https-proxy-agent")
		}, nil, clitest.Agent, 0},
		{"unsupported", func() {
			mustReplace(t, filepath.Join(nextAuth, "package.json"), `"version": "4.2.1"`, `"version": "2.2.0"`)
		}, nil, clitest.Unsupported, 0},
		{"usage", func() {}, []string{"--set", "nonsense"}, clitest.Usage, 0},
		{"not found", func() { mustRemove(t, nextAuth) }, nil, clitest.NotFound, 0},
		{"not found, which is fine", func() {}, []string{"--if-present"}, clitest.OK, 0},
	} {
		t.Run(state.name, func(t *testing.T) {
			state.change()
			before := clitest.List(t, project)
			check := func(format ...string) clitest.Outcome {
				got := within(slices.Concat([]string{"check"}, format, state.args)...)
				if got.Code != state.code {
					t.Errorf("%v: exit code %d, not %d:\n%s%s", format, got.Code, state.code, got.Stdout, got.Stderr)
				}
				if strings.Contains(got.Stdout+got.Stderr, "\x1b") {
					t.Errorf("%v: colour outside of a terminal", format)
				}
				return got
			}
			twice := func(format ...string) clitest.Outcome {
				got := check(format...)
				if diff := cmp.Diff(got, check(format...)); diff != "" {
					t.Errorf("%v: not the same twice (-first +second):\n%s", format, diff)
				}
				return got
			}
			text, document := check(), check("--json")
			if diff := cmp.Diff(text, check("--format", "text")); diff != "" {
				t.Errorf("text (-default +asked for):\n%s", diff)
			}
			if diff := cmp.Diff(document, check("--format=json")); diff != "" || document.Stderr != "" {
				t.Errorf("json (--json, --format json):\n%s%s", diff, document.Stderr)
			}
			if err := clitest.Validate(document.Stdout, state.code); err != nil {
				t.Errorf("%v in\n%s", err, document.Stdout)
			}
			github := twice("--format", "github")
			if annotations := strings.TrimPrefix(github.Stdout, text.Stdout); strings.Count(annotations, "\n") != strings.Count(annotations, "::error ") || (annotations == "") != (state.code == clitest.OK) || github.Stderr != text.Stderr {
				t.Errorf("github:\n%s%s", github.Stdout, github.Stderr)
			}
			sarif, junit := twice("--format", "sarif"), twice("--format", "junit")
			if sarif.Stderr != text.Stderr || junit.Stderr != text.Stderr {
				t.Errorf("stderr is not that of text:\n%s%s", sarif.Stderr, junit.Stderr)
			}
			sarifs, junits = append(sarifs, []byte(sarif.Stdout)), append(junits, []byte(junit.Stdout))
			checkSARIF(t, []byte(sarif.Stdout), state.code, state.broken)
			checkJUnit(t, []byte(junit.Stdout), state.code, state.broken)
			if diff := cmp.Diff(before, clitest.List(t, project)); diff != "" {
				t.Errorf("the project was changed:\n%s", diff)
			}
		})
	}
	citest.ValidSARIF(t, sarifs...)
	citest.ValidJUnit(t, junits...)
}

func checkSARIF(t *testing.T, document []byte, code clitest.Code, broken int) {
	t.Helper()
	run := citest.DecodeSARIF(t, document).Runs[0]
	ofRun := slices.Contains([]clitest.Code{clitest.Failed, clitest.Usage, clitest.NotFound}, code)
	if got := run.Invocations[0]; got.ExitCode != int(code) || got.Successful == ofRun || len(got.Notifications) > 0 != ofRun {
		t.Errorf("invocation %+v", got)
	}
	if failed := len(run.Results) > 0; failed != (code != clitest.OK && !ofRun) {
		t.Errorf("%d results, exit code %d", len(run.Results), code)
	}
	files, prints := 0, map[string]bool{}
	for _, r := range run.Results {
		place := r.Locations[0].PhysicalLocation.ArtifactLocation
		if path := citest.Unescape(t, place.URI); filepath.IsAbs(path) || place.URIBaseID != "PROJECTROOT" {
			t.Errorf("place %+v", place)
		} else if strings.HasSuffix(path, ".js") {
			files++
		}
		for _, print := range r.PartialFingerprints {
			if prints[print] {
				t.Errorf("two results with the fingerprint %s", print)
			}
			prints[print] = true
		}
	}
	if files != broken {
		t.Errorf("%d files have a result, not %d:\n%s", files, broken, document)
	}
}

func checkJUnit(t *testing.T, document []byte, code clitest.Code, broken int) {
	t.Helper()
	all := citest.DecodeJUnit(t, document)
	files, failures, errs, tests := 0, 0, 0, 0
	for _, suite := range all.Suites {
		for _, test := range suite.Cases {
			tests++
			failures, errs = failures+min(len(test.Failures), 1), errs+min(len(test.Errors), 1)
			if strings.HasSuffix(test.Name, ".js") && len(test.Failures) > 0 {
				files++
			}
		}
	}
	if files != broken || (failures+errs == 0) != (code == clitest.OK) {
		t.Errorf("%d files fail, not %d; exit code %d:\n%s", files, broken, code, document)
	}
	if tests == 0 || tests != all.Tests || failures != all.Failures || errs != all.Errors {
		t.Errorf("%d tests, %d failures, %d errors, but %+v", tests, failures, errs, all)
	}
}

// Copies have the same order with every selection.
func TestOrderOfCopies(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	var places []string
	for _, name := range []string{"b", "a", "c"} {
		place := filepath.Join("node_modules", name, "node_modules")
		places = append(places, filepath.Join(place, "next-auth"))
		if err := nodetest.CopyTree("../../testdata/node_modules", filepath.Join(project, place)); err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []string{"text", "json", "github", "sarif", "junit"} {
		forth := clitest.Run(t, project, nil, "check", "--format", format, "--copy", places[0], "--copy", places[1], "--copy", places[2])
		back := clitest.Run(t, project, nil, "check", "--format", format, "--copy", places[2], "--copy", places[1], "--copy", places[0])
		if diff := cmp.Diff(forth, back); diff != "" || forth.Code != 4 {
			t.Errorf("%s: exit code %d\n%s", format, forth.Code, diff)
		}
	}
}

// GitHub Actions gets annotations, on stderr without --format github, and a summary. No
// file name becomes a command.
func TestGitHubActions(t *testing.T) {
	t.Parallel()
	hostile := "::error title=x::injected ##[error]old"
	if runtime.GOOS == "windows" { // names can't contain colons
		hostile = "##[error]old"
	}
	outer := t.TempDir()
	project := filepath.Join(outer, hostile)
	if err := nodetest.CopyTree("../../testdata/node_modules", filepath.Join(project, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(project, "package.json"), []byte(`{"scripts": {"postinstall": "x", "build": "next build"}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	before := clitest.List(t, project)
	ownError := regexp.MustCompile(`^::error (file=[^:,]*,)?(line=\d+,)?title=proxypatch( [a-z]+)?%3A [a-z-]+::`)
	ownWarning := regexp.MustCompile(`^::warning title=proxypatch [a-z]+::`)
	for i, args := range [][]string{
		{"check"},
		{"check", "--json"},
		{"check", "--format", "github"},
		{"check", "--format", "sarif"},
		{"check", "--format", "junit"},
		{"apply"},
		{"apply", "-v"},
		{"revert"},
		{"diff"},
		{"doctor"},
		{"init", "-n"},
		{"check", "--copy", hostile},
		{"check", hostile},
		{"check", "--set", "x\n" + hostile},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			summary := filepath.Join(outer, fmt.Sprint("summary", i))
			env := []string{"GITHUB_ACTIONS=true", "GITHUB_WORKSPACE=" + outer, "GITHUB_STEP_SUMMARY=" + summary}
			args := append(slices.Clone(args), "-C", hostile)
			plain, got := clitest.Run(t, outer, nil, args...), clitest.Run(t, outer, env, args...)
			if plain.Code != got.Code {
				t.Errorf("exit code %d, elsewhere %d", got.Code, plain.Code)
			}
			own := 0
			for line := range strings.SplitSeq(got.Stdout+"\n"+got.Stderr, "\n") {
				switch {
				case strings.Contains(line, "##["):
					t.Errorf("a command: %q", line)
				case ownError.MatchString(line):
					own++
				case ownWarning.MatchString(line):
				case strings.HasPrefix(strings.TrimSpace(line), "::"):
					t.Errorf("a command: %q", line)
				}
			}
			wantsGitHub := slices.Contains(args, "github")
			if (own > 0) != (got.Code != 0) || strings.Contains(got.Stdout, "::error file=") != wantsGitHub {
				t.Errorf("%d annotations, exit code %d:\n%s%s", own, got.Code, got.Stdout, got.Stderr)
			}
			if slices.Contains(args, "--json") {
				var r clitest.Report
				if err := json.Unmarshal([]byte(got.Stdout), &r); err != nil || !strings.Contains(r.Copies[0].Path, hostile) {
					t.Errorf("%v: %s", err, got.Stdout)
				}
			}
			text, err := os.ReadFile(summary)
			if err != nil || !bytes.HasPrefix(text, []byte("### proxypatch")) || bytes.Contains(text, []byte("::")) {
				t.Errorf("%v: summary:\n%s", err, text)
			}
		})
	}
	if diff := cmp.Diff(before, clitest.List(t, project)); diff != "" {
		t.Errorf("the project was changed:\n%s", diff)
	}
}

// A summary that can't be written is a warning.
func TestSummaryThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	project := nodetest.ToPatch(t, "agent-7.0.6")
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none", "x")} {
		env := []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + path}
		got := clitest.Run(t, project, env, "apply")
		if got.Code != 0 || !strings.Contains(got.Stderr, "proxypatch: warning: no job summary: open "+path) && !strings.Contains(got.Stderr, path) || !strings.Contains(got.Stderr, "::warning title=proxypatch apply::") {
			t.Errorf("%+v", got)
		}
	}
}
