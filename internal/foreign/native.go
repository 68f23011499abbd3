package foreign

import (
	"github.com/proxypatch/proxypatch/internal/apply"
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

// By names what applies the patch, as you find it in the project: the setting or the tool.
func (p *Patch) By() string {
	if p.Field == "" {
		return p.Tool
	}
	return p.Field
}
