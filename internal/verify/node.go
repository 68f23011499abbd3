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
)

// oldestNode is the first major release that next-auth's calls can be made
// with: it is the first that has fetch.
const oldestNode = 18

// patience is how long is waited for the output of a process that has ended.
const patience = time.Second

// Node is a Node.js.
type Node struct {
	Path    string // of the program itself, not of what starts it
	Version string // such as "20.20.2"
}

// ErrNoNode says that there is no usable Node.js of a name.
var ErrNoNode = errors.New("no usable Node.js")

// FindNode returns the Node.js that a command means in a directory: what stands
// on the PATH may choose among several, by the directory. The error wraps
// ErrNoNode, unless the context ended.
func FindNode(ctx context.Context, command, dir string) (Node, error) {
	path, err := exec.LookPath(command)
	if err == nil {
		path, err = filepath.Abs(path) // it is started elsewhere
	}
	if err != nil {
		return Node{}, fmt.Errorf("%w: %w", ErrNoNode, err)
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
		err = json.Unmarshal(lastLine(out.kept.Bytes()), &answer) // a version manager may say before what it does
	}
	major, _, _ := strings.Cut(answer.Version, ".")
	switch n, _ := strconv.Atoi(major); {
	case err != nil || answer.Bun != "" || n == 0:
		return Node{}, fmt.Errorf("%w: %s does not answer as Node.js does", ErrNoNode, path)
	case n < oldestNode:
		return Node{}, fmt.Errorf("%w: %s is Node.js %s, which is too old", ErrNoNode, path, answer.Version)
	}
	return Node{answer.Path, answer.Version}, nil
}

func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// report is all that a process said.
type report struct {
	answers map[string]Answer   // by the kinds of calls
	leaks   map[string][]string // too; "" stands for none of them
	end     string              // why there are no more answers
	late    bool                // the context ended before
}

// Answer is a line of calls.js: what came of a call, a value or an error.
type Answer struct{ Kind, Value, Error, Code string }

// drive has Node.js make the calls. Its process ends before drive does and,
// where this process is killed, with it or because its input ends.
func drive(ctx context.Context, node Node, network *Network, dir string, calls []Call) (report, error) {
	stderr := &limited{}
	cmd := exec.CommandContext(ctx, node.Path, "--eval", program())
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
	for _, c := range calls {
		kinds = append(kinds, c.Kind)
	}
	_ = json.NewEncoder(stdin).Encode(network.Request(dir, kinds)) // where it has ended already, Wait says why
	said := listen(stdout, stdin, len(kinds))
	said.end, said.late = endOf(ctx, cmd.Wait(), stderr.kept.String()), ctx.Err() != nil
	return said, nil
}

// environment is all that the process gets. Of the person's own there is only
// what their Node.js may need to start. Its requests may take as long as the
// context lasts.
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

// maxSaid bounds what is read of what main.js says, in bytes. Its answers are
// lines; with more, next-auth's own code must have got to the output.
const maxSaid = 4 << 20

// listen reads what main.js says up to its end. With the last answer it closes
// the input, which is what the end waits for. What else is printed there is passed
// over.
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

// endOf says why a process ended.
func endOf(ctx context.Context, err error, stderr string) string {
	switch {
	case ctx.Err() != nil:
		return "was not done in time"
	case err == nil:
		return "Node.js ended before"
	}
	if line := uncaught().FindString(stderr); line != "" {
		return fmt.Sprintf("Node.js ended before (%v): %s", err, line)
	}
	return fmt.Sprintf("Node.js ended before (%v)", err)
}

// uncaught is the line in which Node.js says of what error it dies.
var uncaught = lazyregexp.Compile(`(?m)^\w*Error\b.*$`)

// limited keeps the first 64 KiB of what is written.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.kept.Write(p[:min(len(p), 1<<16-l.kept.Len())])
	return len(p), nil
}
