//go:build unix

package output

import (
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// onTerminal runs the program in a pseudo-terminal with a number of columns. It returns its output and exit code.
func onTerminal(t *testing.T, columns uint16, dir string, env []string, args ...string) (string, clitest.Code) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "proxypatch", args...)
	cmd.Dir = dir
	cmd.Env = append(append(clitest.Environment(), "TERM=xterm-256color"), env...)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	written, _ := io.ReadAll(terminal) // on Linux it ends with an error
	if err := cmd.Wait(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(written), "\r\n", "\n"), clitest.Code(cmd.ProcessState.ExitCode())
}

// eraseLine erases a line of progress.
const eraseLine = "\r\x1b[K"

var escape = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

func TestDiffOnTerminal(t *testing.T) {
	t.Parallel()
	project := nodetest.ToPatch(t, "agent-7.0.6")
	before := clitest.List(t, project)
	bare := clitest.Run(t, project, []string{"PROXYPATCH_PAGER=sed s/^/paged:/"}, "diff")
	if bare.Code != 0 || !strings.HasPrefix(bare.Stdout, "diff --git ") || escape.MatchString(bare.Stdout) {
		t.Fatalf("into a pipe: %+v", bare)
	}
	for name, test := range map[string]struct {
		env           []string
		args          []string
		paged, colour bool
		whole         bool
	}{
		"PROXYPATCH_PAGER":    {[]string{"PROXYPATCH_PAGER=sed s/^/paged:/", "PAGER=false"}, nil, true, true, true},
		"PAGER":               {[]string{"PAGER=sed s/^/paged:/"}, nil, true, true, true},
		"a command":           {[]string{"PAGER=true && sed 's/^/paged:/'"}, nil, true, true, true},
		"NO_COLOR":            {[]string{"PAGER=sed s/^/paged:/", "NO_COLOR=1"}, nil, true, false, true},
		"--no-pager":          {[]string{"PAGER=sed s/^/paged:/"}, []string{"--no-pager"}, false, true, true},
		"PAGER is empty":      {[]string{"PAGER="}, nil, false, true, true},
		"PAGER is cat":        {[]string{"PAGER=cat"}, nil, false, true, true},
		"PAGER is not there":  {[]string{"PAGER=no-such-pager"}, nil, false, true, true},
		"dumb terminal":       {[]string{"PAGER=sed s/^/paged:/", "TERM=dumb"}, nil, false, false, true},
		"CI":                  {[]string{"PAGER=sed s/^/paged:/", "CI=true"}, nil, false, true, true},
		"the pager ends soon": {[]string{"PAGER=sed -e s/^/paged:/ -e q"}, nil, true, true, false},
		"the pager fails":     {[]string{"PAGER=sh -c 'echo paged:; exit 3'"}, nil, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, code := onTerminal(t, 80, project, test.env, append([]string{"diff"}, test.args...)...)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(got, "paged:") != test.paged || escape.MatchString(got) != test.colour {
				t.Errorf("paged or coloured otherwise than wanted: %q", got)
			}
			text := strings.ReplaceAll(escape.ReplaceAllString(got, ""), "paged:", "")
			if diff := cmp.Diff(bare.Stdout, text); test.whole && diff != "" {
				t.Errorf("(-bare +shown):\n%s", diff)
			}
			if test.colour && test.whole && (!strings.Contains(got, "\x1b[32m+") || !strings.Contains(got, "\x1b[31m-") || !strings.Contains(got, "\x1b[36m@@")) {
				t.Errorf("lacks a colour: %q", got)
			}
		})
	}
	t.Cleanup(func() {
		if diff := cmp.Diff(before, clitest.List(t, project)); diff != "" {
			t.Errorf("the project was changed:\n%s", diff)
		}
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	project := nodetest.ToPatch(t, "agent-7.0.6")
	second := filepath.Join(project, "node_modules", "other", "node_modules", "next-auth")
	if err := nodetest.CopyTree(filepath.Join(project, "node_modules", "next-auth"), second); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env  []string
		args []string
		line bool
	}{
		"apply":         {nil, []string{"apply"}, true},
		"without color": {[]string{"NO_COLOR=1"}, []string{"apply"}, true},
		"one copy":      {nil, []string{"apply", "--copy", second}, false},
		"quiet":         {nil, []string{"apply", "--quiet"}, false},
		"JSON":          {nil, []string{"apply", "--json"}, false},
		"CI":            {[]string{"CI=1"}, []string{"apply"}, false},
		"GitHub":        {[]string{"GITHUB_ACTIONS=true"}, []string{"apply"}, false},
		"dumb terminal": {[]string{"TERM=dumb"}, []string{"apply"}, false},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: each writes
			if got := clitest.Run(t, project, nil, "revert"); got.Code != 0 {
				t.Fatalf("revert: %+v", got)
			}
			got, code := onTerminal(t, 80, project, test.env, test.args...)
			if code != 0 {
				t.Errorf("exit code %d: %q", code, got)
			}
			if !test.line {
				if strings.Contains(got, "copy 2 of 2") || strings.Contains(got, eraseLine) {
					t.Errorf("a line of progress: %q", got)
				}
				return
			}
			for _, step := range []string{"reading copy 1 of 2 …", "reading copy 2 of 2 …", "writing copy 1 of 2 …", "writing copy 2 of 2 …"} {
				if !strings.Contains(got, eraseLine+step+eraseLine) {
					t.Errorf("lacks %q: %q", step, got)
				}
			}
			if _, left, _ := strings.Cut(got, "writing copy 2 of 2 …"+eraseLine); !strings.HasPrefix(escape.ReplaceAllString(left, ""), "next-auth 4.2.1 in ") || strings.Contains(left, "…") {
				t.Errorf("what is left: %q", left)
			}
		})
	}
	if got := clitest.Run(t, project, nil, "apply"); strings.Contains(got.Stdout+got.Stderr, "copy 2 of 2") {
		t.Errorf("outside of a terminal: %+v", got)
	}
}

// verify takes seconds, even with one copy.
func TestProgressOfVerify(t *testing.T) {
	gate.Need(t, "verify")
	t.Parallel()
	project := nodetest.Copy(t, "agent-7.0.6")
	if got := clitest.Run(t, project, nil, "apply"); got.Code != 0 {
		t.Fatalf("apply: %+v", got)
	}
	got, code := onTerminal(t, 80, project, nil, "verify", "--node", nodetest.Node(t))
	step := eraseLine + "verifying copy 1 of 1 …" + eraseLine
	if before, after, found := strings.Cut(got, step); code != 0 || before != "" || !found || strings.Contains(after, "…") {
		t.Errorf("exit code %d: %q", code, got)
	}
}

func TestWidthOfTerminal(t *testing.T) {
	t.Parallel()
	project := nodetest.ToPatch(t, "agent-7.0.6")
	client := filepath.Join(project, "node_modules", "next-auth", "core", "lib", "oauth", "client.js")
	mustReplace(t, client, "async function openidClient", "async\x1b[2J function openidClient")
	before := clitest.List(t, project)
	for _, columns := range []uint16{60, 80, 119, 120, 200} {
		raw, code := onTerminal(t, columns, project, nil, "check")
		got := escape.ReplaceAllString(raw, "")
		if code != 4 || strings.Contains(raw, "\x1b[2J") || !strings.Contains(got, `async\x1b[2J function`) {
			t.Errorf("%d columns: exit code %d: %q", columns, code, raw)
		}
		sideBySide := regexp.MustCompile(`(?m)^  expected: +found:$`).MatchString(got)
		if marked := strings.Count(got, "> 10  async"); sideBySide != (columns >= 120) || marked != 2 {
			t.Errorf("%d columns: side by side: %v, %d lines are marked:\n%s", columns, sideBySide, marked, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if utf8.RuneCountInString(line) > int(columns) {
				t.Errorf("%d columns: %q is too long", columns, line)
			}
		}
		for _, whole := range []string{"node_modules/next-auth/core/lib/oauth/client.js:10:", "npm ci\n"} {
			if !strings.Contains(got, whole) {
				t.Errorf("%d columns: %q is not in one piece:\n%s", columns, whole, got)
			}
		}
	}
	piped := clitest.Run(t, project, nil, "check", "-v")
	if !regexp.MustCompile(`(?m)^  pending  providers/github.js  +as released; the e-mail addresses of a private profile are fetched through the helper$`).MatchString(piped.Stdout) {
		t.Errorf("into a pipe:\n%s", piped.Stdout)
	}
	if rows := regexp.MustCompile(`(?m)^  .*$`).FindAllString(piped.Stderr, -1); len(rows) == 0 || len(rows) > 20 {
		t.Errorf("%d lines of a conflict:\n%s", len(rows), piped.Stderr)
	}
	r := clitest.JSON(t, clitest.Drift, "-C", project, "check")
	for _, f := range r.Copies[0].Files {
		if (f.Conflict != nil) != (f.Path == "core/lib/oauth/client.js") {
			t.Errorf("conflict of %s: %+v", f.Path, f.Conflict)
		}
		if c := f.Conflict; c != nil && (c.Hunk != 1 || c.Line+c.Differs != 10 || c.Expected[c.Differs] != "async function openidClient(options) {" || c.Found[c.Differs] != "async\x1b[2J function openidClient(options) {") {
			t.Errorf("conflict: %+v", c)
		}
	}
	if diff := cmp.Diff(before, clitest.List(t, project)); diff != "" {
		t.Errorf("the project was changed:\n%s", diff)
	}
}

// Help, errors and hints are wrapped between words. Commands and paths stay on one line.
func TestWordsOnTerminal(t *testing.T) {
	t.Parallel()
	project := filepath.Join(t.TempDir(), "a project with blanks in its name")
	if err := nodetest.CopyToPatch(nodetest.Project(t, "agent-7.0.6"), project); err != nil {
		t.Fatal(err)
	}
	mustRemove(t, project, "node_modules", "https-proxy-agent")
	mustReplace(t, filepath.Join(project, "package.json"), "{", `{"scripts": {},`)
	for _, args := range [][]string{{"--help"}, {"apply", "--help"}, {"verify", "--help"}, {"help", "exit-codes"}, {"help", "diff"}, {"check", "-C", project}, {"init", "-C", project, "-n"}} {
		piped := clitest.Run(t, t.TempDir(), nil, args...)
		var commands []string
		if args[0] == "check" {
			for _, p := range clitest.JSON(t, piped.Code, args...).Problems {
				if p.Run != "" {
					commands = append(commands, p.Run)
				}
			}
			if len(commands) == 0 {
				t.Errorf("%q: no hint has a command", args)
			}
		}
		for _, columns := range []uint16{60, 100} {
			raw, code := onTerminal(t, columns, t.TempDir(), nil, args...)
			got := escape.ReplaceAllString(raw, "")
			if code != piped.Code {
				t.Errorf("%q: exit code %d, not %d", args, code, piped.Code)
			}
			if diff := cmp.Diff(strings.Fields(piped.Stdout), strings.Fields(got)); args[0] == "help" && diff != "" {
				t.Errorf("%q on %d columns: other words (-piped +shown):\n%s", args, columns, diff)
			}
			prose := ""
			for line := range strings.SplitSeq(got, "\n") {
				if columns == 60 && args[0] != "check" && args[0] != "init" {
					if first, _, _ := strings.Cut(line, " "); first != "" && prose != "" && len(prose)+1+len(first) <= int(columns) {
						t.Errorf("%q on %d columns: the line %q has room for %q", args, columns, prose, first)
					}
					prose = line
					if strings.HasPrefix(line, " ") || strings.HasSuffix(line, ":") {
						prose = ""
					}
				}
				if utf8.RuneCountInString(line) > int(columns) && !strings.Contains(line, project) && !strings.HasPrefix(line, "    git apply") {
					t.Errorf("%q on %d columns: %q is too long", args, columns, line)
				}
			}
			for _, command := range commands {
				if !strings.Contains(got, command) {
					t.Errorf("%q on %d columns: %q is not in one piece:\n%s", args, columns, command, got)
				}
			}
			if args[0] == "check" && !strings.Contains(got, project+"/node_modules/next-auth:") {
				t.Errorf("%d columns: the path is not in one piece:\n%s", columns, got)
			}
		}
	}
}
