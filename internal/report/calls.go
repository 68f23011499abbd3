package report

import (
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
)

// what says what there is to say of a call beside its result.
func (c Call) what() string {
	if c.File == "" || c.Detail == "" {
		return c.File + c.Detail
	}
	return c.File + "; " + c.Detail
}

func (r *Report) callsOf(c Copy) []Call {
	return slices.DeleteFunc(slices.Clone(r.Calls), func(call Call) bool { return call.Copy != c.Path })
}

// Arrived records what a copy's proxy saw.
func (r *Report) Arrived(c *apply.Copy, seen []string) {
	for i := range r.Copies {
		if r.Copies[i].Dir == c.Dir {
			r.Copies[i].Arrived = seen
		}
	}
}
