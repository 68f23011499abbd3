package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// nativeError says that only an install can change a copy, because another tool applies a
// patch from proxypatch to it.
type nativeError struct {
	copy   *apply.Copy
	native foreign.Native
	file   string // the patch, as a person would write it
	revert bool
}

func (e *nativeError) Error() string {
	switch {
	case e.revert:
		return fmt.Sprintf("%s: %s patches it at each install, with %s", e.copy.Path, e.native.Tool, e.file)
	case e.native.Origin == foreign.Outdated:
		return fmt.Sprintf("%s: %s is from an older proxypatch, or for another set or release", e.copy.Path, e.file)
	case e.native.Origin == foreign.Newer:
		return fmt.Sprintf("%s: %s is from a newer proxypatch", e.copy.Path, e.file)
	}
	return fmt.Sprintf("%s: %s not patched, although %s is to apply %s", e.copy.Path, report.AreFiles(e.copy.Changes()), e.native.Tool, e.file)
}

// addNatives adds the native patches of a plan's copies.
func (s *situation) addNatives(patches []foreign.Patch, library *patchset.Library, plan *apply.Plan) error {
	natives, err := foreign.Natives(patches, library, plan)
	if s.natives == nil {
		s.natives = map[*apply.Copy]foreign.Native{}
	}
	maps.Copy(s.natives, natives)
	return err
}

// forApply returns the error about the files that apply patches; nil if there are none.
func (s *situation) forApply(plan *apply.Plan) error {
	rest := &pendingError{}
	for _, c := range plan.Copies {
		if s.refuseNative(c, apply.Patch) == nil {
			rest.copies = append(rest.copies, c)
		}
	}
	if rest.files() == 0 {
		return nil
	}
	return rest
}

// refuseNative says why a command must leave a copy to the tool that patches it; nil if
// there is nothing to do, or if something else prevents it.
func (s *situation) refuseNative(c *apply.Copy, goal apply.Goal) *nativeError {
	native, ours := s.natives[c]
	_, shared := errors.AsType[*detect.SharedError](c.Err)
	blocks := func(f apply.File) bool { return f.Blocks(goal) }
	switch {
	case !ours, c.Err != nil && !shared:
		return nil
	case goal == apply.Patch && (c.Changes() == 0 || slices.ContainsFunc(c.Files, blocks)):
		return nil
	case goal == apply.Patch && s.command == "apply" && native.Tool == detect.PatchPackage && native.Origin == foreign.Current:
		return nil // in the same install, patch-package may still come; it accepts these bytes
	}
	return &nativeError{c, native, s.fileOf(native.Patch), goal == apply.Restore}
}

// exported is the row for such a copy. What reads it finds that it is not patched; what
// writes can't help.
func exported(s *situation, err error) (report.ExitCode, hint.Hint, bool) {
	e, ok := errors.AsType[*nativeError](err)
	if !ok {
		return 0, hint.Hint{}, false
	}
	code := report.Unsupported
	if s.command == "check" && e.copy.Shared == nil {
		code = report.Pending
	}
	return code, s.nativeHint(e), true
}

func (s *situation) nativeHint(e *nativeError) hint.Hint {
	switch {
	case e.revert:
		return s.undoHint(e.native.Patch)
	case e.native.Origin == foreign.Outdated:
		return s.renewHint(e.native.Patch)
	case e.native.Origin == foreign.Newer:
		return hint.Text("upgrade proxypatch")
	}
	if e.native.Tool == string(detect.YarnBerry) { // the range of the entry may be another now
		return s.exportHint()
	}
	install := hint.Join(hint.Text("install it: "), s.workspace.InstallReleased()) // others may say "up to date"
	if e.native.Tool == string(detect.NPM) && s.workspace.Version == "" {
		return install.Or(hint.To("or, with npm 11, which ignores the entry", "proxypatch export --for patch-package"+s.toExport))
	}
	return install
}

// exportHint makes the package manager itself patch the copies.
func (s *situation) exportHint() hint.Hint {
	if s.workspace.Manager == detect.Unknown { // export would ask for it
		return hint.Join(hint.Text("name your package manager in packageManager of package.json, then run "), hint.Run("proxypatch export"+s.toExport), hint.Text(" and the install that it prints"))
	}
	return hint.Join(hint.Text("make "+string(s.workspace.Manager)+" patch it: "), hint.Run("proxypatch export"+s.toExport), hint.Text(", then "), s.workspace.InstallNative().Step())
}

// renewHint makes an outdated patch anew. patch-package can't apply the new one to files
// that have the old one.
func (s *situation) renewHint(p *foreign.Patch) hint.Hint {
	if p.Tool != detect.PatchPackage {
		return s.exportHint()
	}
	return hint.Join(hint.Text("make the patch again: "), hint.Run("proxypatch export"+s.toExport), hint.Text(", then "), s.workspace.InstallAfresh().Step())
}

// undoHint takes out what export wrote. Dependencies it never writes.
func (s *situation) undoHint(p *foreign.Patch) hint.Hint {
	purpose, install := "delete "+s.fileOf(p), s.workspace.InstallAfresh()
	if p.Field != "" {
		purpose, install = fmt.Sprintf("take %q out of %s in %s", p.Name(), p.Field, p.In), s.workspace.InstallReleased()
	}
	if p.Field == "dependencies" {
		return hint.Join(hint.Text(purpose+": depend on the release itself, then "), install.Step())
	}
	return hint.Join(hint.Text(purpose+": "), hint.Run("proxypatch export --undo"), hint.Text(", then "), install.Step())
}

// warnOfPatches warns of patches from proxypatch that no install will apply, and of outdated
// ones beside files that are patched already: the next install replaces these.
func (s *situation) warnOfPatches(plan *apply.Plan) []report.Problem {
	var warnings []report.Problem
	for _, c := range plan.Copies {
		if native, ours := s.natives[c]; ours && native.Origin == foreign.Outdated && c.Err == nil && c.Changes() == 0 {
			outdated := &nativeError{copy: c, native: native, file: s.fileOf(native.Patch)}
			warning := report.Warning(outdated.Error(), s.typeable(s.renewHint(native.Patch)))
			warning.At(&c.Install, "")
			warnings = append(warnings, warning)
		}
	}
	for _, p := range s.idle {
		message, path, advice := fmt.Sprintf("%s: %q in %s is for a release that is not installed", p.In, p.Name(), p.Field), p.In, s.exportHint()
		switch {
		case p.Hidden != "":
			message, path = fmt.Sprintf("%s: the script %s ends before it runs patch-package", s.fileOf(p), p.Hidden), s.fileOf(p)
			advice = hint.Text("put what comes before patch-package in parentheses, and install again")
		case p.Missing:
			message = fmt.Sprintf("%s: %q in %s names %s, which does not exist", p.In, p.Name(), p.Field, s.fileOf(p))
		case !p.Runs:
			message = fmt.Sprintf("%s: npm %s ignores %s; only npm 12 and newer apply it", p.In, s.workspace.Version, p.Field)
		}
		warning := report.Warning(message, s.typeable(advice))
		warning.Path = path
		warnings = append(warnings, warning)
	}
	return warnings
}

// judge returns what keeps a plan from being carried out, and warnings of what does not.
func (p *program) judge(t *target, goal apply.Goal, set string) (reasons, warnings []report.Problem) {
	reasons = p.explainAll(p.situation.refusals(t.plan, goal))
	if goal == apply.Patch {
		agents, warnings := report.JudgeAgents(t.plan, set)
		return append(reasons, p.explainAll(agents)...), warnings
	}
	return reasons, nil
}

// refusals returns why copies must not be written.
func (s *situation) refusals(plan *apply.Plan, goal apply.Goal) []error {
	var reasons []error
	rest := &apply.Plan{}
	for _, c := range plan.Copies {
		if refused := s.refuseNative(c, goal); refused != nil {
			reasons = append(reasons, refused)
			continue
		}
		rest.Copies = append(rest.Copies, c)
	}
	return append(reasons, report.Judge(rest, goal)...)
}

// copiesOf turns the plan into what is reported of it.
func (s *situation) copiesOf(plan *apply.Plan, project *detect.Project, tense report.Tense) []report.Copy {
	copies := report.Copies(plan, project, tense)
	for i, c := range plan.Copies {
		if native, ours := s.natives[c]; ours {
			copies[i].SetNative(native)
		}
	}
	return copies
}

// by names what patches a copy at installs; empty if apply does.
func (s *situation) by(c *apply.Copy) string {
	if native, ours := s.natives[c]; ours {
		return native.By()
	}
	return ""
}

// patchedBy names what patches all copies of a plan at installs; empty if it is not one
// tool.
func (p *program) patchedBy(plan *apply.Plan) string {
	by := ""
	for i, c := range plan.Copies {
		if own := p.situation.by(c); i == 0 || own == by {
			by = own
		} else {
			return ""
		}
	}
	return by
}
