package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// When a diff changes for the first time, the program gets the old one too. A file that
// the old one patched is recognised, upgraded and restored.
func TestFirstSuperseded(t *testing.T) {
	repo, works := scratch(t, "a")
	repo.addProgram(t)
	const azure = "providers/azure-ad.js"
	old := repo.read(t, "patches/v4.99.0/"+azure+".diff")

	must(t, os.Mkdir(repo.path("patches/superseded"), 0o755)) // empty or absent, it is no error
	repo.build(t)
	must(t, os.Remove(repo.path("patches/superseded")))
	repo.build(t)
	repo.commit(t)

	changeRule(t, "changed")
	must(t, repo.write(nil, works))
	if diff := cmp.Diff([]string{"patches/superseded/1/v4.99.0/" + azure + ".diff"}, repo.superseded(t)); diff != "" {
		t.Fatalf("superseded (-want +got):\n%s", diff)
	}
	p := project{dir: t.TempDir(), program: repo.build(t)}
	p.install(t, works[0].packages[0])
	before := p.read(t, azure)
	diff, err := patchset.Parse("old", old)
	must(t, err)
	patched, err := diff.Apply(before)
	must(t, err)

	for name, commands := range map[string][][]string{
		"revert":           {{"revert"}},
		"apply and revert": {{"apply"}, {"revert"}},
	} {
		p.install(t, works[0].packages[0])
		p.run(t, 0, "apply")
		p.put(t, azure, patched)
		if state := p.states(t, 3, "check", "--strict")[azure]; state != patchset.Outdated {
			t.Errorf("%s is %s", azure, state)
		}
		for _, command := range commands {
			p.run(t, 0, append(command, "--strict")...)
			if command[0] == "apply" && p.states(t, 0, "check", "--strict")[azure] != patchset.Patched {
				t.Errorf("%s is not patched", azure)
			}
		}
		for file, want := range works[0].packages[0] {
			if diff := cmp.Diff(string(want), string(p.read(t, file))); diff != "" {
				t.Errorf("%s left in %s (-want +got):\n%s", name, file, diff)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r repository) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(r.path(name))
	must(t, err)
	return data
}

// addProgram copies the sources of proxypatch, except the default set, into the
// repository.
func (r repository) addProgram(t *testing.T) {
	t.Helper()
	from, err := openRepository()
	must(t, err)
	for _, name := range []string{"go.mod", "go.sum", "patches/embed.go"} {
		must(t, writeFile(r.path(name), from.read(t, name)))
	}
	must(t, os.RemoveAll(r.path("internal"))) // patchgen has written parts of it
	for _, dir := range []string{"cmd", "internal", "patches/tutorial"} {
		must(t, nodetest.CopyTree(from.path(dir), r.path(dir)))
	}
}

// build returns the path of the program.
func (r repository) build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "proxypatch")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./cmd/proxypatch")
	cmd.Dir = r.top
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// project is a project with an invented next-auth, and the program to patch it.
type project struct{ dir, program string }

func (p project) path(name string) string {
	return filepath.Join(p.dir, "node_modules", "next-auth", filepath.FromSlash(name))
}

func (p project) put(t *testing.T, name string, content []byte) {
	t.Helper()
	must(t, writeFile(p.path(name), content))
}

func (p project) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(p.path(name))
	must(t, err)
	return data
}

// install makes a new node_modules.
func (p project) install(t *testing.T, pkg npmreleases.Package) {
	t.Helper()
	must(t, os.RemoveAll(filepath.Join(p.dir, "node_modules")))
	for name, content := range pkg {
		p.put(t, name, content)
	}
	p.put(t, "package.json", []byte(`{"name": "next-auth", "version": "4.99.0"}`))
	p.put(t, "../https-proxy-agent/package.json", []byte(`{"name": "https-proxy-agent", "version": "7.0.6"}`))
}

// run runs the program, which must exit with a code, and returns what it prints.
func (p project) run(t *testing.T, code int, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(p.program, append([]string{"-C", p.dir, "--json"}, args...)...)
	out, err := cmd.Output()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%v: %v, not exit code %d\n%s", args, err, code, out)
	}
	return out
}

// states returns the states of all files that a command reports.
func (p project) states(t *testing.T, code int, args ...string) map[string]patchset.State {
	t.Helper()
	var report struct {
		Copies []struct {
			Files []struct{ Path, State string }
		}
	}
	must(t, json.Unmarshal(bytes.TrimSpace(p.run(t, code, args...)), &report))
	states := map[string]patchset.State{}
	for _, c := range report.Copies {
		for _, f := range c.Files {
			states[f.Path] = patchset.State(f.State)
		}
	}
	if len(states) == 0 {
		t.Fatal(fmt.Errorf("%v says nothing of any file", args))
	}
	return states
}
