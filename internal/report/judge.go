package report

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

// UnpatchableError says why a copy can't be patched at all.
type UnpatchableError struct{ Copy *apply.Copy }

func (e *UnpatchableError) Error() string { return fmt.Sprintf("%s: %v", e.Copy.Path, e.Copy.Err) }

// Unwrap returns the cause.
func (e *UnpatchableError) Unwrap() error { return e.Copy.Err }

// BlockedError says which file keeps a plan from being carried out, and why.
type BlockedError struct {
	Copy *apply.Copy
	File *apply.File
}

func (e *BlockedError) Error() string {
	path := filepath.Join(e.Copy.Path, filepath.FromSlash(e.File.Path))
	if line := e.Line(); line > 0 {
		return fmt.Sprintf("%s:%d: %v", path, line, e.File.Err)
	}
	return fmt.Sprintf("%s: %v", path, e.File.Err)
}

// Unwrap returns the cause.
func (e *BlockedError) Unwrap() error { return e.File.Err }

// Line returns the line of the file that differs from what a hunk expects, or where
// the hunk was expected. It is 0 if the cause is no hunk.
func (e *BlockedError) Line() int {
	hunk, ok := errors.AsType[*patchset.HunkError](e.File.Err)
	switch {
	case !ok:
		return 0
	case e.File.Clash != nil:
		return e.File.Clash.FoundLine + e.File.Clash.Differs
	}
	return hunk.Line
}

// AgentError says that the patched code of a copy could not use https-proxy-agent.
type AgentError struct{ Copy *apply.Copy }

func (e *AgentError) Error() string {
	return fmt.Sprintf("%s: https-proxy-agent %s", e.Copy.Path, e.Copy.Agent.Problem)
}

// Judge returns what keeps a plan from being carried out: a *UnpatchableError or a
// *BlockedError for each.
func Judge(plan *apply.Plan, goal apply.Goal) []error {
	var reasons []error
	for _, c := range plan.Copies {
		if c.Err != nil {
			reasons = append(reasons, &UnpatchableError{c})
			continue
		}
		for i := range c.Files {
			if c.Files[i].Blocks(goal) {
				reasons = append(reasons, &BlockedError{c, &c.Files[i]})
			}
		}
	}
	return reasons
}

// JudgeAgents returns an *AgentError for each copy whose patched code would find
// no usable https-proxy-agent, and warnings. A set of one's own diffs needs none. Nor
// does a copy that Next.js traced before it was patched, because nothing loads the agent.
func JudgeAgents(plan *apply.Plan, set string) (reasons []error, warnings []Problem) {
	if set == patchset.None {
		return nil, nil
	}
	for _, c := range plan.Copies {
		switch {
		case c.Err != nil, c.Traced && c.Changes() > 0:
		case !c.Agent.Usable():
			reasons = append(reasons, &AgentError{c})
		case set == patchset.Tutorial && c.Agent.Major() >= 6:
			warnings = append(warnings, Warning(fmt.Sprintf("the tutorial's code can't run with https-proxy-agent %s (\"HttpsProxyAgent is not a constructor\"); it needs 5, or use the default set", c.Agent.Version), hint.Hint{}))
		}
	}
	return reasons, warnings
}
