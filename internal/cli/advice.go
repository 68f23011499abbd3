package cli

import (
	"fmt"
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// advise says what a person should know about a plan that can be carried out.
func (p *program) advise(t *target, goal apply.Goal, set string) error {
	note, err := t.tutorialNote(goal)
	if err != nil {
		return err
	}
	if note != "" {
		p.report.Notes = append(p.report.Notes, note)
	}
	if goal != apply.Patch {
		return nil
	}
	p.report.Add(p.situation.warnOfPatches(t.plan)...)
	patches, err := p.laterFailures(t)
	p.report.Add(patches...)
	if err != nil || t.plan.Changes() == 0 {
		return err
	}
	return p.warnOfAgents(t, set)
}

// laterFailures returns a warning for each patch by another tool that will fail at the
// next install.
func (p *program) laterFailures(t *target) ([]report.Problem, error) {
	patches, err := t.patches()
	if err != nil {
		return nil, &systemError{err}
	}
	var warnings []report.Problem
	for i := range patches {
		if patch := &patches[i]; slices.ContainsFunc(t.plan.Copies, patch.FailsLater) {
			file := p.situation.fileOf(patch)
			warning := report.Warning(
				file+": patch-package will fail at the next install that keeps node_modules, because proxypatch changes the same lines",
				hint.To("delete this patch", p.situation.deletion(patch)).Or(keepPart))
			warning.Path = file
			warnings = append(warnings, warning)
		}
	}
	return warnings, nil
}

// warnOfAgents warns of each https-proxy-agent that an install without devDependencies
// lacks.
func (p *program) warnOfAgents(t *target, set string) error {
	agents, err := t.foreignAgents(set)
	for _, a := range agents {
		if a.Dev {
			p.report.Add(report.Warning(a.message(), p.situation.typeable(a.hint)))
		}
	}
	return err
}

// foreignAgent is an https-proxy-agent that is installed for another reason than the
// project's own dependency on it.
type foreignAgent struct {
	detect.AgentSource
	copy    *apply.Copy
	without string // the command that installs without devDependencies
	hint    hint.Hint
}

// foreignAgents returns each such agent of the plan's copies once.
func (t *target) foreignAgents(set string) ([]foreignAgent, error) {
	var all []foreignAgent
	seen := map[string]bool{}
	for _, c := range t.plan.Copies {
		if set == patchset.None || c.Err != nil || !c.Agent.Usable() || seen[c.Agent.Dir] {
			continue
		}
		seen[c.Agent.Dir] = true
		source, err := t.project.SourceOfAgent(&c.Install)
		if err != nil {
			return nil, &systemError{err}
		}
		if source.By == "" {
			continue
		}
		advice := t.project.ProvideAgent(c.Install)
		if source.IsAgent() {
			advice = t.project.MoveToDependencies()
		}
		all = append(all, foreignAgent{source, c, t.project.Manager.InstallProduction(), advice})
	}
	return all, nil
}

func (a foreignAgent) message() string {
	agent := fmt.Sprintf("%s: https-proxy-agent %s", a.copy.Path, a.copy.Agent.Version)
	switch {
	case a.IsAgent():
		return fmt.Sprintf("%s is only in devDependencies, so installs without them (%s) lack it", agent, a.without)
	case a.Dev:
		return fmt.Sprintf("%s is installed only because the devDependency %s brings it, so installs without devDependencies (%s) lack it", agent, a.By, a.without)
	}
	return fmt.Sprintf("%s is installed only because %s brings it, so it may disappear with an upgrade of that", agent, a.By)
}

// tutorialNote says that the tutorial's edit, if there was one, is not put back. After
// apply has replaced it, no trace of it is left, so revert can't know whether there was one.
func (t *target) tutorialNote(goal apply.Goal) (string, error) {
	for _, c := range t.plan.Copies {
		for i := range c.Files {
			file := &c.Files[i]
			switch {
			case !file.Changes(), file.After == nil:
			case goal == apply.Patch && file.By != nil && file.By.FromTutorial():
				return "the tutorial's edit is replaced; proxypatch revert restores the released files, without that edit", nil
			case goal == apply.Restore && c.Agent.Major() < 6: // the tutorial's code runs with no newer one
				if fits, err := t.library.FitsTutorial(c.Line, file.Path, file.After); fits || err != nil {
					return "if you had an edit as in the tutorial, it is not put back; to make it, run proxypatch apply --set tutorial", err
				}
			}
		}
	}
	return "", nil
}
