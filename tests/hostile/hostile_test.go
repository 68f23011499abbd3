//go:build unix

// Package hostile runs proxypatch in malicious projects.
package hostile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

// programs is the directory of programs that the tests build.
var programs string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "proxypatch-hostile-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	return clitest.Main(m)
}

const (
	// hostileMemory limits the memory of a run, in bytes. A run without work needs
	// about 30 MB.
	hostileMemory = 300 << 20
	// hostileSpace limits the address space of a run, in KiB, so that an unlimited run
	// does not exhaust the machine.
	hostileSpace = 3 << 20
	// hostileTime is the time after which a run counts as endless.
	hostileTime = 2 * time.Minute
)

// hostile is a malicious project.
type hostile struct {
	make func(p *place)
	runs []attempt
}

// attempt is a run of the program and its expected result.
type attempt struct {
	args string
	exit clitest.Code
	says string // a regular expression that its output must match
}

// everything are the runs that each case must survive, with any exit code.
var everything = []string{"apply -n", "check", "check --built", "diff", "apply", "revert", "verify", "doctor", "init -n", "export -n", "export --undo -n"}

// runHostile runs cases, each in its own project: one in forty in the quick loop,
// otherwise all, and with hostile:all every command on each. It returns the number of
// runs.
func runHostile(t *testing.T, cases map[string]hostile) (n int) {
	t.Helper()
	wanted, all := gate.Wanted(t, "hostile"), gate.All(t, "hostile")
	t.Run("cases", func(t *testing.T) {
		for i, name := range slices.Sorted(maps.Keys(cases)) {
			if c := cases[name]; wanted || i%40 == 0 {
				n++
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					p := newPlace(t)
					c.make(p)
					for _, run := range c.runs {
						p.attempt(run)
					}
					if !all {
						return
					}
					for _, args := range everything {
						p.run(args)
						p.run(args + " --json")
					}
				})
			}
		}
	})
	return n
}

// place is a directory with a project and, beside it, files that no run may touch.
type place struct {
	*testing.T
	project, outside, home string

	asUser  bool // whether root gives up its right to read everything
	env     []string
	without string // inventory of the outside
}

// newPlace makes a project with the files of next-auth 4.2.1 and https-proxy-agent that
// proxypatch reads, and the same outside.
func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &place{T: t, project: filepath.Join(dir, "project"), outside: filepath.Join(dir, "outside"), home: filepath.Join(dir, "home")}
	for _, at := range []string{p.project, p.outside} {
		p.install(filepath.Join(at, "node_modules"))
		p.write(filepath.Join(at, "package.json"), `{"dependencies": {"next-auth": "4.2.1"}, "scripts": {"build": "next build"}}`)
	}
	p.mkdir(".git")
	p.mkdir(p.home)
	p.without = inventory(t, p.outside, true)
	t.Cleanup(func() { // else they could not be removed
		_ = filepath.WalkDir(p.project, func(path string, entry fs.DirEntry, _ error) error {
			if entry != nil && entry.IsDir() {
				_ = os.Chmod(path, 0o755)
			}
			return nil
		})
	})
	return p
}

// install writes the files that proxypatch reads of the real packages into a
// node_modules.
func (p *place) install(modules string) {
	from := filepath.Join(nodetest.Project(p, "agent-7.0.6"), "node_modules")
	for _, name := range []string{
		"https-proxy-agent/package.json", "next-auth/package.json", "next-auth/core/lib/oauth/client.js", "next-auth/core/lib/oauth/client-legacy.js",
		"next-auth/providers/azure-ad.js", "next-auth/providers/foursquare.js", "next-auth/providers/github.js", "next-auth/providers/linkedin.js", "next-auth/providers/trakt.js",
	} {
		data, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		p.must(err)
		p.write(filepath.Join(modules, name), string(data))
	}
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// at returns the path of a name in the project.
func (p *place) at(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.project, filepath.FromSlash(name))
}

func (p *place) mkdir(name string) { p.Helper(); p.must(os.MkdirAll(p.at(name), 0o755)) }

// free removes the file or directory of a name, and makes the directories above it.
func (p *place) free(name string) string {
	p.Helper()
	p.must(os.RemoveAll(p.at(name)))
	p.mkdir(filepath.Dir(p.at(name)))
	return p.at(name)
}

func (p *place) write(name, content string) {
	p.Helper()
	p.must(os.WriteFile(p.free(name), []byte(content), 0o644))
}

func (p *place) link(name, target string) { p.Helper(); p.must(os.Symlink(target, p.free(name))) }

func (p *place) fifo(name string) { p.Helper(); p.must(syscall.Mkfifo(p.free(name), 0o644)) }

// sparse makes a file of a size that uses no space on the disk.
func (p *place) sparse(name string, size int64) {
	p.Helper()
	p.write(name, "")
	p.must(os.Truncate(p.at(name), size))
}

func (p *place) rename(from, to string) { p.Helper(); p.must(os.Rename(p.at(from), p.free(to))) }

// unreadable removes the right to read from everyone, including root.
func (p *place) unreadable(name string) {
	p.Helper()
	p.must(os.Chmod(p.at(name), 0))
	p.asUser = true
}

// attempt runs the program and checks its result. A refused run must change nothing.
func (p *place) attempt(a attempt) {
	p.Helper()
	before := inventory(p.T, p.project, true)
	code, output := p.run(a.args)
	if code != a.exit {
		p.Errorf("%s exits with %d, not %d:\n%s", a.args, code, a.exit, shorten(output))
	}
	if !regexp.MustCompile(a.says).MatchString(output) {
		p.Errorf("%s does not say %q:\n%s", a.args, a.says, shorten(output))
	}
	if code == clitest.Failed && !strings.Contains(output, "proxypatch: ") {
		p.Errorf("%s fails without a word", a.args)
	}
	if code != clitest.OK && inventory(p.T, p.project, true) != before {
		p.Errorf("%s is refused, and has changed something", a.args)
	}
	if command, _, _ := strings.Cut(a.args, " "); command == "apply" && code == clitest.OK && !strings.Contains(a.args, "-n") {
		if code, output := p.run(strings.Replace(a.args, "apply", "revert", 1)); code != clitest.OK {
			p.Errorf("revert exits with %d:\n%s", code, shorten(output))
		}
		if was, is := withoutTimes(before), withoutTimes(inventory(p.T, p.project, false)); was != is {
			p.Errorf("revert leaves\n%s\nof\n%s", shorten(is), shorten(was))
		}
	}
}

// run runs the program in its own process, with limits. The process must end with one
// of its exit codes, use little memory, print no escape sequence, and not change the
// outside.
func (p *place) run(args string) (clitest.Code, string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), hostileTime)
	defer cancel()
	program := fmt.Sprintf(`ulimit -v %d 2>/dev/null; exec "$@"`, hostileSpace)
	argv := []string{"/bin/sh", "-c", program, "sh"}
	if p.asUser && os.Getuid() == 0 {
		setpriv, err := exec.LookPath("setpriv")
		if err != nil {
			p.Skip("setpriv is missing, and root reads everything: files that can't be read are not tried")
		}
		argv = append(argv, setpriv, "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search")
	}
	memory, written, err := os.Pipe()
	p.must(err)
	defer memory.Close()
	proxypatch, err := clitest.Program()
	p.must(err)
	measured, err := measured()
	p.must(err)
	cmd := exec.CommandContext(ctx, measured, append(append(argv, proxypatch), strings.Fields(args)...)...)
	cmd.ExtraFiles, cmd.SysProcAttr = []*os.File{written}, &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.project, &stdout, &stderr, time.Second
	cmd.Env = append([]string{"HOME=" + p.home, "PATH=/usr/bin:/bin", "NO_COLOR=1", "GOMEMLIMIT=off"}, p.env...)
	if strings.HasPrefix(args, "doctor") || strings.HasPrefix(args, "verify") {
		cmd.Env = append(cmd.Env, "PATH="+p.home) // other tests check what they ask Node.js
	}
	err = cmd.Run()
	p.must(written.Close())
	if ctx.Err() != nil {
		p.Fatalf("%s does not end", args)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		p.Fatal(err)
	}
	code, output := clitest.Code(cmd.ProcessState.ExitCode()), stdout.String()+stderr.String()
	if code < 0 || code > clitest.Unproven || strings.Contains(output, "\ngoroutine ") || strings.Contains(output, "fatal error: ") {
		p.Fatalf("%s breaks down with %d:\n%s", args, code, shorten(output))
	}
	var used int64
	if _, err := fmt.Fscan(memory, &used); err != nil || used == 0 || used > hostileMemory {
		p.Errorf("%s takes %d MB (%v)", args, used>>20, err)
	}
	if at := hidden(stderr.String()); at != "" {
		p.Errorf("%s prints an unprintable character: %q", args, at)
	}
	if at := hidden(stdout.String()); at != "" && !(strings.HasPrefix(args, "diff") && !strings.Contains(args, "--json")) { // a diff is for programs
		p.Errorf("%s prints an unprintable character: %q", args, at)
	}
	if strings.Contains(args, "--json") {
		if err := clitest.Validate(stdout.String(), code); err != nil {
			p.Errorf("%s: %v", args, err)
		}
	}
	if inventory(p.T, p.outside, true) != p.without {
		p.Fatalf("%s touches what lies outside", args)
	}
	return clitest.Code(code), output
}

// measured builds the program that measures the memory of another one.
var measured = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "measured")
	out, err := exec.Command("go", "build", "-o", program, "./measured").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

// hidden returns the text around a character that a terminal may obey.
func hidden(output string) string {
	for at := 0; at < len(output); {
		r, size := utf8.DecodeRuneInString(output[at:])
		if r != '\n' && (r == utf8.RuneError && size == 1 || !unicode.IsPrint(r)) {
			return output[max(0, at-20):min(len(output), at+20)]
		}
		at += size
	}
	return ""
}

// inventory lists everything below root: mode, size, content or target, name and, if
// wanted, the modification time. It opens only small files.
func inventory(t *testing.T, root string, times bool) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if entry == nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, syscall.ENAMETOOLONG) {
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		content := "-"
		switch {
		case info.Mode().IsRegular() && info.Size() <= 1<<16:
			if data, err := os.ReadFile(path); err == nil {
				content = fmt.Sprintf("%x", sha256.Sum256(data))
			}
		case info.Mode()&fs.ModeSymlink != 0:
			content, _ = os.Readlink(path)
		}
		size := info.Size()
		if info.IsDir() {
			size = 0
		}
		line := fmt.Sprintf("%v %d %s %q", info.Mode(), size, content, strings.TrimPrefix(path, root))
		if times {
			line += info.ModTime().Format(" @ 2006-01-02 15:04:05.000000000")
		}
		fmt.Fprintln(&b, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withoutTimes removes the times from an inventory, and the build caches, whose stamps
// a revert keeps.
func withoutTimes(list string) string {
	list = regexp.MustCompile(`(?m) @ [-\d]+ [\d:.]+$`).ReplaceAllString(list, "")
	return regexp.MustCompile(`(?m)^.* "/\.next.*\n`).ReplaceAllString(list, "")
}

// shorten shortens a text for a test's output.
func shorten(text string) string {
	if len(text) > 2000 {
		text = text[:1500] + " … " + text[len(text)-400:]
	}
	return fmt.Sprintf("%q", strings.Split(text, "\n"))
}

// quoted returns a text as it is in JSON.
func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}

// obstacles can replace a file that is read. Each has the expected message.
var obstacles = map[string]func(p *place, name string){
	"a named pipe": func(p *place, name string) { p.fifo(name) },
	"a device":     func(p *place, name string) { p.link(name, "/dev/zero") },
	"a directory":  func(p *place, name string) { p.free(name); p.mkdir(name) },
	"1 GB":         func(p *place, name string) { p.sparse(name, 1<<30) },
	"a link to nothing": func(p *place, name string) {
		p.link(name, filepath.Join(p.outside, "nothing"))
	},
	"a link to itself": func(p *place, name string) { p.link(name, filepath.Base(name)) },
	"no right to read": func(p *place, name string) {
		if _, err := os.Lstat(p.at(name)); err != nil {
			p.write(name, "x")
		}
		p.unreadable(name)
	},
	"100 MB of noise": func(p *place, name string) {
		p.write(name, strings.Repeat("\x9b[2J{\"", 1<<10))
		p.must(os.Truncate(p.at(name), 100<<20))
	},
	"noise": func(p *place, name string) { p.write(name, strings.Repeat("\x9b[2J\x1b]0;x\a\u009b\u202e{\"", 1<<10)) },
}
