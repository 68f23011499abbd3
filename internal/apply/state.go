package apply

import (
	"bytes"
	"errors"
	"slices"

	"github.com/proxypatch/proxypatch/internal/patchset"
)

// State says how a file on disk relates to what next-auth released and to what
// proxypatch leaves. The names are part of the interface: they stand in --json
// and in docs/states.md.
type State string

// The states of a file. For the helper, Pristine means that it is absent.
const (
	Pristine        State = "pristine"         // bytes as released
	Patched         State = "patched"          // bytes as proxypatch leaves them
	Outdated        State = "outdated"         // patched by the tutorial, another set or an older proxypatch
	ModifiedFits    State = "modified-fits"    // unknown bytes, but every hunk fits at exactly one place
	PatchedModified State = "patched-modified" // unknown bytes, but every hunk can be taken back at exactly one place
	Newer           State = "newer"            // the helper of a newer proxypatch
	Drifted         State = "drifted"          // none of these
	Missing         State = "missing"          // the release has the file, the disk has not
)

// Blocks reports whether a file in this state keeps everything from being
// written. A newer helper does not stand in the way of taking it out.
func (s State) Blocks(goal Goal) bool {
	return s == Drifted || s == Missing || s == Newer && goal == Patch
}

// reading is what a file's bytes turn out to be.
type reading struct {
	state  State
	base   []byte // without any patch
	wanted []byte // with the wanted diffs
	diffs  []*patchset.Diff
	by     *patchset.Diff     // another set's diff that was applied
	exact  bool               // whether base is known to be the released bytes
	err    error              // why it drifted
	clash  *patchset.Conflict // for a hunk that does not fit
}

// classify decides a file's state from its bytes alone. It takes off what is
// applied, the last diff first, until nothing more comes off; what is left must
// be the released bytes or at least take the wanted diffs. Reversing comes
// before applying because a patched file often accepts the same patch again.
func classify(target patchset.Target, content []byte, goal Goal) (reading, error) {
	diffs := target.Diffs(content)
	peeled, err := peel(target, diffs, content)
	if err != nil {
		return reading{}, err
	}
	r := reading{base: peeled.base, wanted: peeled.base, diffs: diffs, by: peeled.by, exact: true}
	proved := true // every diff is an embedded one, which leads back from what it makes
	for _, diff := range diffs {
		r.exact = r.exact && r.pins(diff)
		if r.wanted, err = putOn(diff, r.wanted); err != nil {
			r.state = Drifted
			r.clash, r.err = explain(diff, content, err, goal)
			return r, nil
		}
		proved = proved && !diff.Own && diff.New == patchset.BlobID(r.wanted)
	}
	r.state = stateOf(!peeled.any, peeled.any && bytes.Equal(content, r.wanted), r.exact)
	if r.state != ModifiedFits && (r.state != Pristine || proved) {
		return r, nil
	}
	// What is made of unknown bytes may be known bytes, such as those released. And a
	// diff of a person's own may have hunks that lead there and not back.
	after, err := peel(target, diffs, r.wanted)
	if err != nil {
		return reading{}, err
	}
	if !bytes.Equal(after.base, r.base) {
		r.state, r.err = Drifted, errOneWay
	}
	return r, nil
}

// explain says which hunk of a diff that can't be put on is why, and shows it with
// the lines as they are on disk. To somebody who wants it off, the reason is the
// hunk that does not come off.
func explain(diff *patchset.Diff, content []byte, err error, goal Goal) (*patchset.Conflict, error) {
	failed := (*patchset.HunkError)(nil)
	if !errors.As(err, &failed) {
		return nil, err
	}
	off := false
	if goal == Restore {
		_, reverse := diff.Reverse(content)
		off = errors.As(reverse, &failed)
	}
	failed, clash := diff.Conflict(content, failed, off)
	return clash, failed
}

// pins reports whether the next diff to be put on says nothing against the
// bytes so far. A person's own diff may be made from the released file or from
// the one that the set leaves.
func (r reading) pins(diff *patchset.Diff) bool {
	return !diff.Pinned() || diff.Old == patchset.BlobID(r.wanted) || diff.Old == patchset.BlobID(r.base)
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

// peeled is what is left of a content when the applied diffs are taken off.
type peeled struct {
	base []byte
	any  bool           // whether any diff came off
	by   *patchset.Diff // the last diff of another set that did
}

// peel takes diffs off until the bytes are those that the first wanted diff was
// made from, or nothing more comes off.
func peel(target patchset.Target, wanted []*patchset.Diff, content []byte) (peeled, error) {
	p := peeled{base: content}
	untried := slices.Clone(wanted)
	slices.Reverse(untried)
	for withOthers := false; ; {
		id := patchset.BlobID(p.base)
		if len(wanted) > 0 && wanted[0].Old == id {
			return p, nil
		}
		known := slices.ContainsFunc(untried, func(d *patchset.Diff) bool { return d.New == id && !d.Own })
		if !known && !withOthers { // else the other sets need not be parsed
			others, err := target.Others()
			if err != nil {
				return peeled{}, err
			}
			untried, withOthers = append(untried, others...), true
		}
		if slices.ContainsFunc(untried, func(d *patchset.Diff) bool { return d.Old == id && !d.Own }) {
			return p, nil // as released
		}
		diff := p.takeOff(exactFirst(untried, id))
		if diff == nil {
			return p, nil
		}
		untried = slices.DeleteFunc(untried, func(d *patchset.Diff) bool { return d == diff })
		if !slices.Contains(wanted, diff) {
			p.by = diff
		}
	}
}

// takeOff reverses the first of the diffs that comes off, and returns it.
func (p *peeled) takeOff(candidates []*patchset.Diff) *patchset.Diff {
	for _, diff := range candidates {
		before, err := diff.Reverse(p.base)
		if err != nil {
			continue
		}
		// A diff that goes on where it came off, and nowhere else, was on.
		if !pinnedBothWays(diff, before, p.base) {
			if again, err := diff.Apply(before); err != nil || !bytes.Equal(again, p.base) {
				continue
			}
		}
		p.base, p.any = before, true
		return diff
	}
	return nil
}

// exactFirst moves the diffs that lead to exactly the content with this id to
// the front. Another diff's hunks may come off that content too, and leave
// some of its lines behind.
func exactFirst(diffs []*patchset.Diff, id patchset.ID) []*patchset.Diff {
	sorted := slices.Clone(diffs)
	slices.SortStableFunc(sorted, func(a, b *patchset.Diff) int {
		switch {
		case a.New == id && b.New != id:
			return -1
		case a.New != id && b.New == id:
			return 1
		}
		return 0
	})
	return sorted
}

// putOn applies a diff, provided that it can be taken off again.
func putOn(diff *patchset.Diff, content []byte) ([]byte, error) {
	after, err := diff.Apply(content)
	if err != nil {
		return nil, err
	}
	if pinnedBothWays(diff, content, after) {
		return after, nil
	}
	if back, err := diff.Reverse(after); err != nil || !bytes.Equal(back, content) {
		return nil, errOneWay
	}
	return after, nil
}

// pinnedBothWays reports whether a diff's ids say that it leads from exactly
// these bytes to exactly those, so that it need not be tried the other way.
func pinnedBothWays(diff *patchset.Diff, before, after []byte) bool {
	return diff.Pinned() && diff.Old == patchset.BlobID(before) && diff.New == patchset.BlobID(after)
}

var (
	errNotOurs     = errors.New("is not a file that proxypatch wrote")
	errChanged     = errors.New("was written by proxypatch and changed since")
	errNewerHelper = errors.New("was written by a newer proxypatch")
	errOneWay      = errors.New("would take the diff, but could not be brought back")
	errNeedsHelper = errors.New("needs " + patchset.HelperPath + ", and the diff that made it so does not come off")
)

// classifyHelper decides the state of the file at patchset.HelperPath from its
// bytes, nil if it is absent. wanted says whether it is to be there.
func classifyHelper(embedded patchset.Helper, wanted bool, content []byte) (State, error) {
	switch {
	case content == nil:
		return Pristine, nil
	case bytes.Equal(content, embedded.Content) && wanted:
		return Patched, nil
	case bytes.Equal(content, embedded.Content):
		return Outdated, nil
	}
	found, ok := patchset.ParseHelper(content)
	switch {
	case !ok && bytes.HasPrefix(content, []byte(patchset.HelperMarker)):
		return Drifted, errChanged
	case !ok || found.Revision == embedded.Revision:
		return Drifted, errNotOurs
	case found.Revision > embedded.Revision:
		return Newer, errNewerHelper
	}
	return Outdated, nil
}
