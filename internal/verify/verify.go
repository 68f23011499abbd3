// Package verify proves, in a project and with its own Node.js, that the calls
// of installed copies of next-auth go through a proxy. It has Node.js make them
// for real, with the copy's own code and its own dependencies, in a network of
// stand-ins on this machine (Network), and refuses every other connection
// inside that process.
//
// Nothing is written to disk: the JavaScript, the names and the certificate are
// handed over in memory.
package verify

import (
	"context"
	_ "embed" // the JavaScript
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/proxypatch/proxypatch/internal/lazyregexp"
)

//go:embed calls.js
var callsSource string

//go:embed guard.js
var guardSource string

//go:embed main.js
var mainSource string

// module is a JavaScript file, as a value that others use by its name.
const module = "const %s = (module => {\nconst { exports } = module;\n%s\nreturn module.exports;\n})({ exports: {} });\n"

// program returns what Node.js runs.
func program() string {
	return `"use strict";` + "\n" + fmt.Sprintf(module, "calls", callsSource) + fmt.Sprintf(module, "guard", guardSource) + mainSource
}

// Outcome is what is known of a call. The names stand in --json.
type Outcome string

// The outcomes.
const (
	Proxied Outcome = "proxied" // it went through the proxy and got its answer
	Leaked  Outcome = "leaked"  // it wanted a connection to something else
	Failed  Outcome = "failed"  // neither: it could not be made, or not to the end
	Slow    Outcome = "slow"    // it ran out of time, which says nothing about where it goes
)

// Result is what came of a call.
type Result struct {
	Call
	Outcome Outcome
	Detail  string // one line; empty if proxied
}

// Proof is what came of all calls of a copy.
type Proof struct {
	Results []Result
	Arrived []string // what the proxy and the services saw, as Network.Seen tells it
}

// Copies makes all calls of the copies in some directories, and returns a Proof
// for each. All waiting is bounded by the context: what is missing when it ends
// was too slow. An error is one of the system. started is called at the start of each copy with how many
// have been started, and by several goroutines.
func Copies(ctx context.Context, node Node, dirs []string, started func(n int)) ([]Proof, error) {
	proofs, errs := make([]Proof, len(dirs)), make([]error, len(dirs))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	var begun atomic.Int32
	for i, dir := range dirs {
		wait.Go(func() {
			free <- struct{}{}
			started(int(begun.Add(1)))
			proofs[i], errs[i] = prove(ctx, node, dir)
			<-free
		})
	}
	wait.Wait()
	return proofs, errors.Join(errs...)
}

// prove makes the calls of one copy. It has a process of its own, because
// openid-client keeps settings that are for all of a process, and a network, so
// that what arrives is this copy's.
func prove(ctx context.Context, node Node, dir string) (Proof, error) {
	network, err := NewNetwork(Options{})
	if err != nil {
		return Proof{}, err
	}
	defer network.Close()
	calls := callsOf(dir)
	said, err := drive(ctx, node, network, dir, calls)
	if err != nil {
		return Proof{}, err
	}
	proof := Proof{Arrived: network.Seen()}
	for _, c := range calls {
		proof.Results = append(proof.Results, judge(c, said, proof.Arrived))
	}
	if leaks := said.leaks[""]; len(leaks) > 0 {
		proof.Results = append(proof.Results, Result{Call{Kind: "outside of the calls"}, Leaked, tried(leaks)})
	}
	return proof, nil
}

// judge says what came of a call, by what Node.js said and the network saw.
func judge(c Call, said report, seen []string) Result {
	answer, answered := said.answers[c.Kind]
	switch arrived := slices.Contains(seen, c.Request); {
	case len(said.leaks[c.Kind]) > 0:
		return Result{c, Leaked, tried(said.leaks[c.Kind])}
	case !answered && said.late:
		return Result{c, Slow, said.end}
	case !answered:
		return Result{c, Failed, said.end}
	case outOfTime().MatchString(answer.Error):
		return Result{c, Slow, firstLine(answer.Error)}
	case answer.Error != "" && arrived:
		return Result{c, Failed, "reached the proxy, but then: " + firstLine(answer.Error)}
	case answer.Error != "":
		return Result{c, Failed, firstLine(answer.Error)}
	case !arrived:
		return Result{c, Failed, "never reached the proxy"}
	case answer.Value != c.Value:
		return Result{c, Failed, "reached the proxy, but did not bring back what the service had sent"}
	}
	return Result{c, Proxied, ""}
}

// outOfTime is how the helper, openid-client and the providers say it. The services answer at once, so it is this machine
// that was too slow.
var outOfTime = lazyregexp.Compile(`(?i)\btimed out\b|\bwithin \d+ ms\b`)

func tried(leaks []string) string {
	slices.Sort(leaks)
	return "tried " + strings.Join(slices.Compact(leaks), ", ") + " without the proxy"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
