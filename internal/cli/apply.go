package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/internal/term"
)

// writeOptions are those of apply and revert.
type writeOptions struct {
	planOptions
	dryRun    bool
	keepCache bool
}

func (o *writeOptions) register(cmd *cobra.Command) {
	o.planOptions.register(cmd)
	registerDryRun(cmd, &o.dryRun)
	registerKeepCache(cmd, &o.keepCache)
}

func (p *program) applyCommand() *cobra.Command {
	o := &writeOptions{}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "patch next-auth (the default command)",
		RunE: p.run("apply", func(*cobra.Command, []string) error {
			return p.write(o, apply.Patch, applied)
		}),
	}
	o.register(cmd)
	return cmd
}

// wording is how a command that writes sums up.
type wording struct {
	done, would string
	nothing     func(files int) string // if none of the files changes
}

var applied = wording{
	done:    "%s changed",
	would:   "%s would change; nothing was written",
	nothing: func(files int) string { return "nothing to do: " + report.AreFiles(files) + " already patched" },
}

func (w wording) sum(plan *apply.Plan, dryRun bool) string {
	switch changes := plan.Changes(); {
	case changes == 0:
		return w.nothing(plan.Files())
	case dryRun:
		return fmt.Sprintf(w.would, report.CountFiles(changes))
	default:
		return fmt.Sprintf(w.done, report.CountFiles(changes))
	}
}

// write is apply and revert, which differ in their goal and their words: it brings
// all copies to the wanted state, or changes nothing at all.
func (p *program) write(o *writeOptions, goal apply.Goal, words wording) error {
	p.report.Set, p.report.DryRun = o.set, o.dryRun
	line := p.progress()
	defer line.End()
	t, err := p.open(&o.planOptions, apply.Options{Goal: goal, Lock: !o.dryRun, Progress: copiesOn(line)})
	if err != nil {
		return p.absent(err, o.ifPresent)
	}
	defer t.plan.Close()
	p.report.Add(t.warnings...)
	reasons, warnings := p.judge(t, goal, o.set)
	p.report.Add(append(reasons, warnings...)...)
	if len(reasons) > 0 {
		p.report.Summary = "nothing was written"
		p.report.Copies = p.situation.copiesOf(t.plan, t.project, report.Refusing)
		return nil
	}
	if err := p.advise(t, goal, o.set); err != nil {
		return err
	}
	var found caches
	traced := slices.ContainsFunc(t.plan.Copies, func(c *apply.Copy) bool { return c.Traced })
	if !o.keepCache && !traced { // nothing is built in standalone output
		apps, err := t.apps()
		if err != nil {
			return err
		}
		if found, err = t.caches(apps, after, goal == apply.Restore); err != nil {
			return err
		}
	}
	p.report.Add(found.unknown()...)
	again := t.buildAgain(found, p.report.Command, o.dryRun)
	tense := report.Planning
	if !o.dryRun {
		tense = report.Doing
		if err := carryOut(t.plan, found); err != nil {
			return err
		}
		p.report.Add(found.finish()...)
	}
	p.report.Add(again...)
	p.report.Summary = words.sum(t.plan, o.dryRun)
	if goal == apply.Patch && t.plan.Changes() == 0 {
		p.report.Summary += report.By(p.patchedBy(t.plan))
	}
	p.report.Copies, p.report.Caches = p.situation.copiesOf(t.plan, t.project, tense), found.report(tense)
	return nil
}

func (p *program) explainAll(reasons []error) []report.Problem {
	var problems []report.Problem
	for _, reason := range reasons {
		problems = append(problems, p.situation.explain(reason))
	}
	return problems
}

// carryOut brings the files to their new state, and takes code of the old one out
// of the caches first: that can be taken back, and fails more often.
func carryOut(plan *apply.Plan, found caches) error {
	if err := found.stage(); err != nil {
		return err
	}
	if err := plan.Commit(); err != nil {
		return errors.Join(err, found.unstage())
	}
	return nil
}

// copiesOn says on a line which copy is at work, unless there is only one.
func copiesOn(line *term.Progress) func(what string, n, of int) {
	return func(what string, n, of int) {
		if of > 1 {
			line.Say(fmt.Sprintf("%s copy %d of %d …", what, n, of))
		}
	}
}
