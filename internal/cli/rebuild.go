package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/built"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/report"
)

// buildAgain warns that builds still run what next-auth is before the plan is carried
// out. If the plan changes nothing, it looks at nothing.
func (t *target) buildAgain(command string, dryRun bool) []report.Problem {
	if t.plan.Changes() == 0 {
		return nil
	}
	dirs, err := t.builtBefore()
	if err != nil {
		return []report.Problem{report.Warning(fmt.Sprintf("unknown which apps were built before: %v", err), hint.Text("run next build again in each"))}
	}
	if len(dirs) == 0 {
		return nil
	}
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
	return []report.Problem{warning}
}

// builtBefore returns the directories of the apps that were built and load a copy that
// changes, as a person would write them. It looks at the marks of a build only. An app
// whose marks can't be read counts as built.
func (t *target) builtBefore() ([]string, error) {
	apps, err := nextApps(&t.project.Workspace)
	if err != nil {
		return nil, err
	}
	changing := map[string]bool{}
	for _, c := range t.plan.Copies {
		changing[c.Dir] = c.Changes() > 0
	}
	var dirs []string
	for _, app := range apps {
		loaded, err := loadedBy(app, t.project)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(loaded, func(c detect.Install) bool { return changing[c.Dir] }) {
			continue
		}
		if builds, _, err := built.Find(app.dir); len(builds) > 0 || err != nil {
			dirs = append(dirs, t.project.Display(app.dir))
		}
	}
	return dirs, nil
}
