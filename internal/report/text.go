package report

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/hint"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/printable"
	"github.com/proxypatch/proxypatch/internal/term"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// Style is how much of a report a person wants to read, and how.
type Style struct {
	Quiet   bool // errors and warnings only
	Verbose bool // ids, diffs and directories too
	Paging  bool // a diff through a pager
}

// text prints a report for a person. Names from disk and from other people's files
// never reach a terminal raw: it must not obey an escape sequence in one.
type text struct {
	*term.Streams
	Style
}

// clean makes control characters in text visible instead of effective.
func clean(text string) string { return printable.Text(text) }

// Results prints what a command was run for, on stdout.
func (r *Report) Results(streams *term.Streams, style Style) {
	t := text{streams, style}
	switch {
	case r.Command == "doctor":
		t.findings(r)
	case style.Quiet:
	case r.Command == "diff":
		t.diff(r.Diff)
	default:
		t.report(r)
	}
}

// Advice prints the problems of a report and what to do about each, on stderr.
func (r *Report) Advice(streams *term.Streams, style Style) {
	t := text{streams, style}
	var conflicts []*Conflict
	groups := together(r.Problems)
	for i, group := range groups {
		t.problem(r, group)
		if c := group[0].Conflict; c != nil && !shown(conflicts, c) {
			t.conflict(c)
			conflicts = append(conflicts, c)
		}
		if i+1 < len(groups) && group[0].Hint.Text == groups[i+1][0].Hint.Text { // once for several
			continue
		}
		for _, way := range waysOf(group[0].Hint) {
			t.Advise(term.Magenta, "hint:", way)
		}
	}
}

// report prints a line per copy, with its files where they are worth it, and the
// summary.
func (t text) report(r *Report) {
	sum := r.Summary
	for _, c := range r.Copies {
		if t.copy(r, c) {
			sum = ""
		}
	}
	if t.Verbose || len(r.Copies) == 0 {
		sum = r.Summary
	}
	if r.Command == "check" && r.Exit.Code != OK && !t.Verbose {
		sum = "" // the errors say it
	}
	t.builds(r.Builds)
	t.caches(r.Caches)
	t.coverage(r.Releases)
	t.scripts(r.Scripts)
	t.exported(r.Exported)
	if t.Verbose && r.Exported != nil {
		t.diff(r.Diff)
	}
	if t.Verbose && r.Node != nil {
		fmt.Fprintln(t.Stdout, clean("Node.js "+r.Node.Version+" in "+r.Node.Path))
	}
	if sum != "" {
		t.Println(term.Bold, clean(sum))
	}
	for _, note := range r.Notes {
		t.Wrap("", 0, clean(note))
	}
}

// copy prints what there is to say of a copy, and reports whether that sums it up.
func (t text) copy(r *Report, c Copy) (summed bool) {
	newer := ""
	if c.Newer {
		newer = ", newer than every release that this proxypatch knows"
	}
	title := fmt.Sprintf("next-auth %s in %s%s%s", c.fullRelease, c.Path, c.users(), newer)
	calls, files, sum := r.callsOf(c), c.listed(r, t.Verbose), c.sum(r)
	switch {
	case t.Verbose || sum == "" && len(calls)+len(files) > 0:
		fmt.Fprintln(t.Stdout, clean(title))
	case sum != "":
		fmt.Fprintln(t.Stdout, clean(title+": "+sum))
		summed = true
	}
	if t.Verbose {
		t.copyDetails(c)
	}
	t.files(files)
	t.calls(calls)
	return summed
}

// sum puts what was done to the files of a copy, or found, into a few words. It is
// empty if the report's summary says it for all copies.
func (c Copy) sum(r *Report) string {
	n, changed := len(c.Files), c.changes()
	switch {
	case n == 0 && r.Command == "check":
		return "not supported"
	case n == 0 || c.refused() || r.DryRun:
		return ""
	case r.Command == "check" && changed == 0:
		return CountFiles(n) + " patched" + By(c.by)
	case r.Command == "check" && changed == n:
		return CountFiles(n) + " not patched"
	case r.Command == "check":
		return fmt.Sprintf("%d of %s not patched", changed, CountFiles(n))
	case r.Command == "apply" && changed > 0:
		return CountFiles(changed) + " patched"
	case r.Command == "revert" && changed > 0:
		return CountFiles(changed) + " restored"
	}
	return ""
}

// listed returns the files that are worth a line: all of a plan that is not carried
// out, and else those that are not as they should be.
func (c Copy) listed(r *Report, verbose bool) []File {
	plan := r.Command == "apply" || r.Command == "revert" || r.Command == "check"
	switch {
	case verbose:
		return c.Files
	case !plan || c.refused() || r.DryRun && c.changes() == 0:
		return nil
	case r.DryRun:
		return c.Files
	}
	partly := r.Command == "check" && c.changes() < len(c.Files)
	return slices.DeleteFunc(slices.Clone(c.Files), func(f File) bool {
		modified := f.State == string(patchset.ModifiedFits) || f.State == string(patchset.PatchedModified)
		return !modified && !(partly && f.changes())
	})
}

func (f File) changes() bool { return f.Before != f.After }

// changes counts the files whose bytes change, or would.
func (c Copy) changes() int {
	n := 0
	for _, f := range c.Files {
		if f.changes() {
			n++
		}
	}
	return n
}

// refused reports whether nothing is done to the copy because a file has a problem,
// here or in another copy.
func (c Copy) refused() bool {
	return slices.ContainsFunc(c.Files, func(f File) bool { return f.verb.text == leftAlone || f.verb.color == term.Red })
}

// users names the packages that get a copy, where there is anything to tell
// apart.
func (c Copy) users() string {
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

func (t text) copyDetails(c Copy) {
	fmt.Fprintln(t.Stdout, clean("  directory          "+c.Dir))
	fmt.Fprintln(t.Stdout, clean("  package manager    "+c.PackageManager))
	for _, way := range c.Reached {
		fmt.Fprintln(t.Stdout, clean(fmt.Sprintf("  %-17s  gets it as %s", way.From, way.Path)))
	}
	if c.Agent.Problem == "" {
		fmt.Fprintln(t.Stdout, clean(fmt.Sprintf("  https-proxy-agent  %s in %s", c.Agent.Version, c.Agent.Dir)))
	}
	for _, what := range c.Arrived {
		fmt.Fprintln(t.Stdout, clean("  arrived            "+what))
	}
}

func (t text) files(files []File) {
	verbWidth, pathWidth := 0, 0
	for _, f := range files {
		verbWidth, pathWidth = max(verbWidth, len(f.verb.text)), max(pathWidth, len(clean(f.Path)))
	}
	for _, f := range files {
		t.Row(f.verb.color, fmt.Sprintf("%-*s", verbWidth, f.verb.text), fmt.Sprintf("%-*s", pathWidth, clean(f.Path)), clean(f.told))
		if t.Verbose {
			t.fileDetails(f)
		}
	}
}

func (t text) fileDetails(f File) {
	for _, diff := range f.Diffs {
		fmt.Fprintln(t.Stdout, clean("      diff    "+diff))
	}
	if f.Before != "" {
		fmt.Fprintln(t.Stdout, "      before  "+f.Before)
	}
	if f.After != "" {
		fmt.Fprintln(t.Stdout, "      after   "+f.After)
	}
}

// calls prints a line per call.
func (t text) calls(calls []Call) {
	kindWidth := 0
	for _, c := range calls {
		kindWidth = max(kindWidth, len(c.Kind))
	}
	for _, c := range calls {
		t.Row(outcomeColors[c.Result], fmt.Sprintf("%-*s", len(verify.Proxied), c.Result), fmt.Sprintf("%-*s", kindWidth, c.Kind), clean(c.what()))
	}
}

var outcomeColors = map[verify.Outcome]term.Color{verify.Proxied: term.Green, verify.Leaked: term.Red, verify.Failed: term.Magenta, verify.Slow: term.Cyan}

// caches prints a line for each build cache that something is done to.
func (t text) caches(caches []Cache) {
	title := "build caches of Next.js"
	for _, c := range caches {
		if c.minor && !t.Verbose {
			continue
		}
		if title != "" {
			fmt.Fprintln(t.Stdout, title)
			title = ""
		}
		path, reason := c.what()
		t.Row(c.verb.color, c.verb.text, clean(path), reason)
	}
}

func (t text) coverage(files []Coverage) {
	pathWidth := 0
	for _, f := range files {
		pathWidth = max(pathWidth, len(path.Join(f.Package, f.Path)))
	}
	for _, f := range files {
		t.Row(term.Plain, fmt.Sprintf("%-*s", pathWidth, path.Join(f.Package, f.Path)), fmt.Sprintf("%6s to %-7s", f.From, f.To), f.Reason)
	}
}

// scripts prints a line per script, under a line per package.json.
func (t text) scripts(scripts []Script) {
	verbWidth, nameWidth := 0, 0
	for _, s := range scripts {
		verbWidth, nameWidth = max(verbWidth, len(s.verb.text)), max(nameWidth, len(clean(s.Name)))
	}
	file := ""
	for _, s := range scripts {
		if s.File != file {
			file = s.File
			fmt.Fprintln(t.Stdout, clean(file))
		}
		what := s.Reason
		switch {
		case s.After != nil && what == "":
			what = *s.After
		case what == "":
			what = *s.Before
		}
		t.Row(s.verb.color, fmt.Sprintf("%-*s", verbWidth, s.verb.text), fmt.Sprintf("%-*s", nameWidth, clean(s.Name)), clean(what))
	}
}

var severityColors = map[doctor.Severity]term.Color{
	doctor.OK: term.Green, doctor.Note: term.Plain, doctor.Warning: term.Magenta, doctor.Error: term.Red,
}

// exported prints a line per file, with its entries below it.
func (t text) exported(e *Export) {
	if e == nil {
		return
	}
	verbWidth := 0
	for _, f := range e.Files {
		verbWidth = max(verbWidth, len(f.verb.text))
	}
	for _, f := range e.Files {
		if f.Action == string(edit.Keep) && !t.Verbose {
			continue
		}
		t.Row(f.verb.color, fmt.Sprintf("%-*s", verbWidth, f.verb.text), clean(f.Path))
		for _, entry := range e.Entries {
			if entry.File != f.Path || entry.Action == string(edit.Keep) {
				continue
			}
			fmt.Fprintln(t.Stdout, clean(fmt.Sprintf("      %s  %s: %s: %s", entry.verb.text, entry.Setting, entry.Key, entry.Value)))
		}
	}
}

// findings prints a line per finding under a line per area, each with what to
// do below it, and the summary. What is in order is of no interest when quiet.
func (t text) findings(r *Report) {
	findings := slices.Clone(r.Findings)
	if t.Quiet {
		findings = slices.DeleteFunc(findings, func(f doctor.Finding) bool { return f.Severity != doctor.Warning && f.Severity != doctor.Error })
	}
	for i, f := range findings {
		if i == 0 || f.Area != findings[i-1].Area {
			fmt.Fprintln(t.Stdout, f.Area)
		}
		t.Row(severityColors[f.Severity], fmt.Sprintf("%-7s", f.Severity), clean(f.Message))
		if i+1 < len(findings) && f.Hint.Text == findings[i+1].Hint.Text { // once for several
			continue
		}
		for _, way := range waysOf(f.Hint) {
			const indent = "           "
			t.Wrap(indent+term.Paint(t.OnStdout.Color, term.Magenta, "hint:")+" ", len(indent)+len("hint: "), way)
		}
	}
	if !t.Quiet {
		t.Println(term.Bold, r.Summary)
	}
}

// diff prints a diff: to a person on a terminal, through a pager if wanted, or
// as it is to git apply.
func (t text) diff(diff string) {
	if !t.OnStdout.Is() {
		io.WriteString(t.Out, diff)
		return
	}
	diff = colorDiff(t.OnStdout.Color, diff)
	if diff == "" || !t.Paging || !t.Page(diff, "PROXYPATCH_PAGER") {
		io.WriteString(t.Out, diff)
	}
}

// together puts problems of several files of a copy that have one hint into one
// group, in the order of the first of each.
func together(problems []Problem) [][]Problem {
	var groups [][]Problem
	for _, p := range problems {
		at := slices.IndexFunc(groups, func(g []Problem) bool {
			return p.file != "" && g[0].file != "" && g[0].copyDir == p.copyDir && g[0].Code == p.Code && g[0].Hint.Text == p.Hint.Text
		})
		if at < 0 {
			groups = append(groups, []Problem{p})
			continue
		}
		groups[at] = append(groups[at], p)
	}
	return groups
}

// problem prints one problem, or several of one kind as a paragraph.
func (t text) problem(r *Report, group []Problem) {
	first := group[0]
	message := first.Message
	if first.Brief != "" && !t.Quiet {
		message = first.Brief
	}
	if first.Severity == "warning" {
		message = "warning: " + message
	}
	if len(group) == 1 {
		t.Advise(term.Red, "proxypatch:", term.Glue(clean(message), clean(first.Path)))
		return
	}
	done := "patched"
	if r.Command == "revert" {
		done = "restored"
	}
	t.Advise(term.Red, "proxypatch:", clean(fmt.Sprintf("%d files can't be %s:", len(group), done)))
	for _, p := range group {
		fmt.Fprintln(t.Stderr, "  "+clean(p.Message))
	}
}

// waysOf returns the lines of a hint, in which what is to be typed stays together.
func waysOf(h hint.Hint) []string {
	if h.Text == "" {
		return nil
	}
	kept := slices.Clone(h.Kept)
	slices.SortFunc(kept, func(a, b hint.Phrase) int { return len(b.Text) - len(a.Text) }) // one may hold another
	ways := strings.Split(h.Text, "\n")
	for i := range ways {
		ways[i] = clean(ways[i])
		for _, phrase := range kept {
			ways[i] = term.Glue(ways[i], clean(phrase.Text))
		}
	}
	return ways
}
