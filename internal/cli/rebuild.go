package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/report"
)

// oldBuild is an app whose build runs what next-auth was before the plan is carried out.
type oldBuild struct {
	dir     string // as a person would write it
	unknown string // why it is not known whether there is a build; empty if there is one
}

// buildAgain warns of old builds, for which found has no warning yet. If the plan
// changes nothing, it looks at nothing.
func (t *target) buildAgain(found caches, command string, dryRun bool) (warnings []report.Problem) {
	if t.plan.Changes() == 0 {
		return nil
	}
	old, err := t.oldBuilds()
	if err != nil {
		return []report.Problem{report.Warning(fmt.Sprintf("unknown which apps were built before: %v", err), hint.Text("run next build again in each"))}
	}
	var dirs []string
	for _, b := range old {
		warned := slices.ContainsFunc(found, func(n builtApp) bool { return n.dir == b.dir && n.Unknown != "" })
		switch {
		case b.unknown == "":
			dirs = append(dirs, b.dir)
		case !warned:
			warnings = append(warnings, report.Warning(fmt.Sprintf("%s: %s, so it may have been built before", b.dir, b.unknown), hint.Text("run next build again if it was")))
		}
	}
	if len(dirs) > 0 {
		warnings = append(warnings, builtBefore(dirs, command, dryRun))
	}
	return warnings
}

// builtBefore is one warning of all apps that were built.
func builtBefore(dirs []string, command string, dryRun bool) report.Problem {
	what, when := dirs[0]+" was", ""
	switch last := len(dirs) - 1; {
	case last > 0:
		what = strings.Join(dirs[:last], ", ") + " and " + dirs[last] + " were"
	case what == ". was":
		what = "the app was"
	}
	if dryRun {
		when = "after " + command + ", "
	}
	warning := report.Warning(fmt.Sprintf("%s built before: %srun next build again (or restart, if next-auth is not bundled)", what, when), hint.Hint{})
	if len(dirs) == 1 {
		warning.Path = dirs[0]
	}
	return warning
}

// oldBuilds returns the apps that were built, or may have been, and depend on a
// copy that changes. It looks at the marks of a build only. An app whose marks can't be read
// counts as built.
func (t *target) oldBuilds() ([]oldBuild, error) {
	apps, err := t.apps()
	if err != nil {
		return nil, err
	}
	changing := map[string]bool{}
	for _, c := range t.plan.Copies {
		changing[c.Dir] = c.Changes() > 0
	}
	var old []oldBuild
	for _, app := range apps {
		builds, unknown, err := built.Find(app.dir)
		if len(builds) > 0 || err != nil {
			unknown = ""
		} else if unknown == "" {
			continue
		}
		if depends, err := t.dependsOn(app, changing); err != nil {
			return nil, err
		} else if !depends {
			continue
		}
		old = append(old, oldBuild{t.project.Display(app.dir), unknown})
	}
	return old, nil
}

// dependsOn reports whether an app depends on one of some copies.
func (t *target) dependsOn(app nextDir, copies map[string]bool) (bool, error) {
	for _, c := range slices.Concat(t.project.Copies, t.project.Others) {
		if !copies[c.Dir] {
			continue
		}
		if depends, err := t.project.DependsOn(app.pkg, &c); depends || err != nil {
			return depends, err
		}
	}
	return false, nil
}
