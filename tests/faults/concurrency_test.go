package faults

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
)

// answer is the output of one of several processes.
type answer struct {
	args []string
	code int
	out  string
}

// atOnce runs all commands at the same time, and returns their answers in order. A
// command starts with a directory.
func atOnce(t *testing.T, dir string, commands [][]string) []answer {
	t.Helper()
	program := binary(t)
	answers := make([]answer, len(commands))
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for i, command := range commands {
		ready.Add(1)
		done.Go(func() {
			cmd := exec.Command(program, command[1:]...)
			var out bytes.Buffer
			cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(dir, command[0]), &out, &out
			ready.Done()
			<-start
			err := cmd.Run()
			if cmd.ProcessState == nil {
				t.Error(err)
				return
			}
			answers[i] = answer{command, cmd.ProcessState.ExitCode(), out.String()}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return answers
}

// TestManyAtOnce runs apply, revert and check in 32 processes on the same project. Each
// must report a possible state, and all reports must fit together: between two patches
// there is one revert.
func TestManyAtOnce(t *testing.T) {
	needFaults(t)
	for name, l := range map[string]layout{"one copy": one, "two copies": two} {
		t.Run(name, func(t *testing.T) {
			dir := l.install(t)
			l.warm(t, dir, "revert")
			pristine := treeOf(t, dir)
			var commands [][]string
			for range 8 {
				commands = append(commands, []string{".", "apply"}, []string{".", "revert"}, []string{".", "check"}, []string{".", "apply", "--dry-run"})
			}
			patched := 0
			for _, a := range atOnce(t, dir, commands) {
				command := strings.Join(a.args[1:], " ")
				if a.code != 0 && (a.code != 3 || command != "check") {
					t.Errorf("%s exited with %d:\n%s", command, a.code, a.out)
				}
				switch {
				case command == "apply" && strings.Contains(a.out, "files patched\n"):
					patched++
				case command == "revert" && strings.Contains(a.out, "files restored\n"):
					patched--
				case command != "check" && !strings.Contains(a.out, "nothing to ") && !strings.Contains(a.out, "would change"):
					t.Errorf("%s says:\n%s", command, a.out)
				}
			}
			code, out := proxypatch(t, dir, "check")
			if want := map[int]int{0: 3, 1: 0}; patched < 0 || patched > 1 || code != want[patched] {
				t.Errorf("patched %d times more often than taken back, and check exits with %d:\n%s", patched, code, out)
			}
			l.requireClean(t, dir, pristine)
			casecount.Report(t, "processes at once", len(commands))
		})
	}
}

// requireClean requires that no temporary file is left, and that a revert restores the
// project, except for its caches.
func (l layout) requireClean(t *testing.T, dir string, pristine tree) {
	t.Helper()
	for name := range treeOf(t, dir) {
		if passing.MatchString(name) {
			t.Errorf("%s is left", name)
		}
	}
	succeed(t, dir, "revert")
	for _, name := range differences(pristine, treeOf(t, dir)) {
		if !strings.Contains(name, ".next/") {
			t.Errorf("%s is not as before", name)
		}
	}
}

// TestPostinstallsAtOnce runs the scripts of a workspace's packages as package managers
// do: at the same time, each in its own directory.
func TestPostinstallsAtOnce(t *testing.T) {
	needFaults(t)
	dir := two.install(t)
	two.warm(t, dir, "revert")
	pristine := treeOf(t, dir)
	for range 4 {
		commands := [][]string{{"."}, {"apps/web"}, {"apps/admin"}, {"apps/web", "--copy", "node_modules/next-auth"}, {"apps/admin", "-C", "../.."}}
		for _, a := range atOnce(t, dir, commands) {
			if a.code != 0 || strings.Contains(a.out, "warning") {
				t.Errorf("%q exited with %d:\n%s", a.args, a.code, a.out)
			}
		}
		succeed(t, dir, "check")
		for _, app := range two.apps {
			write(t, filepath.Join(dir, app, packed), []byte("code of now\n"))
		}
		succeed(t, dir, "check") // later builds get the right stamp
		for _, a := range atOnce(t, dir, [][]string{{"apps/web", "revert"}, {"apps/admin", "revert"}, {".", "revert"}}) {
			if a.code != 0 {
				t.Errorf("%q exited with %d:\n%s", a.args, a.code, a.out)
			}
		}
	}
	two.requireClean(t, dir, pristine)
}

// TestInitsAtOnce runs init in the packages of a workspace at the same time. All must
// succeed, and no hook may be added twice.
func TestInitsAtOnce(t *testing.T) {
	needFaults(t)
	once, dir := two.install(t), two.install(t)
	succeed(t, once, "init")
	for _, a := range atOnce(t, dir, [][]string{{"apps/web", "init"}, {"apps/admin", "init"}, {".", "init"}, {".", "init"}}) {
		if a.code != 0 {
			t.Errorf("%q exited with %d:\n%s", a.args, a.code, a.out)
		}
	}
	if diff := differences(treeOf(t, once), treeOf(t, dir)); len(diff) > 0 {
		t.Errorf("others than after one init: %q", diff)
	}
}
