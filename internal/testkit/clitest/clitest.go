// Package clitest builds proxypatch and runs it as a user would.
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

// Code is an exit code from docs/commands.md.
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

// String returns the name of the code in --json.
func (c Code) String() string {
	if c < 0 || int(c) >= len(codeNames) {
		return fmt.Sprint(int(c))
	}
	return codeNames[c]
}

// Main runs the tests of a package with the program on the PATH, without the variables
// of CI workflows. Call it from TestMain.
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

// Outcome is the result of a run of the program.
type Outcome struct {
	Code           Code
	Stdout, Stderr string
}

// Run runs the program in a directory, with env added to Environment.
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

// Environment returns this process's environment without the variables of CI systems,
// pagers and terminals.
func Environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "GITHUB_") || slices.Contains([]string{"CI", "NO_COLOR", "TERM", "PAGER", "PROXYPATCH_PAGER", "LESS"}, name)
	})
}

// Must runs the program, which must exit with 0.
func Must(t testing.TB, args ...string) {
	t.Helper()
	if got := Run(t, "", nil, args...); got.Code != OK {
		t.Fatalf("proxypatch %s exited with %d:\n%s%s", strings.Join(args, " "), got.Code, got.Stdout, got.Stderr)
	}
}

// JSON runs the program with --json and returns the document. The program must exit
// with the wanted code and print nothing to stderr.
func JSON(t testing.TB, want Code, args ...string) Report {
	t.Helper()
	got := Run(t, "", nil, append(args, "--json")...)
	if got.Code != want || got.Stderr != "" {
		t.Fatalf("proxypatch %s exited with %d, not %d:\n%s%s", strings.Join(args, " "), got.Code, want, got.Stdout, got.Stderr)
	}
	return Decode(t, got.Stdout)
}

// Decode parses the document that --json printed.
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

// schema compiles the schema in docs/commands.md.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	top, err := repotest.FindTop()
	if err != nil {
		return nil, err
	}
	return jsonschema.NewCompiler().Compile(filepath.Join(top, "docs", "report.schema.json"))
})

// Validate checks that a document fits the schema and the program's exit code, and that
// each hint contains its command.
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
