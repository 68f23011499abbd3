package patchset_test

import (
	"bytes"
	"errors"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/casecount"
	"github.com/proxypatch/proxypatch/internal/testkit/difftest"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
)

// engine is our answer to a case.
func engine(c difftest.Case) ([]byte, error) {
	d, err := patchset.Parse("x.diff", c.Diff)
	if err != nil {
		return nil, err
	}
	if d.Path != difftest.Name {
		return nil, errors.New("is for " + d.Path)
	}
	if c.Reverse {
		return d.Reverse(c.Content)
	}
	return d.Apply(c.Content)
}

// exception is a kind of case in which we may differ from git apply. holds recognises it
// from the texts alone, without our engine. docs/maintaining/patch-format.md lists the exceptions for
// users.
type exception struct {
	name  string
	error *regexp.Regexp // what we say then
	holds func(rawDiff, difftest.Case) bool
}

var exceptions = []exception{
	{"several places", re(`fits at \d+ places`), func(d rawDiff, c difftest.Case) bool {
		for _, h := range d.hunks {
			if len(h.places(c)) > 1 {
				return true
			}
		}
		return false
	}},
	{beforeSpace, re(`does not fit`), rawDiff.endsBeforeSpace},
	{"hunks out of order", re(`does not fit`), func(d rawDiff, c difftest.Case) bool {
		last := -1
		for _, h := range d.hunks {
			places := h.places(c)
			if len(places) == 0 {
				return false
			}
			if places[len(places)-1] < last {
				return true
			}
			last = places[0]
		}
		return false
	}},
	{"more than one file", re(`changes \d+ files`), func(d rawDiff, _ difftest.Case) bool {
		return count(d.text, `(?m)^diff --git |^--- .*\n\+\+\+ .*\n@@ -`) > 1
	}},
	{"new, deleted, renamed, copied, binary, of another mode", re(`adds a file|deletes a file|renames or copies|binary file|file's mode|not a regular file|has no hunk|depends on old contents|still has contents|rename|inconsistent|for binary patch`), func(d rawDiff, _ difftest.Case) bool {
		return count(d.text, `(?m)^(new file|deleted file|old|new) mode|^(rename|copy) (from|to) |^GIT binary patch|^Binary files|^(---|\+\+\+) /dev/null|^(---|\+\+\+) .*1970`) > 0
	}},
	{"a hunk without lines on one side", re(`a hunk without context`), func(d rawDiff, _ difftest.Case) bool {
		for _, h := range d.hunks {
			if h.old == 0 || h.new == 0 {
				return true
			}
		}
		return false
	}},
	{"text after the last hunk", re(`unexpected text after`), func(d rawDiff, _ difftest.Case) bool {
		return strings.TrimSpace(d.after) != ""
	}},
	{"a marker of a missing newline elsewhere than at a side's end", re(`misplaced "\\ No newline|unexpected text after|patch fragment without file header`), func(d rawDiff, _ difftest.Case) bool {
		return d.misplaced
	}},
	{"a header whose lines end in CRLF", re(`\\r" is not a path|renames or copies`), func(d rawDiff, _ difftest.Case) bool {
		return count(d.header(), `(?m)^(diff --git|---|\+\+\+) .*\r$`) > 0
	}},
	{"header lines that git does not write", re(`file header: |value out of range|the path is not in git's form|is not a path`), func(d rawDiff, _ difftest.Case) bool {
		wrong := strings.TrimSpace(re(`(?m)^(diff --git a/f\.js b/f\.js|index [0-9a-f]{7,40}\.\.[0-9a-f]{7,40}( 100644)?|--- a/f\.js(\t[^\t\n]*)?|\+\+\+ b/f\.js(\t[^\t\n]*)?)$`).ReplaceAllString(d.header(), ""))
		return wrong != "" || count(d.text, `(?m)^@@ -.*[0-9]{19}.* @@`) > 0
	}},
	{"a directory without a/ and b/", re(`is for `), func(d rawDiff, _ difftest.Case) bool {
		names := re(`(?m)^(?:---|\+\+\+) ([^/\n]+)/`).FindAllStringSubmatch(d.header(), -1)
		return len(names) == 2 && names[0][1] == names[1][1] && names[1][1] != "a" && names[1][1] != "b" && count(d.header(), `(?m)^diff --git `) == 0
	}},
	{"a Releases: line that gives no range, or a second one", re(`not a range of releases|duplicate Releases`), func(d rawDiff, _ difftest.Case) bool {
		return count(d.header(), `(?m)^Releases:`) > 0
	}},
	{"no hunk at all", re(`contains no diff|has no hunks|file header`), func(d rawDiff, c difftest.Case) bool {
		return len(d.hunks) == 0
	}},
	{"NUL in the diff", re(`a NUL byte`), func(d rawDiff, _ difftest.Case) bool {
		return strings.Contains(d.text, "\x00")
	}},
}

func re(text string) *regexp.Regexp { return regexp.MustCompile(text) }

func count(text, expr string) int { return len(re(expr).FindAllString(text, -1)) }

const (
	bothApply = "both apply"
	lfOnCRLF  = "an LF diff on a CRLF file"

	beforeSpace = "white space where the diff says that the file ends"
)

// rawDiff is a diff read in the simplest possible way: by the counts of its hunks.
type rawDiff struct {
	text  string
	body  string // from the first hunk on
	hunks []rawHunk
	after string // the rest after the last one

	misplaced bool // a line with a backslash is not the only one after a last line of a side
}

type rawHunk struct {
	oldStart, old, newStart, new int
	lines                        []string // with their first characters
}

var hunkHeader = re(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)

func readRaw(diff []byte) rawDiff {
	d := rawDiff{text: string(diff)}
	lines := strings.SplitAfter(d.text, "\n")
	at := 0
	for at < len(lines) && !hunkHeader.MatchString(lines[at]) {
		at++
	}
	d.body = strings.Join(lines[at:], "")
	for at < len(lines) {
		m := hunkHeader.FindStringSubmatch(lines[at])
		if m == nil {
			break
		}
		at++
		h := rawHunk{atoi(m[1]), atoi(m[2]), atoi(m[3]), atoi(m[4]), nil}
		for old, new := h.old, h.new; at < len(lines) && lines[at] != "" && (old > 0 || new > 0 || lines[at][0] == '\\'); at++ {
			switch op := lines[at][0]; op {
			case ' ', '\n':
				old, new = old-1, new-1
			case '-':
				old--
			case '+':
				new--
			case '\\':
				marked := lines[at-1][0]
				d.misplaced = d.misplaced || len(lines[at]) < 14 || len(lines[at-1]) < 3 || marked != '+' && old > 0 || marked != '-' && new > 0 || marked == '@' || marked == '\\'
			}
			h.lines = append(h.lines, lines[at])
		}
		d.hunks = append(d.hunks, h)
	}
	d.after = strings.Join(lines[at:], "")
	return d
}

// hasLFOnly reports whether no line of the hunks ends in CRLF.
func (d rawDiff) hasLFOnly() bool {
	for _, h := range d.hunks {
		if strings.Contains(strings.Join(h.lines, ""), "\r\n") {
			return false
		}
	}
	return len(d.hunks) > 0
}

// madeFrom reports whether full ids say that the diff was made from the content.
func (d rawDiff) madeFrom(c difftest.Case) bool {
	ids := re(`(?m)^index ([0-9a-f]{40})\.\.([0-9a-f]{40})( |$)`).FindStringSubmatch(d.header())
	if ids == nil {
		return false
	}
	from := ids[1]
	if c.Reverse {
		from = ids[2]
	}
	return from == string(patchset.BlobID(c.Content))
}

// header returns the text before the first hunk.
func (d rawDiff) header() string { return d.text[:len(d.text)-len(d.body)] }

// withCRLF returns the diff with CRLF at the ends of the hunks' lines.
func (d rawDiff) withCRLF() []byte {
	out := d.header()
	lines := strings.SplitAfter(strings.TrimSuffix(d.body, d.after), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "@@ -") || strings.HasPrefix(line, "\\") || i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\\") {
			out += line
			continue
		}
		if line == "\n" {
			line = " \n"
		}
		out += strings.ReplaceAll(line, "\n", "\r\n")
	}
	return []byte(out + d.after)
}

func atoi(text string) int {
	if text == "" {
		return 1
	}
	n, _ := strconv.Atoi(text)
	return n
}

// replaced returns the side that the case replaces.
func (h rawHunk) replaced(c difftest.Case) string {
	if c.Reverse {
		return h.side('+', '-')
	}
	return h.side('-', '+')
}

func (d rawDiff) endsBeforeSpace(c difftest.Case) bool {
	return slices.ContainsFunc(d.hunks, func(h rawHunk) bool { return h.endsBeforeSpace(c) })
}

// endsBeforeSpace reports whether the replaced side has no final newline, but white space
// follows it in the content. git then treats it as the end.
func (h rawHunk) endsBeforeSpace(c difftest.Case) bool {
	text, content := h.replaced(c), string(c.Content)
	if text == "" || strings.HasSuffix(text, "\n") {
		return false
	}
	for at := 0; at <= len(content)-len(text); at++ {
		rest := content[at+len(text):]
		line, _, _ := strings.Cut(rest, "\n")
		if content[at:at+len(text)] == text && (at == 0 || content[at-1] == '\n') && rest != "" && strings.Trim(line, " \t\r") == "" {
			return true
		}
	}
	return false
}

// places returns the offsets in the content, at the start of a line, at which the
// replaced side is.
func (h rawHunk) places(c difftest.Case) []int {
	text, start := h.replaced(c), h.oldStart
	if c.Reverse {
		start = h.newStart
	}
	content := string(c.Content)
	var found []int
	for at := 0; at <= len(content)-len(text); at++ {
		end := at + len(text)
		switch {
		case content[at:end] != text, at > 0 && content[at-1] != '\n', !strings.HasSuffix(text, "\n") && end < len(content):
		case start <= 1 && at > 0, h.trailing() == 0 && end < len(content): // as git anchors it
		default:
			found = append(found, at)
		}
	}
	return found
}

// side returns the context lines and the lines of one kind.
func (h rawHunk) side(with, without byte) string {
	var b strings.Builder
	for i, line := range h.lines {
		if line == "\n" {
			line = " \n"
		}
		if line[0] == without || line[0] == '\\' {
			continue
		}
		if line = line[1:]; i+1 < len(h.lines) && h.lines[i+1][0] == '\\' {
			line = strings.TrimSuffix(line, "\n")
		}
		b.WriteString(line)
	}
	return b.String()
}

// trailing returns the number of context lines at the end.
func (h rawHunk) trailing() int {
	n := 0
	for _, line := range h.lines {
		switch line[0] {
		case ' ', '\n':
			n++
		case '-', '+':
			n = 0
		}
	}
	return n
}

// verdict returns the class of a case: "both apply", "both refuse", or the name of an
// exception. A case without a class is an error.
func verdict(git *difftest.Git, c difftest.Case, want []byte, gitOK bool) (string, error) {
	raw := readRaw(c.Diff)
	if converted := c; raw.hasLFOnly() && !raw.madeFrom(c) && difftest.OnlyCRLF(c.Content) {
		converted.Diff = raw.withCRLF()
		if readRaw(converted.Diff).hasLFOnly() { // nothing in it that could end otherwise
			return verdictAsIs(raw, c, want, gitOK)
		}
		was, wasOK := want, gitOK
		want, gitOK = git.Apply(converted)
		class, err := verdictAsIs(readRaw(converted.Diff), converted, want, gitOK)
		if got, engineErr := engine(c); err == nil && class == bothApply && (engineErr != nil || !bytes.Equal(got, want)) {
			return "", errors.New("not as with CRLF in the diff: " + strconv.Quote(string(got)))
		}
		if gitOK == wasOK && (!wasOK || bytes.Equal(was, want)) {
			return class, err
		}
		return lfOnCRLF, err
	}
	return verdictAsIs(raw, c, want, gitOK)
}

func verdictAsIs(raw rawDiff, c difftest.Case, want []byte, gitOK bool) (string, error) {
	got, err := engine(c)
	switch {
	case err == nil && gitOK && bytes.Equal(got, want):
		return bothApply, nil
	case err != nil && !gitOK:
		return "both refuse", nil
	case err != nil && gitOK:
		for _, e := range exceptions {
			if e.error.MatchString(err.Error()) && e.holds(raw, c) {
				return e.name, nil
			}
		}
		return "", errors.New("git applies it, we say: " + err.Error())
	case raw.endsBeforeSpace(c): // git chose another place
		return beforeSpace, nil
	case !gitOK:
		return "", errors.New("git refuses, we make " + strconv.Quote(string(got)))
	}
	return "", errors.New("git makes " + strconv.Quote(string(want)) + ", we make " + strconv.Quote(string(got)))
}

// TestAgainstGit gives git apply and our engine the same cases, and accepts no difference
// except the listed ones.
func TestAgainstGit(t *testing.T) {
	single, batches := 150, 4
	full := gate.Wanted(t, "differential")
	if full {
		single, batches = 3000, 80
	}
	var mu sync.Mutex
	classes := map[string]int{}
	total := 0
	judge := func(git *difftest.Git, c difftest.Case, want []byte, ok bool) {
		class, err := verdict(git, c, want, ok)
		mu.Lock()
		defer mu.Unlock()
		total++
		classes[class]++
		if err != nil && classes[class] < 20 {
			t.Errorf("reverse %v\ncontent %q\ndiff %q\n%s%v", c.Reverse, c.Content, c.Diff, c.Diff, err)
		}
	}
	workers := runtime.GOMAXPROCS(0)
	var wait sync.WaitGroup
	for worker := range workers {
		git := difftest.NewGit(t)
		wait.Go(func() {
			for seed := worker; seed < single; seed += workers {
				c := difftest.New(uint64(seed)).Case()
				want, ok := git.Apply(c)
				judge(git, c, want, ok)
			}
			for batch := worker; batch < batches; batch += workers {
				cases := intact(uint64(batch), 100)
				for i, result := range git.ApplyAll(cases) {
					judge(git, cases[i], result.After, result.OK)
				}
			}
		})
	}
	wait.Wait()
	for class, n := range classes {
		t.Logf("%6d %s", n, class)
	}
	casecount.AtLeast(t, "differential cases against git apply", total, single+100*batches)
	if full {
		for _, e := range append(exceptions, exception{name: lfOnCRLF}) {
			casecount.AtLeast(t, "differential cases: "+e.name, classes[e.name], 1)
		}
	}
}

// intact returns n cases with intact diffs that all go the same way.
func intact(seed uint64, n int) []difftest.Case {
	g := difftest.New(1<<32 + seed)
	var cases []difftest.Case
	for len(cases) < n {
		if c := g.IntactCase(); c.Reverse == (seed%2 == 1) {
			cases = append(cases, c)
		}
	}
	return cases
}
