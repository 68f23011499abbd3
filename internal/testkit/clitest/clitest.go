// Package clitest builds proxypatch and runs it as a person would.
package clitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

// Code is an exit code of the program, as docs/exit-codes.md has it.
type Code int

// The exit codes.
const (
	OK Code = iota
	Failed
	Usage
	Pending
	Drift
	Unsupported
	NotFound
	Agent
	Unproven
)

var codeNames = []string{"ok", "failed", "usage", "pending", "drift", "unsupported", "not found", "agent", "unproven"}

// String returns the name that the code has in --json.
func (c Code) String() string {
	if c < 0 || int(c) >= len(codeNames) {
		return fmt.Sprint(int(c))
	}
	return codeNames[c]
}

// Main is for a TestMain: it runs the tests with the program on the PATH, outside of
// any step of a workflow.
func Main(m *testing.M) int {
	program, err := Program()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Unsetenv("GITHUB_ACTIONS")
	os.Unsetenv("GITHUB_STEP_SUMMARY")
	os.Setenv("PATH", filepath.Dir(program)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return m.Run()
}

// Outcome is what came of a run of the program.
type Outcome struct {
	Code           Code
	Stdout, Stderr string
}

// Run runs the program in a directory, with env in addition to this process's
// environment without what CI systems, pagers and terminals set.
func Run(t testing.TB, dir string, env []string, args ...string) Outcome {
	t.Helper()
	program, err := Program()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(Environment(), env...)
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return Outcome{Code(cmd.ProcessState.ExitCode()), stdout.String(), stderr.String()}
}

// Environment is this process's environment without what CI systems, pagers and
// terminals set.
func Environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "GITHUB_") || slices.Contains([]string{"CI", "NO_COLOR", "TERM", "PAGER", "PROXYPATCH_PAGER", "LESS"}, name)
	})
}

// Must runs the program, which has to exit with 0.
func Must(t testing.TB, args ...string) {
	t.Helper()
	if got := Run(t, "", nil, args...); got.Code != OK {
		t.Fatalf("proxypatch %s exited with %d:\n%s%s", strings.Join(args, " "), got.Code, got.Stdout, got.Stderr)
	}
}

// JSON runs the program with --json, which has to exit with a code and print nothing
// to stderr, and returns the document.
func JSON(t testing.TB, want Code, args ...string) Report {
	t.Helper()
	got := Run(t, "", nil, append(args, "--json")...)
	if got.Code != want || got.Stderr != "" {
		t.Fatalf("proxypatch %s exited with %d, not %d:\n%s%s", strings.Join(args, " "), got.Code, want, got.Stdout, got.Stderr)
	}
	return Decode(t, got.Stdout)
}

// Decode reads the document that --json printed.
func Decode(t testing.TB, text string) Report {
	t.Helper()
	var r Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if err := r.validateRuns(); err != nil {
		t.Fatal(err)
	}
	return r
}

// schema compiles the schema that docs/json.md promises.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	top, err := repotest.FindTop()
	if err != nil {
		return nil, err
	}
	return jsonschema.NewCompiler().Compile(filepath.Join(top, "docs", "report.schema.json"))
})

// Validate holds a document against the schema, against the code that the program
// exited with, and each command in it against its hint.
func Validate(text string, code Code) error {
	schema, err := schema()
	if err != nil {
		return err
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = schema.Validate(document)
	}
	var r Report
	if err == nil {
		err = json.Unmarshal([]byte(text), &r)
	}
	if err == nil && (r.Exit.Code != code || r.Exit.Name != r.Exit.Code.String()) {
		err = fmt.Errorf("exited with %d, but reports %+v", code, r.Exit)
	}
	if err == nil {
		err = r.validateRuns()
	}
	return err
}
