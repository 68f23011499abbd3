// Package verify proves that the requests of installed copies of next-auth go
// through a proxy. The project's Node.js makes them with the copy's own code and
// dependencies, in a network of stand-ins on this machine (Network). Verify refuses
// every other connection of that process.
//
// It writes nothing to disk: Node.js receives the JavaScript, the names and the
// certificate in memory.
package verify

import (
	"bytes"
	"context"
	"embed" // the JavaScript
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/pnp"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

//go:embed *.js
var scripts embed.FS

// module turns a JavaScript file into a value with a name.
const module = "const %s = (module => {\nconst { exports } = module;\n%s\nreturn module.exports;\n})({ exports: {} });\n"

// program returns the JavaScript that Node.js runs, with one of the drivers.
func program(driver string) string {
	return `"use strict";` + "\n" +
		fmt.Sprintf(module, "serving", script("serve.js")) +
		fmt.Sprintf(module, "driver", script(driver)) +
		fmt.Sprintf(module, "guard", script("guard.js")) +
		script("main.js")
}

func script(name string) string {
	text, err := scripts.ReadFile(name)
	if err != nil {
		panic(err) // a test runs every driver
	}
	return string(text)
}

// Outcome is the result of a call, by its name in --json.
type Outcome string

// The outcomes.
const (
	Proxied Outcome = "proxied" // it went through the proxy and got its answer
	Leaked  Outcome = "leaked"  // it wanted a connection to something else
	Failed  Outcome = "failed"  // neither: it could not be made, or not to the end
	Slow    Outcome = "slow"    // it ran out of time, which says nothing about its way
)

// Result is the outcome of a call, with details.
type Result struct {
	line.Call
	Outcome Outcome
	Detail  string // one line; empty if proxied
}

// Proof holds the results of all calls of a copy.
type Proof struct {
	Results []Result
	Arrived []string // what the proxy and the services saw, from Network.Seen
}

// Copy is an installed package, and the calls of its line.
type Copy struct {
	Dir    string // as Node.js names it
	Calls  *line.Calls
	Files  fs.FS  // what is in Dir, if no directory on disk has that name
	Loader string // the file that makes Node.js find packages with Plug'n'Play; empty without
}

// Kinds returns the calls that the copy makes.
func (c Copy) Kinds() []line.Call {
	return c.Calls.Of(func(file, code string) bool {
		data, err := c.read(file)
		return !safefile.Absent(err) && bytes.Contains(data, []byte(code))
	})
}

func (c Copy) read(file string) (data []byte, err error) {
	if c.Files == nil {
		return safefile.ReadFile(filepath.Join(c.Dir, filepath.FromSlash(file)), safefile.MaxFile)
	}
	data, _, err = safefile.ReadFrom(c.Files, file, safefile.MaxFile)
	return data, err
}

// start returns the arguments that make Node.js find the copy's packages, and the directory
// to start it in.
func (c Copy) start() (args []string, dir string) {
	if c.Loader == "" {
		return nil, c.Dir
	}
	dir = filepath.Dir(c.Loader)
	args = []string{"--require", c.Loader}
	modules := filepath.Join(dir, pnp.ModuleLoader)
	if found, err := safefile.Exists(modules); found && err == nil { // without it, Node.js finds only CommonJS
		at := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(modules), "/")}
		args = append(args, "--experimental-loader", at.String())
	}
	return args, dir
}

// Copies makes all calls of some copies, and returns a Proof for each. The context
// limits all waiting: calls that are missing when it ends were too slow. An error is one
// of the system. started is called at the start of each copy with how many have been
// started, and by several goroutines.
func Copies(ctx context.Context, node Node, copies []Copy, started func(n int)) ([]Proof, error) {
	proofs, errs := make([]Proof, len(copies)), make([]error, len(copies))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	var begun atomic.Int32
	for i, c := range copies {
		wait.Go(func() {
			free <- struct{}{}
			started(int(begun.Add(1)))
			proofs[i], errs[i] = c.prove(ctx, node)
			<-free
		})
	}
	wait.Wait()
	return proofs, errors.Join(errs...)
}

// prove makes the calls of one copy. Each copy has its own process, because
// openid-client has settings for the whole process, and its own network, so that
// all requests there come from this copy.
func (c Copy) prove(ctx context.Context, node Node) (Proof, error) {
	network, err := NewNetwork(Options{})
	if err != nil {
		return Proof{}, err
	}
	defer network.Close()
	calls := c.Kinds()
	said, err := c.drive(ctx, node, network, calls)
	if err != nil {
		return Proof{}, err
	}
	proof := Proof{Arrived: network.Seen()}
	for _, call := range calls {
		proof.Results = append(proof.Results, judge(call, said, proof.Arrived))
	}
	if leaks := said.leaks[""]; len(leaks) > 0 {
		proof.Results = append(proof.Results, Result{line.Call{Kind: "outside of the calls"}, Leaked, tried(leaks)})
	}
	return proof, nil
}

// judge returns the result of a call, from the report of Node.js and the requests seen.
func judge(c line.Call, said report, seen []string) Result {
	answer, answered := said.answers[c.Kind]
	switch arrived := slices.Contains(seen, c.Request); {
	case len(said.leaks[c.Kind]) > 0:
		return Result{c, Leaked, tried(said.leaks[c.Kind])}
	case !answered && said.late:
		return Result{c, Slow, said.end}
	case !answered:
		return Result{c, Failed, said.end}
	case outOfTime().MatchString(answer.Error):
		return Result{c, Slow, reason(answer)}
	case answer.Error != "" && arrived:
		return Result{c, Failed, "reached the proxy, but then: " + reason(answer)}
	case answer.Error != "":
		return Result{c, Failed, reason(answer)}
	case !arrived:
		return Result{c, Failed, "never reached the proxy"}
	case answer.Value != c.Value:
		return Result{c, Failed, "reached the proxy, but did not return the service's answer"}
	}
	return Result{c, Proxied, ""}
}

// outOfTime matches what the helper, openid-client and the providers say of a request
// that takes too long. The services answer at once, so this machine was too slow.
var outOfTime = lazyregexp.Compile(`(?i)\btimed out\b|\bwithin \d+ ms\b`)

func tried(leaks []string) string {
	slices.Sort(leaks)
	return "tried " + printable.WithoutLogins(strings.Join(slices.Compact(leaks), ", ")) + " without the proxy"
}

// reason returns the first line of an error.
func reason(a Answer) string {
	line, _, _ := strings.Cut(a.Error, "\n")
	return printable.WithoutLogins(line)
}
