package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/patchset"
)

// schemaVersion is raised when a field changes its meaning or goes; new fields
// may come at any time. docs/json.md describes the document.
const schemaVersion = 1

// report is everything a command has to say. --json prints it as it is, and
// the text for a person is made from it.
type report struct {
	Schema   int           `json:"schema"`
	Command  string        `json:"command"`
	DryRun   bool          `json:"dryRun"`
	Set      string        `json:"set,omitempty"`
	Exit     exitReport    `json:"exit"`
	Summary  string        `json:"summary"`
	Problems []problem     `json:"problems"`
	Copies   []copyReport  `json:"copies"`
	Caches   []cacheReport `json:"caches,omitempty"`
	Node     *nodeReport   `json:"node,omitempty"`
	Calls    []callReport  `json:"calls,omitempty"`
	Diff     string        `json:"diff,omitempty"`
	Findings findings      `json:"findings,omitempty"`
	Version  string        `json:"version,omitempty"`
	Releases []coverage    `json:"releases,omitempty"`
	Scripts  []script      `json:"scripts,omitempty"`
	Notes    []string      `json:"notes,omitempty"`

	project   *detect.Project
	unpatched []problem // one for each file, in check
}

type exitReport struct {
	Code exitCode `json:"code"`
	Name string   `json:"name"`
}

// problem is an error or a warning, and what to do about it.
type problem struct {
	Severity string `json:"severity"`       // "error" or "warning"
	Exit     string `json:"exit,omitempty"` // name of the exit code that an error is a reason for
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Path     string `json:"path,omitempty"` // what it is about, as a person would write it
	Line     int    `json:"line,omitempty"`

	copyDir  string    // real directory of the copy that it is about
	file     string    // of that copy, with slashes
	conflict *conflict // why the file did not take the diff
	together bool      // it is about all that is unpatched
}

// at says which file of a copy, or with an empty one which copy, a problem is about.
func (p *problem) at(c *apply.Copy, file string) *problem {
	p.Path, p.copyDir, p.file = filepath.Join(c.Path, filepath.FromSlash(file)), c.Dir, file
	return p
}

type copyReport struct {
	Path           string       `json:"path"`
	Dir            string       `json:"dir"`
	Release        string       `json:"release"`
	Newer          bool         `json:"newer"` // than every release that is known
	PackageManager string       `json:"packageManager"`
	Reached        []reach      `json:"reached"`
	Agent          agentReport  `json:"agent"`
	Files          []fileReport `json:"files"`
	Arrived        []string     `json:"arrived,omitempty"` // at verify's proxy

	workspace bool // there are other packages that may get other copies
}

// reach is how a package of the workspace gets the copy.
type reach struct {
	Path string `json:"path"`
	From string `json:"from"`
}

type agentReport struct {
	Version string `json:"version,omitempty"`
	Dir     string `json:"dir,omitempty"`
	Problem string `json:"problem,omitempty"`
}

type fileReport struct {
	Path   string   `json:"path"`
	State  string   `json:"state"`
	Action string   `json:"action"`
	Reason string   `json:"reason"`
	Diffs  []string `json:"diffs"`
	Before string   `json:"before,omitempty"` // blob ids; absent files have none
	After  string   `json:"after,omitempty"`

	Conflict *conflict `json:"conflict,omitempty"` // why it is drifted

	verb verb
}

// coverage is a file that is patched, and in which releases of next-auth.
type coverage struct {
	Path   string `json:"path"`
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
}

// script is a script of a package.json that init has looked at. Its texts are
// missing where there is no such script.
type script struct {
	File   string  `json:"file"`
	Name   string  `json:"name"`
	Action string  `json:"action"`
	Reason string  `json:"reason,omitempty"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`

	verb verb
}

func newReport() report {
	r := report{Schema: schemaVersion, Problems: []problem{}, Copies: []copyReport{}}
	r.exit(exitOK)
	return r
}

func (r *report) exit(code exitCode) { r.Exit = exitReport{code, code.String()} }

// fail records an error that ends the command.
func (r *report) fail(err error) {
	code, hint := exitFailed, ""
	if f := (*failure)(nil); errors.As(err, &f) {
		code, hint = f.code, f.hint
	}
	r.exit(code)
	p := problem{Severity: "error", Exit: code.String(), Message: err.Error(), Hint: hint}
	p.locate(err)
	r.Problems = append(r.Problems, p)
}

// locate says which file, or which copy, an error is about, if the error knows.
func (p *problem) locate(err error) {
	inCopy, manifest, written, syntax := (*apply.CopyError)(nil), (*detect.ManifestError)(nil), (*hooks.FileError)(nil), (*hooks.SyntaxError)(nil)
	refused, cache, diff := (*fs.PathError)(nil), (*cacheError)(nil), (*patchset.ParseError)(nil)
	switch {
	case errors.As(err, &inCopy):
		p.at(&apply.Copy{Install: inCopy.Copy}, inCopy.File)
	case errors.As(err, &manifest):
		p.Path = manifest.Path
	case errors.As(err, &written):
		p.Path = written.Path
	case errors.As(err, &syntax):
		p.Path, p.Line = syntax.Path, syntax.Line
	case errors.As(err, &cache):
		p.Path = cache.path
	case errors.As(err, &diff):
		p.Path, p.Line = diff.Name, diff.Line
	case errors.As(err, &refused):
		p.Path = refused.Path
	}
}

// severity is the order in which reasons decide the exit code.
var severity = []exitCode{exitOK, exitUnproven, exitPending, exitAgent, exitUnsupported, exitDrift, exitFailed}

// problem records a reason for an exit code; the gravest decides. What it
// returns is good until the next one.
func (r *report) problem(code exitCode, message, hint string) *problem {
	r.Problems = append(r.Problems, problem{Severity: "error", Exit: code.String(), Message: message, Hint: hint})
	if graver(code, r.Exit.Code) {
		r.exit(code)
	}
	return &r.Problems[len(r.Problems)-1]
}

func graver(a, b exitCode) bool {
	return slices.Index(severity, a) > slices.Index(severity, b)
}

// warn records a warning. What it returns is good until the next problem.
func (r *report) warn(message string) *problem {
	r.Problems = append(r.Problems, problem{Severity: "warning", Message: message})
	return &r.Problems[len(r.Problems)-1]
}

// judge records what keeps a plan from being carried out.
func (r *report) judge(plan *apply.Plan, goal apply.Goal, ownDiffs bool) {
	for _, c := range plan.Copies {
		if r.judgeSupport(c); c.Err != nil {
			continue
		}
		for i := range c.Files {
			file := &c.Files[i]
			if !file.Blocks(goal) {
				continue
			}
			code, hint := exitDrift, r.blockedHint(file, ownDiffs)
			if c.Native && file.State == patchset.Drifted {
				code, hint = exitUnsupported, "pnpm patches this copy itself and changes the same lines: take next-auth out of patchedDependencies, run pnpm install, then proxypatch"
			}
			p := r.problem(code, blockedMessage(c, file), hint).at(c, file.Path)
			p.Line, p.conflict = lineOf(file), reportConflict(file.Clash)
		}
	}
}

// judgeSupport records why a copy can't be patched at all.
func (r *report) judgeSupport(c *apply.Copy) {
	if c.Err != nil {
		r.problem(exitUnsupported, fmt.Sprintf("%s: %v", c.Path, c.Err), hintOf(c.Err)).at(c, "")
	}
}

func hintOf(err error) string {
	if unsupported := (*patchset.UnsupportedError)(nil); errors.As(err, &unsupported) {
		return unsupported.Hint
	}
	if shared := (*detect.SharedError)(nil); errors.As(err, &shared) {
		return shared.Hint
	}
	return ""
}

// blockedMessage names the file and, where a hunk does not fit, the line.
func blockedMessage(c *apply.Copy, file *apply.File) string {
	path := filepath.Join(c.Path, filepath.FromSlash(file.Path))
	if line := lineOf(file); line > 0 {
		return fmt.Sprintf("%s:%d: %v", path, line, file.Err)
	}
	return fmt.Sprintf("%s: %v", path, file.Err)
}

// lineOf returns the line at which a hunk was expected, 0 if no hunk is why the
// file is blocked.
func lineOf(file *apply.File) int {
	if hunk := (*patchset.HunkError)(nil); errors.As(file.Err, &hunk) {
		return hunk.Line
	}
	return 0
}

func (r *report) blockedHint(file *apply.File, ownDiffs bool) string {
	switch {
	case file.State == patchset.Newer:
		return "upgrade proxypatch"
	case file.State == patchset.Missing:
		return "run proxypatch before next build, in the full install; to get the file back: " + r.project.Reinstall()
	case !ownDiffs:
		return "if it was patched with --patches DIR, give the same --patches DIR; if patch-package, patchedDependencies or resolutions change it, take next-auth out of these; to get the released file back: " + r.project.Reinstall()
	}
	return "to get the released file back: " + r.project.Reinstall()
}

// judgeAgents records the https-proxy-agents that the patched code could not
// use. Diffs of one's own need none.
func (r *report) judgeAgents(plan *apply.Plan, set string) {
	if set == patchset.None {
		return
	}
	for _, c := range plan.Copies {
		switch {
		case c.Err != nil:
		case !c.Agent.Usable():
			r.problem(exitAgent, fmt.Sprintf("%s: https-proxy-agent %s", c.Path, c.Agent.Problem), r.project.ProvideAgent(c.Install)).at(c, "")
		case set == patchset.Tutorial && c.Agent.Major() >= 6:
			r.warn(fmt.Sprintf("the tutorial's code can't run with https-proxy-agent %s (\"HttpsProxyAgent is not a constructor\"); it needs 5, or use the default set", c.Agent.Version))
		}
	}
}

// copies turns the plan into what is reported of it.
func (a *app) copies(plan *apply.Plan, tense tense) []copyReport {
	copies := []copyReport{}
	for _, c := range plan.Copies {
		out := copyReport{
			Path: c.Path, Dir: c.Dir, Release: c.Release, Newer: c.Newer,
			PackageManager: string(a.report.project.Manager),
			Agent:          agentReport{c.Agent.Version, c.Agent.Dir, c.Agent.Problem},
			Reached:        []reach{},
			workspace:      len(a.report.project.Packages) > 1,
			Files:          []fileReport{},
		}
		for _, way := range c.Reached {
			out.Reached = append(out.Reached, reach(way))
		}
		for i := range c.Files {
			out.Files = append(out.Files, reportFile(&c.Files[i], tense))
		}
		copies = append(copies, out)
	}
	return copies
}

func reportFile(file *apply.File, tense tense) fileReport {
	out := fileReport{
		Path: file.Path, State: string(file.State), Action: string(file.Action), Reason: reasonFor(file),
		Diffs: []string{}, Before: blobID(file.Before), After: blobID(file.After),
	}
	for _, diff := range file.Diffs {
		out.Diffs = append(out.Diffs, diff.Name)
	}
	out.verb, out.Conflict = tense.verb(file), reportConflict(file.Clash)
	return out
}

func blobID(content []byte) string {
	if content == nil {
		return ""
	}
	return string(patchset.BlobID(content))
}
