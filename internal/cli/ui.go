// This file and ui_conflict.go print text for people; documents for programs are
// made by json here and in internal/ci. The rules:
//
//   - What a command is for goes to stdout; errors, warnings and hints go to
//     stderr, as "proxypatch: …" and "hint: …", one line each but on a terminal.
//   - Colour only underlines what the words say already, and only on a
//     terminal.
//   - Names from disk and from other people's files never reach a terminal
//     raw: an escape sequence in one must not be obeyed, and neither must a
//     workflow command in a log of GitHub Actions.
//   - On a terminal, lines are wrapped to its width, but not inside of what is to
//     be typed. Nothing else is.

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/ci"
	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/hooks"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/verify"
)

type ui struct {
	out                *checkedWriter // stdout for documents,
	stdout             io.Writer      // and for text
	err                io.Writer      // stderr for annotations,
	stderr             io.Writer      // and for text
	onStdout, onStderr terminal
}

func newUI(stdout, stderr io.Writer) *ui {
	out := &checkedWriter{out: stdout}
	u := &ui{out, out, stderr, stderr, terminalOf(stdout), terminalOf(stderr)}
	if onGitHub() {
		u.disarm()
	}
	return u
}

// disarm lets no text be a workflow command.
func (u *ui) disarm() { u.stdout, u.stderr = ci.Disarm(u.out), ci.Disarm(u.err) }

// checkedWriter remembers the first error, so that a full disk behind
// "proxypatch diff > FILE" does not go unnoticed.
type checkedWriter struct {
	out io.Writer
	err error
}

func (w *checkedWriter) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

type color string

// The colours are git's where it has one for the purpose. There is no yellow: on
// a light background it can't be read.
const (
	plain   color = ""
	red     color = "31"
	green   color = "32"
	magenta color = "35"
	cyan    color = "36"
	bold    color = "1"
)

func paint(on bool, c color, text string) string {
	if !on || c == plain {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// clean makes control characters in text visible instead of effective.
func clean(text string) string { return printable.Text(text) }

// verb is the first word of a file's line.
type verb struct {
	text  string
	color color
}

// tense is whether a plan is told as a possibility, a deed, a refusal or a
// finding.
type tense int

const (
	planning tense = iota
	doing
	refusing
	checking
)

var verbs = map[apply.Action]struct{ would, did string }{
	apply.Add:    {"would add", "added"},
	apply.Apply:  {"would patch", "patched"},
	apply.Update: {"would update", "updated"},
	apply.Undo:   {"would restore", "restored"},
	apply.Remove: {"would remove", "removed"},
}

func (t tense) verb(file *apply.File) verb {
	switch {
	case file.Err != nil && file.Action == apply.Keep:
		return verb{string(file.State), red}
	case t == checking && file.Changes():
		return verb{"pending", magenta}
	case file.Action == apply.Keep && t == checking:
		return verb{"ok", green}
	case file.Action == apply.Keep:
		return verb{"unchanged", plain}
	case t == refusing:
		return verb{"left alone", plain}
	case t == doing:
		return verb{verbs[file.Action].did, green}
	}
	return verb{verbs[file.Action].would, magenta}
}

// choose returns the word for a deed or, unless it is done, for a plan.
func (t tense) choose(would, did string) verb {
	if t == doing {
		return verb{did, green}
	}
	return verb{would, magenta}
}

// script returns the first word of a script's line.
func (t tense) script(action hooks.Action) verb {
	switch action {
	case hooks.Add:
		return t.choose("would add", "added")
	case hooks.Change:
		return t.choose("would change", "changed")
	case hooks.Remove:
		return t.choose("would remove", "removed")
	}
	return verb{"unchanged", plain}
}

// reasonFor says in what state the file was found and, where diffs are put on,
// what they are for.
func reasonFor(file *apply.File) string {
	if file.Err != nil && file.Action == apply.Keep {
		return file.Err.Error()
	}
	reason := foundState(file)
	switch file.Action {
	case apply.Add, apply.Apply, apply.Update:
		for _, purpose := range purposes(file) {
			reason += "; " + purpose
		}
	}
	return reason
}

func foundState(file *apply.File) string {
	if file.By != nil {
		return "patched by " + originOf(file.By)
	}
	switch file.State {
	case patchset.Pristine:
		if file.Before == nil {
			return "absent"
		}
		return "as released"
	case patchset.Patched:
		return "patched"
	case patchset.PatchedModified:
		return "patched, and changed elsewhere"
	case patchset.ModifiedFits:
		return "not as released, but every hunk fits"
	case patchset.Newer:
		return "of a newer proxypatch"
	}
	if file.Path == patchset.HelperPath {
		return "of another set or an older proxypatch"
	}
	return "patched in part or by an older proxypatch"
}

func purposes(file *apply.File) []string {
	if file.Path == patchset.HelperPath {
		return []string{"the helper that the other files call"}
	}
	var purposes []string
	for _, diff := range file.Diffs {
		if diff.Reason != "" {
			purposes = append(purposes, diff.Reason)
		}
	}
	return purposes
}

// originOf says in words which set an embedded diff belongs to.
func originOf(diff *patchset.Diff) string {
	switch folder, _, _ := strings.Cut(diff.Name, "/"); folder {
	case "tutorial":
		return "the tutorial"
	case "superseded":
		return "an older proxypatch"
	}
	return "the default set"
}

// report prints a line per file, under a line per copy, and the summary.
func (u *ui) report(r report, verbose bool) {
	for _, c := range r.Copies {
		newer := ""
		if c.Newer {
			newer = ", newer than every release this proxypatch knows"
		}
		fmt.Fprintln(u.stdout, clean(fmt.Sprintf("next-auth %s in %s%s%s", c.Release, c.Path, c.users(), newer)))
		if verbose {
			u.copyDetails(c)
		}
		u.files(c.Files, verbose)
		u.calls(r.callsOf(c))
	}
	u.caches(r.Caches, verbose)
	u.coverage(r.Releases)
	u.scripts(r.Scripts)
	if verbose && r.Node != nil {
		fmt.Fprintln(u.stdout, clean("Node.js "+r.Node.Version+" in "+r.Node.Path))
	}
	if r.Summary != "" {
		fmt.Fprintln(u.stdout, paint(u.onStdout.color, bold, clean(r.Summary)))
	}
	for _, note := range r.Notes {
		u.wrap("", 0, clean(note))
	}
}

// users names the packages that get a copy, where there is anything to tell
// apart.
func (c copyReport) users() string {
	var names []string
	for _, way := range c.Reached {
		if !slices.Contains(names, way.From) {
			names = append(names, way.From)
		}
	}
	switch {
	case !c.workspace || len(names) == 0:
		return ""
	case len(names) > 3:
		return fmt.Sprintf(" (for %s and %d more)", strings.Join(names[:2], ", "), len(names)-2)
	}
	return fmt.Sprintf(" (for %s)", strings.Join(names, ", "))
}

func (u *ui) copyDetails(c copyReport) {
	fmt.Fprintln(u.stdout, clean("  directory          "+c.Dir))
	fmt.Fprintln(u.stdout, clean("  package manager    "+c.PackageManager))
	for _, way := range c.Reached {
		fmt.Fprintln(u.stdout, clean(fmt.Sprintf("  %-17s  gets it as %s", way.From, way.Path)))
	}
	if c.Agent.Problem == "" {
		fmt.Fprintln(u.stdout, clean(fmt.Sprintf("  https-proxy-agent  %s in %s", c.Agent.Version, c.Agent.Dir)))
	}
	for _, what := range c.Arrived {
		fmt.Fprintln(u.stdout, clean("  arrived            "+what))
	}
}

func (u *ui) files(files []fileReport, verbose bool) {
	verbWidth, pathWidth := 0, 0
	for _, f := range files {
		verbWidth, pathWidth = max(verbWidth, len(f.verb.text)), max(pathWidth, len(clean(f.Path)))
	}
	for _, f := range files {
		u.row(f.verb.color, fmt.Sprintf("%-*s", verbWidth, f.verb.text), fmt.Sprintf("%-*s", pathWidth, clean(f.Path)), clean(f.Reason))
		if verbose {
			u.fileDetails(f)
		}
	}
}

// row prints a line of a table: the first cell in a colour, and the last, which
// may be long, where there is room for it. Cells are as wide as their columns.
func (u *ui) row(c color, first string, rest ...string) {
	head := "  " + paint(u.onStdout.color, c, first) + "  "
	columns := 4 + utf8.RuneCountInString(first)
	last := len(rest) - 1
	for _, cell := range rest[:last] {
		head += cell + "  "
		columns += utf8.RuneCountInString(cell) + 2
	}
	u.wrap(head, columns, rest[last])
}

func (u *ui) fileDetails(f fileReport) {
	for _, diff := range f.Diffs {
		fmt.Fprintln(u.stdout, clean("      diff    "+diff))
	}
	if f.Before != "" {
		fmt.Fprintln(u.stdout, "      before  "+f.Before)
	}
	if f.After != "" {
		fmt.Fprintln(u.stdout, "      after   "+f.After)
	}
}

// calls prints a line per call.
func (u *ui) calls(calls []callReport) {
	kindWidth := 0
	for _, c := range calls {
		kindWidth = max(kindWidth, len(c.Kind))
	}
	for _, c := range calls {
		u.row(outcomeColors[c.Result], fmt.Sprintf("%-*s", len(verify.Proxied), c.Result), fmt.Sprintf("%-*s", kindWidth, c.Kind), clean(c.what()))
	}
}

var outcomeColors = map[verify.Outcome]color{verify.Proxied: green, verify.Leaked: red, verify.Failed: magenta}

// caches prints a line for each build cache that something is done to.
func (u *ui) caches(caches []cacheReport, verbose bool) {
	title := "build caches of Next.js"
	for _, c := range caches {
		if c.minor && !verbose {
			continue
		}
		if title != "" {
			fmt.Fprintln(u.stdout, title)
			title = ""
		}
		path, reason := c.what()
		u.row(c.verb.color, c.verb.text, clean(path), reason)
	}
}

func (u *ui) coverage(files []coverage) {
	pathWidth := 0
	for _, f := range files {
		pathWidth = max(pathWidth, len(f.Path))
	}
	for _, f := range files {
		u.row(plain, fmt.Sprintf("%-*s", pathWidth, f.Path), fmt.Sprintf("%6s to %s", f.From, f.To), f.Reason)
	}
}

// scripts prints a line per script, under a line per package.json.
func (u *ui) scripts(scripts []script) {
	verbWidth, nameWidth := 0, 0
	for _, s := range scripts {
		verbWidth, nameWidth = max(verbWidth, len(s.verb.text)), max(nameWidth, len(clean(s.Name)))
	}
	file := ""
	for _, s := range scripts {
		if s.File != file {
			file = s.File
			fmt.Fprintln(u.stdout, clean(file))
		}
		what := s.Reason
		switch {
		case s.After != nil && what == "":
			what = *s.After
		case what == "":
			what = *s.Before
		}
		u.row(s.verb.color, fmt.Sprintf("%-*s", verbWidth, s.verb.text), fmt.Sprintf("%-*s", nameWidth, clean(s.Name)), clean(what))
	}
}

var severityColors = map[doctor.Severity]color{
	doctor.OK: green, doctor.Note: plain, doctor.Warning: magenta, doctor.Error: red,
}

// findings prints a line per finding under a line per area, each with what to
// do below it, and the summary. What is in order is of no interest when quiet.
func (u *ui) findings(r report, quiet bool) {
	findings := slices.Clone(r.Findings)
	if quiet {
		findings = slices.DeleteFunc(findings, func(f doctor.Finding) bool { return f.Severity != doctor.Warning && f.Severity != doctor.Error })
	}
	for i, f := range findings {
		if i == 0 || f.Area != findings[i-1].Area {
			fmt.Fprintln(u.stdout, f.Area)
		}
		u.row(severityColors[f.Severity], fmt.Sprintf("%-7s", f.Severity), clean(f.Message))
		if f.Hint == "" || i+1 < len(findings) && f.Hint == findings[i+1].Hint { // once for several
			continue
		}
		for hint := range strings.SplitSeq(f.Hint, "\n") {
			const indent = "           "
			u.wrap(indent+paint(u.onStdout.color, magenta, "hint:")+" ", len(indent)+len("hint: "), glueCommands(clean(hint)))
		}
	}
	if !quiet {
		fmt.Fprintln(u.stdout, paint(u.onStdout.color, bold, r.Summary))
	}
}

// diff prints a diff: to a person on a terminal, through a pager if wanted, or
// as it is to git apply.
func (u *ui) diff(text string, paging bool) {
	if u.onStdout.file == nil {
		io.WriteString(u.out, text)
		return
	}
	text = colorDiff(u.onStdout.color, text)
	if text == "" || !paging || !u.page(text) {
		io.WriteString(u.out, text)
	}
}

func (u *ui) json(r report) {
	var document strings.Builder
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(r) // of nothing but strings and numbers
	text := printable.JSON(document.String())
	if onGitHub() {
		text = string(ci.DisarmJSON([]byte(text)))
	}
	_, _ = io.WriteString(u.out, text) // the writer remembers the error
}

func (u *ui) problems(problems []problem) {
	var conflicts []*conflict
	for _, p := range problems {
		message := p.Message
		if p.Severity == "warning" {
			message = "warning: " + message
		}
		u.advise(red, "proxypatch:", gluePath(clean(message), clean(p.Path)))
		if c := p.conflict; c != nil && !shown(conflicts, c) {
			u.conflict(c)
			conflicts = append(conflicts, c)
		}
		if p.Hint == "" {
			continue
		}
		for hint := range strings.SplitSeq(p.Hint, "\n") {
			u.advise(magenta, "hint:", glueCommands(clean(hint)))
		}
	}
}

// advise prints a line of stderr behind its first word.
func (u *ui) advise(c color, first, text string) {
	wrapTo(u.stderr, u.onStderr.width(), paint(u.onStderr.color, c, first)+" ", len(first)+1, text)
}

// count, are and isAre put a number of files into words.
func count(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

func are(n int) string { return count(n) + " " + isAre(n) }

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
