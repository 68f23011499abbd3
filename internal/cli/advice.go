package cli

import "github.com/proxypatch/proxypatch/internal/apply"

// advise says what a person should know about a plan that can be carried out.
func (p *program) advise(t *target, goal apply.Goal) error {
	note, err := t.tutorialNote(goal)
	if note != "" {
		p.report.Notes = append(p.report.Notes, note)
	}
	return err
}

// tutorialNote says that the tutorial's edit, if there was one, is not put back. After
// apply has replaced it, no trace of it is left, so revert says so about every file in
// which it may have been.
func (t *target) tutorialNote(goal apply.Goal) (string, error) {
	for _, c := range t.plan.Copies {
		for i := range c.Files {
			file := &c.Files[i]
			switch {
			case !file.Changes(), file.After == nil:
			case goal == apply.Patch && file.By != nil && file.By.FromTutorial():
				return "the tutorial's edit is replaced; proxypatch revert restores the released files, without that edit", nil
			case goal == apply.Restore && c.Agent.Major() < 6: // the tutorial's code runs with no newer one
				if fits, err := t.library.FitsTutorial(file.Path, file.After); fits || err != nil {
					return "an edit as in the tutorial that was there before is not put back; to make it, run proxypatch apply --set tutorial", err
				}
			}
		}
	}
	return "", nil
}
