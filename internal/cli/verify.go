package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/verify"
)

const longVerify = `verify makes every call of the installed next-auth with your Node.js and your
packages, in a simulated network on this machine. It says for each call whether
it went through the proxy (docs/doctor.md). Nothing leaves the machine, and no
file changes.`

const (
	defaultNode   = "node"
	verifyTimeout = 30 * time.Second
)

// verifyOptions are those of verify. The set of diffs is always the default one.
type verifyOptions struct {
	planOptions
	node    string
	timeout time.Duration
}

func (p *program) verifyCommand() *cobra.Command {
	o := &verifyOptions{planOptions: planOptions{set: patchset.Default}}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "prove that next-auth's calls go through a proxy, by making them",
		Long:  longVerify,
		RunE:  p.run("verify", func(cmd *cobra.Command, _ []string) error { return p.verify(cmd.Context(), o) }),
	}
	o.copyOptions.register(cmd)
	cmd.Flags().StringVar(&o.node, "node", defaultNode, "the Node.js to use: its `PATH` or name")
	cmd.Flags().DurationVar(&o.timeout, "timeout", verifyTimeout, "give up after this `TIME`, such as 90s")
	return cmd
}

// verify judges by what happens, not by what is in the files: these only tell
// what could help.
func (p *program) verify(ctx context.Context, o *verifyOptions) error {
	if o.timeout <= 0 {
		return usageError(hint.Run("proxypatch verify --help"), "--timeout must be more than 0")
	}
	t, err := p.open(&o.planOptions, apply.Options{Goal: apply.Patch, Part: true, Shared: true})
	if err != nil {
		return p.absent(err, o.ifPresent)
	}
	t.plan.Close()
	p.warnOfUnverified(t)
	p.report.Add(t.warnings...)
	p.report.Copies = p.situation.copiesOf(t.plan, t.project, report.Checking)
	for i := range p.report.Copies {
		p.report.Copies[i].Files = []report.File{}
	}
	var copies []*apply.Copy
	for _, c := range t.plan.Copies {
		if c.Err != nil {
			p.report.Add(p.situation.explain(&report.UnpatchableError{Copy: c}))
			continue
		}
		copies = append(copies, c)
	}
	if len(copies) == 0 {
		p.report.Summary = "nothing was tried"
		return nil
	}
	return p.drive(ctx, o, t.project.Home.Dir, copies)
}

// warnOfUnverified warns of each stray that is not verified. Every command warns of the
// unpatched ones.
func (p *program) warnOfUnverified(t *target) {
	for i := range t.project.Strays {
		stray := &t.project.Strays[i]
		warned := slices.ContainsFunc(t.warnings, func(w report.Problem) bool { return w.Path == stray.Path })
		if warned || !t.leavesAlone(stray) {
			continue
		}
		verify := hint.To("verify it", "proxypatch verify --copy "+hint.Quote(stray.Path))
		warning := report.Warning(stray.Path+": was not verified, because next-auth does not load it", p.situation.typeable(verify))
		warning.Path = stray.Path
		t.warnings = append(t.warnings, warning)
	}
}

// drive makes the calls of some copies and reports what came of them.
func (p *program) drive(ctx context.Context, o *verifyOptions, home string, copies []*apply.Copy) error {
	line := p.progress()
	defer line.End()
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	limited, cancel := context.WithTimeout(interrupted, o.timeout)
	defer cancel()
	oldest := oldestNode(copies)
	node, err := verify.FindNode(limited, o.node, home, oldest)
	var proofs []verify.Proof
	if err == nil {
		p.report.Node = &report.Node{Path: node.Path, Version: node.Version}
		proofs, err = verify.Copies(limited, node, drivenCopies(copies), func(n int) {
			line.Say(fmt.Sprintf("verifying copy %d of %d …", n, len(copies)))
		})
	}
	switch {
	case interrupted.Err() != nil:
		return errInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		return &slowNodeError{fmt.Errorf("%s did not start within %v", o.node, o.timeout)}
	case errors.Is(err, verify.ErrNoNode) && o.node != defaultNode:
		return usageError(otherNode(oldest), "--node: %w", err)
	case err != nil:
		return err
	}
	failed := provesFailure(proofs)
	proxied, all := 0, 0
	for i, c := range copies {
		p.report.Arrived(c, proofs[i].Arrived)
		for _, r := range proofs[i].Results {
			p.report.Calls = append(p.report.Calls, report.Call{Copy: c.Path, Kind: r.Kind, File: r.File, Result: r.Outcome, Detail: r.Detail})
			if all++; r.Outcome == verify.Proxied {
				proxied++
			}
		}
		p.report.Add(p.explainAll(unproven(c, proofs[i].Results, failed))...)
	}
	p.report.Summary = fmt.Sprintf("%d of %d calls went through verify's own proxy, with Node.js %s", proxied, all, node.Version)
	p.verifyBuilds(o, proxied == all)
	return nil
}

// verifyBuilds warns of builds that run something else than what was proved. What was
// proved holds even if the builds can't be read.
func (p *program) verifyBuilds(o *verifyOptions, proved bool) {
	all, err := p.openBuilds(&o.planOptions, true)
	if err != nil {
		p.report.Add(report.Warning(fmt.Sprintf("builds were not judged: %v", err), hint.Hint{}))
		return
	}
	p.report.Builds = all.report()
	for _, b := range all.found {
		if proved && (b.Standalone || b.content.Bundled) && len(all.judge(b)) > 0 {
			warning := report.Warning(b.path+": was built without the patch, so it does not run what was verified", all.rebuild(b))
			warning.Path = b.path
			p.report.Add(warning)
		}
	}
}

// provesFailure reports whether a call of any copy leaked or failed. Calls that ran
// out of time don't change that.
func provesFailure(proofs []verify.Proof) bool {
	fails := func(r verify.Result) bool { return r.Outcome == verify.Leaked || r.Outcome == verify.Failed }
	return slices.ContainsFunc(proofs, func(p verify.Proof) bool { return slices.ContainsFunc(p.Results, fails) })
}

// oldestNode returns the first major release of Node.js that can make the calls of all
// copies.
func oldestNode(copies []*apply.Copy) (oldest int) {
	for _, c := range copies {
		oldest = max(oldest, c.Line.Node)
	}
	return oldest
}

func otherNode(oldest int) hint.Hint {
	return hint.Text(fmt.Sprintf("name one of Node.js %d or newer", oldest))
}

func drivenCopies(copies []*apply.Copy) []verify.Copy {
	var driven []verify.Copy
	for _, c := range copies {
		one := verify.Copy{Dir: c.Dir, Calls: &c.Line.Calls}
		if c.PnP != nil {
			one.Dir, one.Files, one.Loader = c.PnP.Dir, c.PnP.Files, c.PnP.Loader
		}
		driven = append(driven, one)
	}
	return driven
}

const (
	notProxied = "not through the proxy"
	tooSlow    = "could not say: too slow"
)

// unproven returns an error for the calls of a copy that leak, one for those that ran
// out of time, and one for each other reason to fail. failed says whether a call of any
// copy leaked or failed.
func unproven(c *apply.Copy, results []verify.Result, failed bool) []error {
	var reasons []string
	kinds := map[string][]string{}
	for _, r := range results {
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
	var errs []error
	for _, reason := range reasons {
		err := &unprovenError{c, kinds[reason], reason}
		if reason == tooSlow && !failed {
			errs = append(errs, &tooSlowError{err})
			continue
		}
		errs = append(errs, err)
	}
	return errs
}
