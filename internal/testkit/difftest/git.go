package difftest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Git runs git apply in its own directory, without a user's settings. Use it in one
// goroutine.
type Git struct {
	t   testing.TB
	dir string
	env []string
}

// NewGit returns a Git for a test. Without git, it skips the test, or fails it if CI is
// set.
func NewGit(t testing.TB) *Git {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no git: our engine is not compared with git apply")
	}
	top := t.TempDir()
	g := &Git{t: t, dir: filepath.Join(top, "tree"), env: append(os.Environ(),
		"HOME="+top, "XDG_CONFIG_HOME="+top, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_CEILING_DIRECTORIES="+top, "GIT_ATTR_NOSYSTEM=1", "LC_ALL=C")}
	g.clean()
	return g
}

// In returns the same Git for another test, such as one input of a fuzz target.
func (g *Git) In(t testing.TB) *Git {
	in := *g
	in.t = t
	return &in
}

// Apply returns the content after git applied the diff; ok is false if git refused it.
func (g *Git) Apply(c Case) (after []byte, ok bool) {
	g.t.Helper()
	file := filepath.Join(g.dir, Name)
	g.write(file, c.Content)
	ok = g.run(c.Diff, c.Reverse)
	after, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) { // git read the diff as a deletion
		after, err = nil, nil
	}
	if err != nil {
		g.t.Fatal(err)
	}
	g.cleanUnlessAlone()
	return after, ok
}

// Target writes some files with the same content, and returns the one that git apply
// changes with these options, or "" if it refuses the diff.
func (g *Git) Target(content, diff []byte, files []string, options ...string) string {
	g.t.Helper()
	defer g.clean()
	for _, name := range files {
		file := filepath.Join(g.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			g.t.Fatal(err)
		}
		g.write(file, content)
	}
	if !g.run(diff, false, options...) {
		return ""
	}
	for _, name := range files {
		after, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(after, content) {
			return name
		}
	}
	g.t.Fatalf("git applied the diff to none of %q:\n%s", files, diff)
	return ""
}

// Result is the result of git for one case.
type Result struct {
	After []byte
	OK    bool
}

// ApplyAll applies many cases in one process, which is a hundred times as fast. Their
// diffs must be intact, and all must have the same direction.
func (g *Git) ApplyAll(cases []Case) []Result {
	g.t.Helper()
	var diffs bytes.Buffer
	for i, c := range cases {
		if !c.Intact || c.Reverse != cases[0].Reverse {
			g.t.Fatal("not all diffs are intact and go the same way")
		}
		name := fmt.Sprintf("f%d.js", i)
		g.write(filepath.Join(g.dir, name), c.Content)
		header, hunks, _ := bytes.Cut(c.Diff, []byte("\n@@ -"))
		diffs.Write(bytes.ReplaceAll(header, []byte(Name), []byte(name)))
		diffs.WriteString("\n@@ -")
		diffs.Write(hunks)
	}
	// With --reject, git reports a file with a refused hunk and continues with the others.
	g.run(diffs.Bytes(), len(cases) > 0 && cases[0].Reverse, "--reject")
	results := make([]Result, len(cases))
	for i := range cases {
		name := filepath.Join(g.dir, fmt.Sprintf("f%d.js", i))
		_, err := os.Stat(name + ".rej")
		results[i].OK = errors.Is(err, fs.ErrNotExist)
		if results[i].After, err = os.ReadFile(name); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				g.t.Fatal(err)
			}
		}
	}
	g.clean()
	return results
}

func (g *Git) write(name string, content []byte) {
	if err := os.WriteFile(name, content, 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// run reports whether git apply succeeds. It fails the test if git neither succeeds nor
// refuses, for example after a signal.
func (g *Git) run(diff []byte, reverse bool, options ...string) bool {
	g.t.Helper()
	args := append([]string{"apply", "--whitespace=nowarn"}, options...)
	if reverse {
		args = append(args, "-R")
	}
	g.write(g.dir+".diff", diff)
	cmd := exec.Command("git", append(args, g.dir+".diff")...)
	cmd.Dir, cmd.Env = g.dir, g.env
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		g.t.Fatal(err)
	}
	return err == nil
}

// clean removes and recreates the directory.
func (g *Git) clean() {
	if err := os.RemoveAll(g.dir); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		g.t.Fatal(err)
	}
}

func (g *Git) cleanUnlessAlone() {
	entries, err := os.ReadDir(g.dir)
	if err != nil {
		g.t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != Name || !entries[0].Type().IsRegular() {
		g.clean()
	}
}
