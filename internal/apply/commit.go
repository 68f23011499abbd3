package apply

import (
	"errors"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

var (
	errNotLocked = errors.New("the plan was made without a lock")
	errBlocked   = errors.New("the plan can't be carried out")
)

// Commit writes all files of the Plan, or none. If anything fails, it restores
// every file from the bytes that the Plan holds. Errors are *safefile.CommitError,
// with a *CopyError inside.
func (p *Plan) Commit() error {
	if p.Blocked() {
		return &safefile.CommitError{Err: errBlocked}
	}
	var groups []*safefile.Group
	for _, c := range p.Copies {
		if c.Shared != nil { // nothing changes there
			continue
		}
		if err := c.prepare(); err != nil {
			return &safefile.CommitError{Err: c.failed(err)}
		}
		groups = append(groups, c.changes())
	}
	return safefile.Replace(groups, func(n int) { p.tell("writing", n, len(groups)) })
}

// prepare removes the temporary files that a killed run left in the copy.
func (c *Copy) prepare() error {
	if c.locked == nil {
		return errNotLocked
	}
	return removeLeftovers(c.root, c.dirs)
}

// changes returns the changes to the copy's files, in the order of writing.
func (c *Copy) changes() *safefile.Group {
	group := &safefile.Group{Root: c.root, Path: c.Path, Explain: c.failed}
	for i := range c.Files {
		if f := &c.Files[i]; f.Changes() {
			group.Changes = append(group.Changes, &safefile.Change{Name: f.Path, Before: f.Before, After: f.After, Info: f.info, Like: f.like})
		}
	}
	return group
}
