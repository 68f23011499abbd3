package cli

import (
	"errors"
	"path/filepath"
	"slices"

	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

// doctorBuilds reads what was built. Only the default set leaves a trace there. If that
// fails, it is a finding.
func (p *program) doctorBuilds(o *doctorOptions) (all *builds, failed doctor.Findings) {
	if o.set != patchset.Default {
		return &builds{}, nil
	}
	all, err := p.openBuilds(&o.planOptions, true)
	if all == nil {
		all = &builds{workspace: p.situation.workspace}
	}
	if all.unread = all.unreadImage(err); all.unread != nil {
		return all, nil
	}
	if err != nil {
		failed.Add(doctor.NextJS, doctor.Warning, "builds were not judged: %v", err)
		return &builds{}, failed
	}
	p.report.Builds = all.report()
	return all, nil
}

// unreadImage returns why the build of an image can't be read; nil if it can, or if there
// is no server.js of Next.js, or an app's source. err is what reading the builds returned.
func (all *builds) unreadImage(err error) error {
	w := all.workspace
	if err == nil && len(all.found)+len(all.unbuilt) == 0 { // the search may have failed
		if _, _, err = built.Below(w.Dir); err != nil {
			err = buildFailure(w, err)
		}
	}
	unread, is := errors.AsType[*buildError](err)
	if !is {
		return nil
	}
	at, err := filepath.Abs(unread.path)
	if err != nil || all.hasSource() {
		return nil
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if built.HasServer(at) {
			return unread
		}
	}
	return nil
}

// hasSource reports whether an app of the workspace can be built here.
func (all *builds) hasSource() bool {
	apps, err := nextApps(all.workspace)
	return err != nil || slices.ContainsFunc(apps, func(app nextDir) bool {
		has, err := (&built.Build{Dir: app.dir}).HasSource()
		return has || err != nil
	})
}

// inImage reports whether there are only builds that can't be made again here.
func (all *builds) inImage() bool {
	return all.unread != nil || len(all.found) > 0 && len(all.unbuilt) == 0 && !slices.ContainsFunc(all.found, func(b *foundBuild) bool { return b.source })
}

// doctorImage judges the builds of an image, and the copies that they load.
func (p *program) doctorImage(o *doctorOptions, all *builds, native bool) (found doctor.Findings, patched bool) {
	severity := doctor.Error
	if native {
		severity = doctor.Note
	}
	if all.unread != nil {
		problem := p.situation.explain(all.unread)
		return doctor.Findings{{Area: doctor.NextJS, Severity: severity, Message: problem.Message + ", so it is unknown whether the build has the patch", Hint: problem.Hint}}, true
	}
	if all.plan != nil {
		for _, c := range all.plan.Copies {
			p.stateOfCopy(&found, c, native)
		}
	}
	for _, b := range all.found {
		found = append(found, all.imageFindings(p, b, severity, o.ifPresent)...)
		found = append(found, older(all.older(b))...)
	}
	return found, found.Count(doctor.Error) == 0
}

// imageFindings says what a build of an image runs. lacks says that the image may lack
// next-auth.
func (all *builds) imageFindings(p *program, b *foundBuild, severity doctor.Severity, lacks bool) (found doctor.Findings) {
	reasons := all.judge(b)
	empty := &emptyBuildError{b}
	switch {
	case b.part || lacks && all.nothing() != nil:
		found.Add(doctor.NextJS, doctor.Note, "%v", empty)
	case all.nothing() != nil:
		reasons = []error{empty}
	case b.uses && len(reasons) == 0:
		found.Add(doctor.NextJS, doctor.OK, "%s%s", b.what(), all.describe(b).Reason())
	}
	for _, reason := range reasons {
		if _, said := errors.AsType[*pendingError](reason); !said {
			found = append(found, all.finding(p, b, reason, severity))
		}
	}
	return found
}

// doctorProject says which builds lack what is installed now.
func (p *program) doctorProject(all *builds, native bool) (found doctor.Findings) {
	severity := doctor.Warning
	if native {
		severity = doctor.Note
	}
	for _, b := range all.found {
		reasons := all.judge(b)
		if !b.Standalone && len(b.content.Unpatched) == 0 && !b.Nitro && !b.apart() {
			reasons = nil // the copy has findings of its own
		}
		for _, reason := range reasons {
			found = append(found, all.finding(p, b, reason, severity))
		}
		if len(reasons) == 0 && b.content.Patched {
			found.Add(doctor.NextJS, doctor.OK, "%s%s", b.what(), all.describe(b).Reason())
		}
		found = append(found, older(all.older(b))...)
	}
	for _, app := range all.unbuilt {
		if has, err := built.HasUnfinished(app.dir); has && err == nil {
			found.Add(doctor.NextJS, doctor.Note, "%s has no finished build, only output of next dev or of a build that did not finish", all.workspace.Display(app.dir))
		}
	}
	return found
}

// finding makes a finding of a reason why a build does not run with the patch.
func (all *builds) finding(p *program, b *foundBuild, reason error, severity doctor.Severity) doctor.Finding {
	problem := p.situation.explain(reason)
	finding := doctor.Finding{Area: doctor.NextJS, Severity: severity, Message: problem.Message, Hint: problem.Hint}
	_, empty := errors.AsType[*emptyBuildError](reason)
	_, unpatched := errors.AsType[*unpatchedBuildError](reason)
	pending, isPending := errors.AsType[*pendingError](reason)
	switch {
	case isPending:
		finding.Message = b.what() + "loads a next-auth that is not patched: " + report.CountFiles(pending.files())
	case unpatched:
		finding.Message = b.what() + "built without the patch"
	case empty && b.uses && !b.source:
		finding.Message = b.what() + "built without the patch: it holds no next-auth, and none is beside it"
		finding.Hint = all.rebuild(b)
	}
	if severity == doctor.Note { // Node.js itself uses the proxy
		finding.Hint = hint.Hint{}
	}
	return finding
}

// older makes findings of warnings.
func older(warnings []report.Problem) (found doctor.Findings) {
	for _, warning := range warnings {
		found = append(found, doctor.Finding{Area: doctor.NextJS, Severity: doctor.Warning, Message: warning.Message, Hint: warning.Hint})
	}
	return found
}

// what begins a finding about a build.
func (b *foundBuild) what() string {
	if b.Standalone {
		return b.path + ": Next.js's standalone output, "
	}
	return b.path + ": "
}
