package cli

import (
	"fmt"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/report"
)

// warnOfStrays warns of each stray beside a copy of the plan that stays as it is. With the
// patch it needs no warning, and without it none before a revert.
func (p *program) warnOfStrays(t *target, options apply.Options) error {
	for i := range t.project.Strays {
		stray := &t.project.Strays[i]
		if !t.leavesAlone(stray) {
			continue
		}
		plan, err := apply.New([]detect.Install{*stray}, t.library, apply.Options{Goal: options.Goal, Traced: options.Traced, Part: true})
		if err != nil {
			return &systemError{err}
		}
		plan.Close()
		if plan.Changes() == 0 && !plan.Blocked() {
			continue
		}
		warning := report.Warning(strayMessage(stray, options.Goal), p.strayHint(stray, plan.Blocked(), options.Goal))
		warning.Path = stray.Path
		t.warnings = append(t.warnings, warning)
	}
	return nil
}

// leavesAlone reports whether the plan has a copy beside the stray, and not the stray.
func (t *target) leavesAlone(stray *detect.Install) bool {
	beside := false
	for _, c := range t.plan.Copies {
		if c.Dir == stray.Dir {
			return false
		}
		beside = beside || stray.IsBeside(&c.Install)
	}
	return beside
}

func strayMessage(stray *detect.Install, goal apply.Goal) string {
	what := fmt.Sprintf("%s: %s %s is not the one that next-auth loads, but %s names it, too", stray.Path, stray.Holder.Name, stray.Holder.Release, stray.Reached[0].From)
	if goal == apply.Restore {
		return what + "; it keeps its patch"
	}
	return what + "; what imports it may not use the proxy"
}

func (p *program) strayHint(stray *detect.Install, blocked bool, goal apply.Goal) hint.Hint {
	choice := p.situation.anyCopy + " --copy " + hint.Quote(stray.Path)
	switch {
	case blocked:
		return hint.Text("name the release of " + stray.Holder.Name + " that next-auth depends on, or none")
	case goal == apply.Restore:
		return p.situation.typeable(hint.To("restore it", "proxypatch revert"+choice))
	}
	return p.situation.typeable(hint.To("patch it", "proxypatch apply"+choice))
}

// brought makes notes of packages with files of next-auth that only other dependencies,
// such as adapters, load.
func brought(found *doctor.Findings, t *target) error {
	all, err := t.project.Brought()
	if err != nil {
		return &systemError{err}
	}
	for _, b := range all {
		found.Add(doctor.NextAuth, doctor.Note, "%s: only %s loads this %s %s, so it stays unpatched", b.Path, b.By, b.Name, b.Release)
	}
	return nil
}
