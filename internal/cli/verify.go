package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/verify"
)

const longVerify = `Makes every call of the installed next-auth with your Node.js and your
packages, in a network of stand-ins on this machine, and says for each whether
it went through the proxy (docs/verify.md). Nothing leaves the machine, and
nothing is changed.`

const (
	defaultNode   = "node"
	verifyTimeout = 30 * time.Second
)

func (a *app) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "prove that next-auth's calls go through a proxy, by making them",
		Long:  longVerify,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context()) },
	}
	a.copyFlags(cmd)
	cmd.Flags().StringVar(&a.node, "node", defaultNode, "the Node.js to use: its `PATH` or name")
	cmd.Flags().DurationVar(&a.timeout, "timeout", verifyTimeout, "give up after this `TIME`, such as 90s")
	return cmd
}

// verify judges by what happens, not by what is in the files: these only tell
// what could help.
func (a *app) verify(ctx context.Context) error {
	a.report.Command = "verify"
	if a.timeout <= 0 {
		return usageError("proxypatch verify --help", "--timeout must be more than 0")
	}
	plan, err := a.unjudged(apply.Options{Goal: apply.Patch})
	if plan == nil {
		return err
	}
	plan.Close()
	a.report.Copies = a.copies(plan, checking)
	for i := range a.report.Copies {
		a.report.Copies[i].Files = []fileReport{}
	}
	var copies []*apply.Copy
	for _, c := range plan.Copies {
		if a.report.judgeSupport(c); c.Err == nil {
			copies = append(copies, c)
		}
	}
	line := a.progress()
	defer line.end()
	if err := a.drive(ctx, copies, line); err != nil {
		return err
	}
	line.end()
	a.show()
	return nil
}

// drive makes the calls of some copies and reports what came of them.
func (a *app) drive(ctx context.Context, copies []*apply.Copy, line *progress) error {
	if len(copies) == 0 {
		a.report.Summary = "nothing was tried"
		return nil
	}
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	limited, cancel := context.WithTimeout(interrupted, a.timeout)
	defer cancel()
	node, err := verify.FindNode(limited, a.node, a.report.project.Home.Dir)
	var proofs []verify.Proof
	if err == nil {
		a.report.Node = &nodeReport{node.Path, node.Version}
		proofs, err = verify.Copies(limited, node, dirsOf(copies), func(n int) { line.say("verifying", n, len(copies)) })
	}
	if interrupted.Err() != nil {
		return &failure{exitFailed, errors.New("interrupted"), ""}
	}
	if err != nil {
		return a.verifyFailure(err)
	}
	slow := exitFailed
	if provesFailure(proofs) {
		slow = exitUnproven
	}
	for i, c := range copies {
		a.report.arrived(c, proofs[i].Arrived)
		a.judgeCalls(c, proofs[i].Results, slow)
	}
	a.sumUp()
	return nil
}

// provesFailure reports whether a call leaked or failed. Then those that ran out
// of time change nothing about it.
func provesFailure(proofs []verify.Proof) bool {
	return slices.ContainsFunc(proofs, func(p verify.Proof) bool {
		return slices.ContainsFunc(p.Results, func(r verify.Result) bool { return r.Outcome == verify.Leaked || r.Outcome == verify.Failed })
	})
}

func dirsOf(copies []*apply.Copy) []string {
	var dirs []string
	for _, c := range copies {
		dirs = append(dirs, c.Dir)
	}
	return dirs
}

// verifyFailure says what kept all calls from being made.
func (a *app) verifyFailure(err error) error {
	loopback := (*verify.LoopbackError)(nil)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{exitFailed, fmt.Errorf("%s did not start within %v", a.node, a.timeout), "--timeout gives it longer"}
	case errors.Is(err, verify.ErrNoNode) && a.node == defaultNode:
		return &failure{exitFailed, err, "name yours with --node PATH; it has to be 18 or newer"}
	case errors.Is(err, verify.ErrNoNode):
		return usageError("name one of Node.js 18 or newer", "--node: %w", err)
	case errors.As(err, &loopback):
		return &failure{exitFailed, err, "the loopback interface has to be up: ip link set lo up"}
	}
	return err
}

// nodeReport is the Node.js that made the calls.
type nodeReport struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// callReport is what came of a call of a copy.
type callReport struct {
	Copy   string         `json:"copy"`
	Kind   string         `json:"kind"`
	File   string         `json:"file"`
	Result verify.Outcome `json:"result"`
	Detail string         `json:"detail,omitempty"`
}

// what says what there is to say of a call beside its result.
func (c callReport) what() string {
	if c.File == "" || c.Detail == "" {
		return c.File + c.Detail
	}
	return c.File + "; " + c.Detail
}

func (r *report) callsOf(c copyReport) []callReport {
	return slices.DeleteFunc(slices.Clone(r.Calls), func(call callReport) bool { return call.Copy != c.Path })
}

// arrived records what a copy's proxy saw.
func (r *report) arrived(c *apply.Copy, seen []string) {
	for i := range r.Copies {
		if r.Copies[i].Dir == c.Dir {
			r.Copies[i].Arrived = seen
		}
	}
}

// judgeCalls reports the calls of a copy, with one problem for those that leak,
// one with the code slow for those that ran out of time, and one for each other
// reason to fail.
func (a *app) judgeCalls(c *apply.Copy, results []verify.Result, slow exitCode) {
	var reasons []string
	kinds := map[string][]string{}
	for _, r := range results {
		a.report.Calls = append(a.report.Calls, callReport{c.Path, r.Kind, r.File, r.Outcome, r.Detail})
		reason := r.Detail
		switch r.Outcome {
		case verify.Proxied:
			continue
		case verify.Leaked:
			reason = notProxied
		case verify.Slow:
			reason = tooSlow
		}
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		kinds[reason] = append(kinds[reason], r.Kind)
	}
	for _, reason := range reasons {
		code := exitUnproven
		if reason == tooSlow {
			code = slow
		}
		message := fmt.Sprintf("%s: %s: %s", c.Path, strings.Join(kinds[reason], ", "), reason)
		a.report.problem(code, message, a.verifyHint(c, reason)).at(c, "")
	}
}

const (
	notProxied = "not through the proxy"
	tooSlow    = "could not tell: too slow"
)

// verifyHint says what may help: the patch where it is not in place.
func (a *app) verifyHint(c *apply.Copy, reason string) string {
	patched := true
	for i := range c.Files {
		patched = patched && !c.Files[i].Changes() && c.Files[i].Err == nil
	}
	switch {
	case reason == tooSlow:
		return "--timeout gives it longer"
	case !patched:
		return "proxypatch apply" + a.sameFlags()
	case !c.Agent.Usable():
		return a.report.project.ProvideAgent(c.Install)
	}
	return ""
}

// sumUp counts the calls of all copies by what came of them.
func (a *app) sumUp() {
	counts := map[verify.Outcome]int{}
	for _, c := range a.report.Calls {
		counts[c.Result]++
	}
	all := len(a.report.Calls)
	a.report.Summary = fmt.Sprintf("%d of %d calls went through the proxy, with Node.js %s", counts[verify.Proxied], all, a.report.Node.Version)
}
