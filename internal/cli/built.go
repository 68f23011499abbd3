package cli

import (
	"errors"
	"slices"

	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// checkBuilt is check --built: it judges what was built, and not what a build would
// take. It writes nothing.
func (p *program) checkBuilt(o *checkOptions) error {
	p.report.Set = o.set
	if err := refuseForBuilt(o); err != nil {
		return err
	}
	all, err := p.openBuilds(&o.planOptions, false)
	if err != nil {
		return err
	}
	p.report.Add(all.warnings...)
	if nothing := all.nothing(); nothing != nil && o.ifPresent {
		p.report.Summary = "nothing to do: " + nothing.Error()
		return nil
	} else if nothing != nil {
		p.report.Add(p.situation.explain(nothing))
	} else {
		p.report.Add(p.explainAll(all.unfound())...)
	}
	var reasons []error
	for _, b := range all.found {
		reasons = append(reasons, all.judge(b)...)
	}
	for _, problem := range p.explainAll(p.joinPending(reasons)) {
		if !slices.ContainsFunc(p.report.Problems, problem.Same) { // two apps may load a copy
			p.report.Add(problem)
		}
	}
	for _, b := range all.found {
		p.report.Add(all.older(b)...)
	}
	if len(all.found) > 0 {
		p.report.Add(all.missing()...)
	}
	p.report.Builds = all.report()
	if all.plan != nil {
		p.report.Copies = p.situation.copiesOf(all.plan, all.project, report.Checking)
	}
	p.report.Summary = all.summary()
	return nil
}

// joinPending makes one error of those that say that files are not patched and have the
// same hint, because each counts only the copies that one build loads.
func (p *program) joinPending(reasons []error) (joined []error) {
	first := map[string]*pendingError{} // by the hint
	for _, reason := range reasons {
		if pending, ok := errors.AsType[*pendingError](reason); ok {
			cure := p.situation.explain(reason).Hint.Text
			if first[cure] != nil {
				first[cure].join(pending)
				continue
			}
			first[cure] = pending
		}
		joined = append(joined, reason)
	}
	return joined
}

// refuseForBuilt refuses flags that choose something that a bundle does not show.
func refuseForBuilt(o *checkOptions) error {
	switch {
	case o.set != patchset.Default:
		return usageError(hint.Text("leave out --set"), "--built recognises only the default set in a build, not --set %s", o.set)
	case len(o.chosen) > 0:
		return usageError(hint.Text("leave out --copy"), "--built judges whole builds, and --copy selects parts of them")
	}
	return nil
}
