package clitest

import (
	"slices"

	"github.com/proxypatch/proxypatch/internal/verify"
)

// Report is what tests read of the document that --json prints.
type Report struct {
	Exit struct {
		Code Code
		Name string
	}
	Problems []Problem
	Copies   []Copy
	Calls    []Call
	Findings []Finding
}

// Problem is an error or a warning.
type Problem struct{ Severity, Message, Hint string }

// Copy is an installed next-auth.
type Copy struct {
	Path, Dir string
	Reached   []struct{ Path, From string }
	Files     []File
	Arrived   []string
}

// File is a file that is patched, or is not.
type File struct {
	Path, State, Action string
	Conflict            *struct {
		Hunk, Line, Differs int
		Expected, Found     []string
	}
}

// Call is a request that verify made.
type Call struct {
	Kind   string
	Result verify.Outcome
}

// Finding is what doctor found.
type Finding struct{ Area, Severity, Message, Hint string }

// Dirs returns the directories of the copies, in order.
func (r Report) Dirs() []string {
	var dirs []string
	for _, c := range r.Copies {
		dirs = append(dirs, c.Dir)
	}
	slices.Sort(dirs)
	return dirs
}
