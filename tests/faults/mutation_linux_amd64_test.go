package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
)

// mutations each remove one protection of files, and name a test that must fail without
// it.
var mutations = []struct {
	name, file, old, new string
	pkg, test            string
}{
	{
		name: "the flush of new bytes", file: "internal/safefile/replace.go",
		old: "return syncAll(files, (*os.File).Sync)",
		new: "return syncAll(files, func(*os.File) error { return nil })",
		pkg: "./tests/faults", test: "TestFlushed",
	},
	{
		name: "the flush of directories", file: "internal/safefile/replace.go",
		old: "err := syncDirs(g.Root, g.Changes); err != nil",
		new: "err := error(nil); err != nil",
		pkg: "./tests/faults", test: "TestFlushed",
	},
	{
		name: "putting back", file: "internal/safefile/replace.go",
		old: "failure.putBack(r.staged[:r.done])",
		new: "",
		pkg: "./internal/apply", test: "TestFailurePutsEverythingBack",
	},
	{
		name: "ending to put back where that fails", file: "internal/safefile/replace.go",
		old: "failed[c.group] = true",
		new: "",
		pkg: "./internal/safefile", test: "TestWhatCanNotBePutBack",
	},
	{
		name: "the lock", file: "internal/safefile/lock.go",
		old: "err := tryLock(l.target)",
		new: "err := error(nil)",
		pkg: "./internal/apply", test: "TestLockIsWaitedFor",
	},
	{
		name: "trying to take off before putting on", file: "internal/patchset/state.go",
		old: "diff := p.takeOff(exactFirst(untried, id))",
		new: "if len(wanted) > 0 {\nif _, err := putOn(wanted[0], p.base); err == nil {\nreturn p, nil\n}\n}\ndiff := p.takeOff(exactFirst(untried, id))",
		pkg: "./internal/patchset", test: "TestTakenOffBeforePutOn",
	},
}

// TestMutations requires that a test fails for each removed protection. The go command
// builds each mutation from an overlay, so the source does not change.
func TestMutations(t *testing.T) {
	needFaults(t)
	top, err := filepath.Abs("../..")
	must(t, err)
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			file := filepath.Join(top, filepath.FromSlash(m.file))
			source, err := os.ReadFile(file)
			must(t, err)
			if n := strings.Count(string(source), m.old); n != 1 {
				t.Fatalf("%s has %q %d times", m.file, m.old, n)
			}
			dir := newDir(t)
			mutated, overlay := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
			write(t, mutated, []byte(strings.Replace(string(source), m.old, m.new, 1)))
			replace, err := json.Marshal(map[string]map[string]string{"Replace": {file: mutated}})
			must(t, err)
			write(t, overlay, replace)
			cmd := exec.Command("go", "test", "-count=1", "-run", "^"+m.test+"$", m.pkg)
			cmd.Dir = top
			// In the environment, because a test may build the program.
			cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay), casecount.Dir+"=")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: "+m.test+" ") {
				t.Errorf("without it, %s does not fail: %v\n%s", m.test, err, out)
			}
		})
	}
	casecount.AtLeast(t, "mutations", len(mutations), 6)
}
