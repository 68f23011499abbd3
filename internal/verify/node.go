package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/printable"
)

// patience is how long to wait for the output of a process that has ended.
const patience = time.Second

// Node is a Node.js.
type Node struct {
	Path    string // of the program itself, not of a script that starts it
	Version string // such as "20.20.2"
}

// ErrNoNode means that a command does not start a usable Node.js.
var ErrNoNode = errors.New("no usable Node.js")

// NoNodeError is ErrNoNode with the reason.
type NoNodeError struct {
	Oldest int // the first major release of Node.js that is usable
	Err    error
}

func (e *NoNodeError) Error() string { return ErrNoNode.Error() + ": " + e.Err.Error() }

// Unwrap returns ErrNoNode and the reason.
func (e *NoNodeError) Unwrap() []error { return []error{ErrNoNode, e.Err} }

// FindNode returns the Node.js that a command starts in a directory, if its major release
// is at least oldest. Version managers choose it by the directory. The error is a
// *NoNodeError, unless the context ended.
func FindNode(ctx context.Context, command, dir string, oldest int) (Node, error) {
	path, err := exec.LookPath(command)
	if err == nil {
		path, err = filepath.Abs(path) // it runs in another directory
	}
	shown := path
	if printable.MayHoldLogin(command) {
		shown, err = "it", cause(err)
	}
	if err != nil {
		return Node{}, &NoNodeError{oldest, err}
	}
	const question = `JSON.stringify({ path: process.execPath, version: process.versions.node, bun: process.versions.bun })`
	cmd := exec.CommandContext(ctx, path, "--print", question)
	cmd.Dir = dir
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !strings.HasPrefix(strings.ToUpper(name), "NODE_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.WaitDelay = patience
	together(cmd)
	out := &limited{}
	cmd.Stdout = out
	err = cmd.Run()
	if ctx.Err() != nil {
		return Node{}, ctx.Err()
	}
	var answer struct{ Path, Version, Bun string }
	if err == nil {
		err = json.Unmarshal(lastLine(out.kept.Bytes()), &answer) // a version manager may print other lines first
	}
	major, _, _ := strings.Cut(answer.Version, ".")
	switch n, _ := strconv.Atoi(major); {
	case err != nil || answer.Bun != "" || n == 0:
		return Node{}, &NoNodeError{oldest, fmt.Errorf("%s is not Node.js", shown)}
	case n < oldest:
		return Node{}, &NoNodeError{oldest, fmt.Errorf("%s is Node.js %s, which is too old", shown, answer.Version)}
	}
	return Node{answer.Path, answer.Version}, nil
}

// cause returns the innermost error, which names no file.
func cause(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// report is the output of a process.
type report struct {
	answers map[string]Answer   // by the kinds of calls
	leaks   map[string][]string // too; "" stands for none of them
	end     string              // why there are no more answers
	late    bool                // the context ended first
}

// Answer is a line of serve.js: the result of a call, a value or an error.
type Answer struct{ Kind, Value, Error, Code string }

// drive runs Node.js to make the calls. The process ends before drive returns. If
// this process is killed, it ends too, or when it sees that its input has ended.
func (c Copy) drive(ctx context.Context, node Node, network *Network, calls []line.Call) (report, error) {
	stderr := &limited{}
	args, dir := c.start()
	cmd := exec.CommandContext(ctx, node.Path, append(args, "--eval", program(c.Calls.Driver))...)
	cmd.Dir, cmd.Env, cmd.Stderr, cmd.WaitDelay = dir, environment(ctx, network), stderr, patience
	cmd.SysProcAttr = fate()
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return report{}, err
	}
	if err := cmd.Start(); err != nil {
		if ctx.Err() == nil {
			return report{}, err
		}
		return report{end: endOf(ctx, err, ""), late: true}, nil
	}
	var kinds []string
	for _, call := range calls {
		kinds = append(kinds, call.Kind)
	}
	_ = json.NewEncoder(stdin).Encode(network.Request(c.Dir, kinds)) // where it has ended already, Wait says why
	said := listen(stdout, stdin, len(kinds))
	said.end, said.late = endOf(ctx, cmd.Wait(), stderr.kept.String()), ctx.Err() != nil
	return said, nil
}

// environment is all that the process gets. Of the person's own there is only
// what their Node.js may need to start. Its requests may take as long as the context
// does.
func environment(ctx context.Context, network *Network) []string {
	env := []string{"http_proxy=" + network.Proxy()}
	if deadline, bounded := ctx.Deadline(); bounded {
		env = append(env, fmt.Sprintf("NEXTAUTH_HTTP_TIMEOUT=%d", max(1, time.Until(deadline).Milliseconds())))
	}
	if path, set := os.LookupEnv("LD_LIBRARY_PATH"); set {
		env = append(env, "LD_LIBRARY_PATH="+path)
	}
	return env
}

// maxSaid limits how much output of main.js is read, in bytes. Its answers are short
// lines; only next-auth's own code could print more.
const maxSaid = 4 << 20

// listen reads the output of main.js to the end. After the last answer it closes the
// input, which makes main.js exit. It ignores other output.
func listen(stdout io.Reader, stdin io.Closer, answers int) report {
	said := report{answers: map[string]Answer{}, leaks: map[string][]string{}}
	defer stdin.Close()
	lines := bufio.NewScanner(io.LimitReader(stdout, maxSaid))
	lines.Buffer(nil, maxSaid)
	for lines.Scan() {
		var line struct {
			Answer
			Leak string
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Answer == (Answer{}) && line.Leak == "" {
			continue
		}
		if line.Leak != "" {
			said.leaks[line.Kind] = append(said.leaks[line.Kind], line.Leak)
			continue
		}
		if said.answers[line.Kind] = line.Answer; len(said.answers) == answers {
			stdin.Close()
		}
	}
	return said
}

// endOf returns the reason why a process ended, in words.
func endOf(ctx context.Context, err error, stderr string) string {
	switch {
	case ctx.Err() != nil:
		return "did not finish in time"
	case err == nil:
		return "Node.js exited before it answered"
	}
	if line := uncaught().FindString(stderr); line != "" {
		return fmt.Sprintf("Node.js exited before it answered (%v): %s", err, printable.WithoutLogins(line))
	}
	return fmt.Sprintf("Node.js exited before it answered (%v)", err)
}

// uncaught matches the line with the error that ended Node.js.
var uncaught = lazyregexp.Compile(`(?m)^\w*Error\b.*$`)

// limited keeps the first 64 KiB of what is written to it.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.kept.Write(p[:min(len(p), 1<<16-l.kept.Len())])
	return len(p), nil
}
