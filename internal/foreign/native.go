package foreign

import (
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

// Native is a patch from proxypatch that another tool applies to a copy at installs. Then
// installs, and not apply, decide what the copy is.
type Native struct {
	*Patch
	Origin Origin
}

// Natives returns the native patch of each copy that has one. The tutorial's edit does not
// count unless it is the chosen set: many projects made such a patch by hand.
func Natives(patches []Patch, library *patchset.Library, plan *apply.Plan) (map[*apply.Copy]Native, error) {
	found := map[*apply.Copy]Native{}
	for _, c := range plan.Copies {
		for i := range patches {
			p := &patches[i]
			of, unsupported := c.ReleaseLine()
			if unsupported != nil || !p.Runs || !p.Concerns(&c.Install) {
				continue
			}
			origin, err := p.Origin(library, of, c.Version())
			if err != nil {
				return nil, err
			}
			if origin == Current || origin > Mixed && p.hasHelper(of) {
				found[c] = Native{p, origin}
			}
		}
	}
	return found, nil
}

// Idle returns those patches from proxypatch that change no installed copy, or can't: the
// file is missing, the tool does not read the setting, or the release is another.
func Idle(patches []Patch, library *patchset.Library, installed []detect.Install) ([]*Patch, error) {
	var idle []*Patch
	for i := range patches {
		p := &patches[i]
		concerns := func(c detect.Install) bool { return p.Concerns(&c) }
		switch ours, err := p.isOurs(library); {
		case err != nil:
			return nil, err
		case p.Field == "": // patch-package applies it to any release
		case p.Missing, ours && !p.Runs, ours && !slices.ContainsFunc(installed, concerns):
			idle = append(idle, p)
		}
	}
	return idle, nil
}

// isOurs reports whether proxypatch made all parts, for any release, and a helper is one.
func (p *Patch) isOurs(library *patchset.Library) (bool, error) {
	for _, of := range line.All {
		if of.Package != p.Package || !p.hasHelper(of) {
			continue
		}
		ours, err := p.countOurs(library, of)
		if err != nil || ours == len(p.parts) {
			return err == nil, err
		}
	}
	return false, nil
}

// By names what applies the patch, as you find it in the project: the setting or the tool.
func (p *Patch) By() string {
	if p.Field == "" {
		return p.Tool
	}
	return p.Field
}
