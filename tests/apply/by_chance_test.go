// Package apply tests the files that proxypatch writes: their contents, compared with
// git apply, and their attributes.
package apply

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// The program applies generated diffs. The result equals that of git, a second run
// changes nothing, and revert restores every byte. A refused diff changes nothing.
// TestAgainstGit tests the engine with many more.
func TestDiffsByChance(t *testing.T) {
	n := 10
	if gate.Wanted(t, "differential") {
		n = 60
	}
	git := difftest.NewGit(t)
	applied, refused := 0, 0
	for seed := range n {
		g := difftest.New(uint64(seed))
		next := g.Case
		if seed%2 == 0 { // more of these apply
			next = g.IntactCase
		}
		c := next()
		for c.Reverse {
			c = next()
		}
		if byChance(t, git, c) {
			applied++
		} else {
			refused++
		}
	}
	casecount.AtLeast(t, "random diffs applied and reverted by the program", applied, n/5)
	casecount.AtLeast(t, "random diffs refused by the program", refused, n/5)
}

// byChance reports whether the program applies the diff of a case.
func byChance(t *testing.T, git *difftest.Git, c difftest.Case) bool {
	t.Helper()
	project := t.TempDir()
	modules := filepath.Join(project, "node_modules")
	target := filepath.Join(modules, "next-auth", difftest.Name)
	if err := nodetest.CopyTree("../../testdata/node_modules", modules); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		filepath.Join(project, "package.json"):        []byte("{}"),
		filepath.Join(project, "patches", "own.diff"): c.Diff,
		target: c.Content,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	proxypatch := func(command string) int {
		cmd := exec.Command("proxypatch", command, "-C", project, "--set", "none", "--patches", filepath.Join(project, "patches"))
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); !slices.Contains([]clitest.Code{clitest.OK, clitest.Usage, clitest.Drift}, clitest.Code(code)) {
			t.Fatalf("%s: %v\n%s%q\n%s", command, err, out, c.Content, c.Diff)
		}
		return cmd.ProcessState.ExitCode()
	}
	list := func() string { return clitest.List(t, project) }
	before := list()
	if proxypatch("apply") != 0 {
		if list() != before {
			t.Errorf("a refusal left\n%s\nfor\n%s", list(), before)
		}
		return false
	}
	once := list()
	if once == before {
		return false // the diff seems to be applied already
	}
	got, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	crlf := difftest.OnlyCRLF(c.Content)
	if want, ok := git.Apply(c); !crlf && (!ok || string(got) != string(want)) {
		t.Errorf("%q\n%s: git makes %q (%v), we make %q", c.Content, c.Diff, want, ok, got)
	}
	if code := proxypatch("apply"); code != 0 || list() != once {
		t.Errorf("the second time: exit code %d,\n%s", code, list())
	}
	if code := proxypatch("revert"); code != 0 || list() != before {
		t.Errorf("revert: exit code %d,\n%s\nfor\n%s", code, list(), before)
	}
	return true
}
