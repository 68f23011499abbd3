// Package report holds what a command has to say: the document that --json prints,
// its problems and exit code, and the text for people and for CI made from it.
package report

import (
	"path/filepath"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/export"
	"github.com/proxypatch/proxypatch/internal/foreign"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// schemaVersion rises when a field changes its meaning or goes; new fields may
// come at any time. docs/commands.md describes the document.
const schemaVersion = 1

// Report is everything a command has to say. --json prints it as it is, and the
// text for a person is made from it.
type Report struct {
	Schema   int             `json:"schema"`
	Command  string          `json:"command"`
	DryRun   bool            `json:"dryRun"`
	Set      string          `json:"set,omitempty"`
	Exit     Exit            `json:"exit"`
	Summary  string          `json:"summary"`
	Problems []Problem       `json:"problems"`
	Copies   []Copy          `json:"copies"`
	Builds   []Build         `json:"builds,omitempty"`
	Caches   []Cache         `json:"caches,omitempty"`
	Node     *Node           `json:"node,omitempty"`
	Calls    []Call          `json:"calls,omitempty"`
	Diff     string          `json:"diff,omitempty"`
	Findings doctor.Findings `json:"findings,omitempty"`
	Version  string          `json:"version,omitempty"`
	Releases []Coverage      `json:"releases,omitempty"`
	Scripts  []Script        `json:"scripts,omitempty"`
	Exported *Export         `json:"exported,omitempty"`
	Notes    []string        `json:"notes,omitempty"`

	// Program is the version of proxypatch, Root the project's real directory if
	// one was found, and Unpatched a problem for each file that check finds
	// unpatched: all for forms that CI systems read.
	Program   string    `json:"-"`
	Root      string    `json:"-"`
	Unpatched []Problem `json:"-"`
}

// Exit is the exit code and its name.
type Exit struct {
	Code ExitCode `json:"code"`
	Name string   `json:"name"`
}

// Problem is an error or a warning, and what to do about it.
type Problem struct {
	Severity string `json:"severity"`       // "error" or "warning"
	Exit     string `json:"exit,omitempty"` // name of the exit code that an error is a reason for
	Message  string `json:"message"`
	hint.Hint
	Path string `json:"path,omitempty"` // as a person would write it
	Line int    `json:"line,omitempty"`

	Code     ExitCode  `json:"-"` // that an error is a reason for
	Brief    string    `json:"-"` // the message for a person who has read the results
	Conflict *Conflict `json:"-"` // why a file does not take a diff
	Together bool      `json:"-"` // the problem sums up Report.Unpatched

	copyDir string // real directory of the copy with the problem
	file    string // of that copy, with slashes
}

// Error returns an error that is a reason for an exit code.
func Error(code ExitCode, message string, advice hint.Hint) Problem {
	return Problem{Severity: "error", Code: code, Exit: code.String(), Message: message, Hint: advice}
}

// Warning returns a warning. The hint may be empty.
func Warning(message string, advice hint.Hint) Problem {
	return Problem{Severity: "warning", Message: message, Hint: advice}
}

// Same reports whether another problem says the same.
func (p *Problem) Same(other Problem) bool {
	return p.Message == other.Message && p.Hint.Text == other.Hint.Text && p.Path == other.Path
}

// At names the file of a copy, or with an empty one the copy, that has a problem.
func (p *Problem) At(c *detect.Install, file string) {
	p.Path, p.copyDir, p.file = filepath.Join(c.Path, filepath.FromSlash(file)), c.Dir, file
}

// In names the build that has a problem, and the file of it if there is one.
func (p *Problem) In(b Build, dir string) {
	p.Path, p.copyDir = b.Path, dir
	if len(b.Files) > 0 {
		p.file = b.Files[0]
	}
}

// Copy is a copy of next-auth and its files.
type Copy struct {
	Path           string   `json:"path"`
	Dir            string   `json:"dir"`
	Release        string   `json:"release"`
	Package        *Package `json:"package,omitempty"` // that holds the files, if that is not next-auth itself
	Newer          bool     `json:"newer"`             // than every release that is known
	Traced         bool     `json:"traced,omitempty"`  // it lacks files that Next.js did not trace
	PackageManager string   `json:"packageManager"`
	Reached        []Reach  `json:"reached"`
	Agent          AgentDoc `json:"agent"`
	Native         *Native  `json:"native,omitempty"` // what patches it at installs
	Files          []File   `json:"files"`
	Arrived        []string `json:"arrived,omitempty"` // at verify's proxy

	fullRelease string // with the package's
	by          string // what patches it at installs
	workspace   bool   // there are other packages that may get other copies
}

// Package is a package that holds files of next-auth.
type Package struct {
	Name    string `json:"name"`
	Release string `json:"release"`
}

// Native is a patch from proxypatch that another tool applies at installs.
type Native struct {
	Tool  string `json:"tool"`
	Field string `json:"field,omitempty"` // the setting that names the patch
	Entry string `json:"entry,omitempty"` // its key in there
	In    string `json:"in,omitempty"`    // the file with the setting
	File  string `json:"file"`            // the patch, from the workspace's root
	State string `json:"state"`           // "current", "outdated" or "newer"
}

// SetNative says what patches the copy at installs.
func (c *Copy) SetNative(n foreign.Native) {
	c.Native = &Native{n.Tool, n.Field, n.Name(), n.In, n.File, n.Origin.String()}
	c.by = n.By()
}

// By ends a sentence about patched files with what patched them, if that is not apply.
func By(what string) string {
	if what == "" {
		return ""
	}
	return " by " + what
}

// Reach is how a package of the workspace gets the copy.
type Reach struct {
	Path string `json:"path"`
	From string `json:"from"`
}

// AgentDoc is the https-proxy-agent that a copy loads.
type AgentDoc struct {
	Version string `json:"version,omitempty"`
	Dir     string `json:"dir,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// File is a file of a copy, what it is and what becomes of it.
type File struct {
	Path   string   `json:"path"`
	State  string   `json:"state"`
	Action string   `json:"action"`
	Reason string   `json:"reason"`
	Diffs  []string `json:"diffs"`
	Before string   `json:"before,omitempty"` // blob ids; absent files have none
	After  string   `json:"after,omitempty"`

	Conflict *Conflict `json:"conflict,omitempty"` // why it is drifted

	verb verb
	told string // the reason, in a text that says what was done
}

// Coverage is a file that is patched, and in which releases of its package.
type Coverage struct {
	Package string `json:"package,omitempty"` // if it is not next-auth itself
	Path    string `json:"path"`
	From    string `json:"from"`
	To      string `json:"to"`
	Reason  string `json:"reason"`
}

// Script is a script of a package.json that init has looked at. Its texts are
// missing where there is no such script.
type Script struct {
	File   string  `json:"file"`
	Name   string  `json:"name"`
	Action string  `json:"action"`
	Reason string  `json:"reason,omitempty"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`

	verb verb
}

// Export is what export does to files and settings, and what to type afterwards.
type Export struct {
	Form    string        `json:"form,omitempty"` // missing with --undo
	Files   []ExportFile  `json:"files"`
	Entries []ExportEntry `json:"entries"`
	Install string        `json:"install,omitempty"` // the command that makes it effective
}

// ExportFile is a patch file, or a file of settings.
type ExportFile struct {
	Path   string `json:"path"`
	Action string `json:"action"` // "keep", "add", "change" or "remove"

	verb verb
}

// ExportEntry is a value in the settings.
type ExportEntry struct {
	File    string `json:"file"`
	Setting string `json:"setting"` // the names that lead to it, with dots
	Key     string `json:"key"`
	Value   string `json:"value"`
	Action  string `json:"action"`

	verb verb
}

// Cache is what is done to one directory in which a Next.js app keeps what it
// built.
type Cache struct {
	Path   string   `json:"path"`
	Action string   `json:"action"` // "keep", "mark", "delete" or "remove"
	Delete []string `json:"delete"` // what goes, if anything

	verb  verb
	minor bool // of no interest to most
}

// Node is the Node.js that made the calls.
type Node struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// Call is what came of a call of a copy.
type Call struct {
	Copy   string         `json:"copy"`
	Kind   string         `json:"kind"`
	File   string         `json:"file"`
	Result verify.Outcome `json:"result"`
	Detail string         `json:"detail,omitempty"`
}

// New returns an empty report of a run of this version of proxypatch.
func New(version string) *Report {
	r := &Report{Schema: schemaVersion, Program: version, Problems: []Problem{}, Copies: []Copy{}}
	r.Decide(OK)
	return r
}

// Add records a problem. The gravest error decides the exit code.
func (r *Report) Add(problems ...Problem) {
	for _, p := range problems {
		r.Problems = append(r.Problems, p)
		r.Decide(p.Code)
	}
}

// Decide makes a code the exit code unless there is a graver one.
func (r *Report) Decide(code ExitCode) {
	code = gravest(code, r.Exit.Code)
	r.Exit = Exit{code, code.String()}
}

// Copies turns a plan into what is reported of it.
func Copies(plan *apply.Plan, project *detect.Project, tense Tense) []Copy {
	copies := []Copy{}
	for _, c := range plan.Copies {
		out := Copy{
			Path: c.Path, Dir: c.Dir, Release: c.Release, Newer: c.Newer, Traced: c.Traced,
			PackageManager: string(project.Manager),
			Agent:          AgentDoc{c.Agent.Version, c.Agent.Dir, c.Agent.Problem},
			Reached:        []Reach{},
			fullRelease:    c.FullRelease(),
			workspace:      len(project.Packages) > 1,
			Files:          []File{},
		}
		if c.Holder.Name != "" {
			out.Package = &Package{c.Holder.Name, c.Holder.Release}
		}
		for _, way := range c.Reached {
			out.Reached = append(out.Reached, Reach(way))
		}
		for i := range c.Files {
			out.Files = append(out.Files, fileOf(&c.Files[i], tense))
		}
		copies = append(copies, out)
	}
	return copies
}

func fileOf(file *apply.File, tense Tense) File {
	out := File{
		Path: file.Path, State: string(file.State), Action: string(file.Action), Reason: reasonFor(file),
		Diffs: []string{}, Before: blobID(file.Before),
	}
	if out.After = out.Before; file.Changes() {
		out.After = blobID(file.After)
	}
	for _, diff := range file.Diffs {
		out.Diffs = append(out.Diffs, diff.Name)
	}
	out.verb, out.told, out.Conflict = tense.verb(file), tense.told(file), ConflictOf(file.Clash)
	return out
}

func blobID(content []byte) string {
	if content == nil {
		return ""
	}
	return string(patchset.BlobID(content))
}

// ExportOf turns export's plan into what is reported of it.
func ExportOf(plan *export.Plan, tense Tense) *Export {
	out := &Export{Form: string(plan.Form), Files: []ExportFile{}, Entries: []ExportEntry{}}
	for _, f := range plan.Files {
		action := f.Action()
		out.Files = append(out.Files, ExportFile{f.Path, string(action), tense.edit(action)})
	}
	for _, e := range plan.Entries {
		value := printable.WithoutTokens(e.Value)
		if e.Setting == "scripts" { // where a login may be without a URL
			value = printable.WithoutLogins(e.Value)
		}
		out.Entries = append(out.Entries, ExportEntry{e.File, e.Setting, printable.WithoutTokens(e.Key), value, string(e.Action), tense.edit(e.Action)})
	}
	return out
}

// Scripts turns init's plan into what is reported of it.
func Scripts(plan *hooks.Plan, tense Tense) []Script {
	var scripts []Script
	for _, f := range plan.Files {
		for _, s := range f.Scripts {
			out := Script{File: f.Path, Name: s.Name, Action: string(s.Action), Reason: s.Reason, verb: tense.edit(s.Action)}
			if s.Action != edit.Add {
				out.Before = &s.Before
			}
			if s.Action != edit.Remove {
				out.After = &s.After
			}
			scripts = append(scripts, out)
		}
	}
	return scripts
}
