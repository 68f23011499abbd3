// Package scripts runs the program as a user would, in the scripts testdata/*/*.txtar.
package scripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/pnptest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// TestScripts runs the program on stand-ins for packages, without a network.
func TestScripts(t *testing.T) {
	runScripts(t, "testdata/script", nil)
}

// TestRealPackages runs it on next-auth 3, 4.2.1 and 5, and https-proxy-agent from npm.
func TestRealPackages(t *testing.T) {
	runScripts(t, "testdata/real", map[string]string{
		"agent-5": nodetest.Project(t, "agent-5.0.1"),
		"agent-7": nodetest.Project(t, "agent-7.0.6"),

		"core-5": nodetest.Project(t, "core-agent-5.0.1"),
		"core-9": nodetest.Project(t, "core-agent-9.1.0"),
		"three":  nodetest.Project(t, "next-auth-3"),

		"patch-package": nodetest.Project(t, "patch-package"),
		"sign-in":       nodetest.Project(t, "sign-in"),
	})
}

// TestVerifyScripts runs verify in environments that scripts set up.
func TestVerifyScripts(t *testing.T) {
	gate.Need(t, "verify")
	runScripts(t, "testdata/verify", map[string]string{
		"agent-7":      nodetest.Project(t, "agent-7.0.6"),
		"core-agent-9": nodetest.Project(t, "core-agent-9.1.0"),
	})
}

// runScripts runs the scripts in dir. The command "project" copies what proxypatch reads of a
// directory from projects by name, and "runnable" what Node.js loads, too.
func runScripts(t *testing.T, dir string, projects map[string]string) {
	quick := !gate.Wanted(t, "releases")
	quickPath := os.Getenv("PATH") // for doctor
	if runtime.GOOS != "windows" {
		quickPath = filepath.Dir(nodetest.QuickNode(t)) + string(filepath.ListSeparator) + quickPath
	}
	fixture, err := filepath.Abs("../../testdata/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "")
			env.Setenv("TEMP_DIR", os.TempDir())
			env.Setenv("QUICK_PATH", quickPath)
			// A script's project ends at its directory.
			return os.Mkdir(filepath.Join(env.WorkDir, ".git"), 0o755)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "quick":
				return quick, nil
			case "root":
				return os.Getuid() == 0, nil
			case "namespaces":
				return namespaces(), nil
			case "attributes":
				return attributes(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits,
			"fixture": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "fixture DIR", 1)
				ts.Check(nodetest.CopyTree(fixture, ts.MkAbs(filepath.Join(args[0], "node_modules"))))
			},
			"project": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "project NAME DIR", 2)
				ts.Check(nodetest.CopyToPatch(projects[args[0]], ts.MkAbs(args[1])))
			},
			"runnable": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "runnable NAME DIR", 2)
				ts.Check(nodetest.CopyProject(projects[args[0]], ts.MkAbs(args[1])))
			},
			"snapshot": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "snapshot DIR FILE", 2)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(snapshot(ts, args[0])), 0o666))
			},
			"unchanged": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "unchanged DIR FILE", 2)
				if was, is := ts.ReadFile(args[1]), snapshot(ts, args[0]); was != is {
					ts.Fatalf("%s is not as it was:\nwas:\n%s\nis:\n%s", args[0], was, is)
				}
			},
			"edit": edit,
			"plug": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "plug archives|unplugged DIR", 2)
				ts.Check(pnptest.Plug(ts.MkAbs(args[1]), args[0] == "unplugged"))
			},
			"crlf": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "crlf FILE", 1)
				text := strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n")
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
			},
			"documented": documented,
			"date": func(ts *testscript.TestScript, _ bool, args []string) {
				need(ts, args, "date FILE YYYY-MM-DD", 2)
				day, err := time.Parse(time.DateOnly, args[1])
				ts.Check(err)
				ts.Check(os.Chtimes(ts.MkAbs(args[0]), day, day))
			},
		},
	})
}

// namespaces reports whether scripts can have their own file system and network, and
// users without rights.
var namespaces = sync.OnceValue(func() bool {
	return exec.Command("unshare", "-m", "-n", "setpriv", "--reuid", "1000", "true").Run() == nil
})

// attributes reports whether scripts can make files immutable.
var attributes = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	defer exec.Command("chattr", "-a", dir).Run()
	return exec.Command("chattr", "+a", dir).Run() == nil
})

// need stops a script whose command has the wrong number of arguments.
func need(ts *testscript.TestScript, args []string, usage string, n int) {
	if len(args) != n {
		ts.Fatalf("usage: %s", usage)
	}
}

// exits CODE COMMAND ARGS… runs a command that must exit with the code. With --json,
// its output must fit the schema.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &got); scanErr != nil {
			ts.Fatalf("%s: %v", args[1], err)
		}
	}
	if got != want {
		ts.Fatalf("%s exited with %d, not %d", strings.Join(args[1:], " "), got, want)
	}
	if slices.Contains(args, "--json") {
		ts.Check(clitest.Validate(ts.ReadFile("stdout"), clitest.Code(got)))
	}
}

// edit FILE OLD NEW replaces the only occurrence of OLD in FILE. Both may use escapes
// of Go's strings.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "edit FILE OLD NEW", 3)
	text := ts.ReadFile(args[0])
	before, after := unquote(ts, args[1]), unquote(ts, args[2])
	if n := strings.Count(text, before); n != 1 {
		ts.Fatalf("%s holds %q %d times, not once", args[0], before, n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, before, after, 1)), 0o666))
}

// documented DOCUMENT requires that a document shows what the last command printed.
func documented(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "documented DOCUMENT", 1)
	document, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(args[0])))
	ts.Check(err)
	printed := ts.ReadFile("stderr") + ts.ReadFile("stdout")
	if !strings.Contains(string(document), "\n"+printed+"```\n") {
		ts.Fatalf("%s does not show this:\n%s", args[0], printed)
	}
}

func unquote(ts *testscript.TestScript, text string) string {
	out, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	ts.Check(err)
	return out
}

// snapshot lists everything below dir.
func snapshot(ts *testscript.TestScript, dir string) string {
	list, err := clitest.Listing(ts.MkAbs(dir))
	ts.Check(err)
	return list
}
