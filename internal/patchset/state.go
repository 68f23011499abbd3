package patchset

import (
	"bytes"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/line"
)

// State says how a file compares with the released file and with the patched one.
// The names are part of the interface: they are in --json and in docs/how-it-works.md.
type State string

// The states of a file. For the helper, Pristine means that it is absent.
const (
	Pristine        State = "pristine"         // bytes as released
	Patched         State = "patched"          // bytes as proxypatch leaves them
	Outdated        State = "outdated"         // patched by the tutorial, another set or an older proxypatch
	ModifiedFits    State = "modified-fits"    // unknown bytes, but every hunk fits at exactly one place
	PatchedModified State = "patched-modified" // unknown bytes, but every hunk can be reversed at exactly one place
	Newer           State = "newer"            // the helper of a newer proxypatch
	Drifted         State = "drifted"          // none of these
	Missing         State = "missing"          // the release has the file, the disk does not
)

// Reading says what a file's bytes are.
type Reading struct {
	State  State
	Base   []byte  // without any patch
	Wanted []byte  // with the wanted diffs
	Diffs  []*Diff // the wanted diffs
	By     *Diff   // the diff of another set that was applied
	Exact  bool    // whether Base is known to be the released bytes
	Err    error   // why it drifted

	proved  bool  // whether reversing the wanted diffs is known to turn Wanted into Base
	refused *Diff // the wanted diff that does not apply
}

// Classify decides a file's state from its bytes alone: what they are, and whether
// patching them could be reversed.
func (t Target) Classify(content []byte) (Reading, error) {
	r, err := t.read(content)
	if err != nil || r.State != ModifiedFits && (r.State != Pristine || r.proved) {
		return r, err
	}
	back, err := t.leadsBack(r)
	if err == nil && !back {
		r.State, r.Err = Drifted, errOneWay
	}
	return r, err
}

// read says what the bytes are. It reverses applied diffs, the last one first, until
// no diff can be reversed. The rest must be the released bytes, or the wanted diffs
// must at least apply to it. Reversing comes before applying because a patched file
// often accepts the same patch again.
func (t Target) read(content []byte) (Reading, error) {
	diffs := t.Diffs(content)
	p, err := t.peel(diffs, content)
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Base: p.base, Wanted: p.base, Diffs: diffs, By: p.by, Exact: true, proved: true}
	for _, diff := range diffs {
		if !r.add(diff) {
			return r, nil
		}
	}
	r.State = stateOf(!p.any, t.Wanted() && bytes.Equal(content, r.Wanted), r.Exact)
	return r, nil
}

// add applies the next wanted diff. It reports false if the diff does not apply.
func (r *Reading) add(diff *Diff) bool {
	r.Exact = r.Exact && r.pins(diff)
	after, err := putOn(diff, r.Wanted)
	if err != nil {
		r.State, r.Err, r.refused, r.Wanted = Drifted, err, diff, nil
		return false
	}
	r.Wanted = after
	r.proved = r.proved && !diff.Own && diff.New == BlobID(after)
	return true
}

// leadsBack reports whether the patched bytes would be recognised as patched, and
// whether reversing gives the base again. Patching unknown bytes may give known ones,
// such as the released bytes. And a user's own diff may have hunks that apply but
// can't be reversed.
func (t Target) leadsBack(r Reading) (bool, error) {
	p, err := t.peel(r.Diffs, r.Wanted)
	return err == nil && bytes.Equal(p.base, r.Base), err
}

// Explain returns why a file with this content drifted and, if a hunk does not fit,
// that hunk next to the lines of the file. If off, it explains which hunk can't be
// reversed.
func (r Reading) Explain(content []byte, off bool) (*Conflict, error) {
	failed := (*HunkError)(nil)
	if !errors.As(r.Err, &failed) {
		return nil, r.Err
	}
	if off {
		_, err := r.refused.Reverse(content)
		off = errors.As(err, &failed)
	}
	failed, conflict := r.refused.Conflict(content, failed, off)
	return conflict, failed
}

// pins reports whether the next diff may have been made from the bytes so far. A
// user's own diff may be made from the released file or from the patched one.
func (r *Reading) pins(diff *Diff) bool {
	return !diff.Pinned() || diff.Old == BlobID(r.Wanted) || diff.Old == BlobID(r.Base)
}

func stateOf(isBase, isWanted, exact bool) State {
	switch {
	case isWanted && exact:
		return Patched
	case isWanted:
		return PatchedModified
	case isBase && exact:
		return Pristine
	case isBase:
		return ModifiedFits
	}
	return Outdated
}

// peeled is a content after its applied diffs were reversed.
type peeled struct {
	base []byte
	any  bool  // whether any diff was reversed
	by   *Diff // the last reversed diff of another set
}

// peel reverses diffs until the bytes are those that the first wanted diff was made
// from, or no diff can be reversed.
func (t Target) peel(wanted []*Diff, content []byte) (peeled, error) {
	p := peeled{base: content}
	untried := slices.Clone(wanted)
	slices.Reverse(untried)
	for withOthers := false; ; {
		id := BlobID(p.base)
		if len(wanted) > 0 && wanted[0].Old == id {
			return p, nil
		}
		known := slices.ContainsFunc(untried, func(d *Diff) bool { return d.New == id && !d.Own })
		if !known && !withOthers { // parse the other sets only if needed
			others, err := t.Others()
			if err != nil {
				return peeled{}, err
			}
			untried, withOthers = append(untried, others...), true
		}
		if slices.ContainsFunc(untried, func(d *Diff) bool { return d.Old == id && !d.Own }) {
			return p, nil // as released
		}
		diff := p.takeOff(exactFirst(untried, id))
		if diff == nil {
			return p, nil
		}
		untried = slices.DeleteFunc(untried, func(d *Diff) bool { return d == diff })
		if !slices.Contains(wanted, diff) {
			p.by = diff
		}
	}
}

// takeOff reverses the first diff that can be reversed, and returns it.
func (p *peeled) takeOff(candidates []*Diff) *Diff {
	for _, diff := range candidates {
		before, err := diff.Reverse(p.base)
		if err != nil {
			continue
		}
		// The diff was applied if applying it again gives the same bytes.
		if !diff.leads(before, p.base) {
			if again, err := diff.Apply(before); err != nil || !bytes.Equal(again, p.base) {
				continue
			}
		}
		p.base, p.any = before, true
		return diff
	}
	return nil
}

// exactFirst moves the diffs that produce exactly the content with this id to the
// front. Another diff may be reversible on that content too, but leave some of its
// lines behind.
func exactFirst(diffs []*Diff, id ID) []*Diff {
	var exact, others []*Diff
	for _, diff := range diffs {
		if diff.New == id {
			exact = append(exact, diff)
		} else {
			others = append(others, diff)
		}
	}
	return append(exact, others...)
}

// putOn applies a diff if it can be reversed again.
func putOn(diff *Diff, content []byte) ([]byte, error) {
	after, err := diff.Apply(content)
	if err != nil {
		return nil, err
	}
	if diff.leads(content, after) {
		return after, nil
	}
	if back, err := diff.Reverse(after); err != nil || !bytes.Equal(back, content) {
		return nil, errOneWay
	}
	return after, nil
}

// leads reports whether the diff's ids name exactly these bytes before and after. Then
// reversing it need not be tried.
func (d *Diff) leads(before, after []byte) bool {
	return d.Pinned() && d.Old == BlobID(before) && d.New == BlobID(after)
}

var (
	errNotOurs     = errors.New("is not a file that proxypatch wrote")
	errChanged     = errors.New("was written by proxypatch and changed since")
	errNewerHelper = errors.New("was written by a newer proxypatch")
	errOneWay      = errors.New("the diff applies, but could not be reversed")
)

// ClassifyHelper decides the state of the file at the helper's path from its bytes, which
// are nil if there is no file. The error says why it is drifted or newer.
func (s *Selection) ClassifyHelper(content []byte) (State, error) {
	switch {
	case content == nil:
		return Pristine, nil
	case bytes.Equal(content, s.Helper.Content) && s.addsHelper:
		return Patched, nil
	case bytes.Equal(content, s.Helper.Content):
		return Outdated, nil
	}
	found, ok := ParseHelper(content)
	switch {
	case !ok && bytes.HasPrefix(content, []byte(HelperMarker)):
		return Drifted, errChanged
	case !ok || found.Revision == s.Helper.Revision:
		return Drifted, errNotOurs
	case found.Revision > s.Helper.Revision:
		return Newer, errNewerHelper
	}
	return Outdated, nil
}

// RefersToHelper reports whether a file of a line's package with this content loads the
// helper. name is relative to the package.
func RefersToHelper(of *line.Line, name string, content []byte) bool {
	helper, err := filepath.Rel(path.Dir(name), strings.TrimSuffix(of.Helper, ".js"))
	if err != nil {
		return false
	}
	helper = filepath.ToSlash(helper)
	if !strings.HasPrefix(helper, ".") {
		helper = "./" + helper
	}
	for _, quote := range []string{`"`, "'", "`"} {
		for _, ending := range []string{"", ".js"} {
			if bytes.Contains(content, []byte(quote+helper+ending+quote)) {
				return true
			}
		}
	}
	return false
}
