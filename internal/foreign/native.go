package foreign

import (
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
// file is missing, the tool does not read the setting or does not run, or the release is
// another.
func Idle(patches []Patch, library *patchset.Library, installed []detect.Install, isLeftover func(*detect.Install) (bool, error)) ([]*Patch, error) {
	var idle []*Patch
	for i := range patches {
		p := &patches[i]
		ours, err := p.isOurs(library)
		if err != nil {
			return nil, err
		}
		if p.Field == "" && p.Hidden == "" || !ours && !p.Missing { // patch-package applies its to any release
			continue
		}
		changes, err := p.changesAny(installed, isLeftover)
		if err != nil {
			return nil, err
		}
		if p.Missing || !p.Runs || !changes {
			idle = append(idle, p)
		}
	}
	return idle, nil
}

// changesAny reports whether the patch is for one of the copies that something loads.
func (p *Patch) changesAny(installed []detect.Install, isLeftover func(*detect.Install) (bool, error)) (bool, error) {
	for i := range installed {
		if !p.Concerns(&installed[i]) {
			continue
		}
		if leftover, err := isLeftover(&installed[i]); err != nil || !leftover {
			return err == nil, err
		}
	}
	return false, nil
}

// isOurs reports whether proxypatch made all parts, for any release, and a helper is one.
func (p *Patch) isOurs(library *patchset.Library) (bool, error) {
	for _, of := range line.All {
		if p.Package != "" && of.Package != p.Package || !p.hasHelper(of) {
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
