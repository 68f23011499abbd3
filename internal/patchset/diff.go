// Package patchset loads diffs and applies and reverses them on bytes. It selects the
// diffs for a release of next-auth and decides the state of a file from its bytes.
// It reads files only through the fs.FS that it gets.
package patchset

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Diff changes one file of the package from one content to another.
type Diff struct {
	Name     string   // the file the diff came from, for messages
	Package  string   // the package whose file it changes
	Path     string   // the file it changes: relative to the package, with slashes
	Releases Releases // the releases it is for
	Reason   string   // what it does, in one line; may be empty
	Old, New ID       // the content before and after; both empty if the diff does not name them
	Own      bool     // whether it comes from the user and is not embedded
	hunks    []hunk
	crlf     bool // whether a line of the hunks ends in CRLF
}

// maxHunks limits the hunks of a diff: the whole file is searched for each.
const maxHunks = 1000

// ParseError says why a diff is not accepted, and where.
type ParseError struct {
	Name string
	Line int // counted from 1
	Msg  string
}

func (e *ParseError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Msg) }

// Parse reads one diff in git's format (docs/maintaining/patch-format.md). It accepts only what
// proxypatch can apply and reverse. That is a change of exactly one existing text file
// with a local path and at least one hunk, without text after the last hunk and without
// a change of name or mode. All errors are *ParseError.
func Parse(name string, data []byte) (*Diff, error) {
	fail := func(line int, format string, args ...any) (*Diff, error) {
		return nil, &ParseError{name, line, fmt.Sprintf(format, args...)}
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return fail(lineAt(data, at), "contains a NUL byte; only diffs of text files are supported")
	}
	files, preamble, err := gitdiff.Parse(bytes.NewReader(data))
	if err != nil {
		line, msg := parserError(err)
		return fail(min(line, lineAt(data, len(data))), "%s", msg) // go-gitdiff counts one too many at the end
	}
	header := strings.Count(preamble, "\n") + 1
	switch {
	case len(files) == 0:
		return fail(1, "contains no diff")
	case len(files) > 1:
		return fail(header, "changes %d files; split it into one diff per file", len(files))
	}
	f := files[0]
	if msg := unsupportedChange(f); msg != "" {
		return fail(header, "%s", msg)
	}
	d := &Diff{Name: name, Package: line.PackageOf(name)}
	if line, msg := d.readHeader(splitLines(data), header, f.NewName); msg != "" {
		return fail(line, "%s", msg)
	}
	if line, msg := d.readPreamble(preamble); msg != "" {
		return fail(line, "%s", msg)
	}
	if line, msg := checkHunks(data, header, f.TextFragments); msg != "" {
		return fail(line, "%s", msg)
	}
	for _, fragment := range f.TextFragments {
		if fragment.OldLines == 0 || fragment.NewLines == 0 {
			return fail(header, "a hunk without context can't be reversed safely; create the diff with at least -U1")
		}
		d.hunks = append(d.hunks, newHunk(fragment))
	}
	d.crlf = slices.ContainsFunc(d.hunks, hunk.hasCRLF)
	if before, after := fullID(f.OldOIDPrefix), fullID(f.NewOIDPrefix); before != "" && after != "" {
		d.Old, d.New = before, after
	}
	return d, nil
}

// Pinned reports whether the diff names the exact bytes that it was made from.
func (d *Diff) Pinned() bool { return d.Old != "" }

// FromTutorial reports whether the diff is one of the official tutorial's.
func (d *Diff) FromTutorial() bool { return !d.Own && strings.HasPrefix(d.Name, Tutorial+"/") }

// Apply returns the content with all hunks in place, or a *HunkError.
func (d *Diff) Apply(content []byte) ([]byte, error) {
	return d.splice(content, d.hunks, d.Old)
}

// Reverse returns the content that Apply turns into this one, or a *HunkError.
func (d *Diff) Reverse(content []byte) ([]byte, error) {
	reversed := make([]hunk, len(d.hunks))
	for i, h := range d.hunks {
		reversed[i] = h.reverse()
	}
	return d.splice(content, reversed, d.New)
}

// readPreamble takes the range and the reason from the lines before the diff,
// which git ignores.
func (d *Diff) readPreamble(preamble string) (line int, msg string) {
	for i, text := range strings.Split(preamble, "\n") {
		value, found := strings.CutPrefix(text, "Releases:")
		switch {
		case found && d.Releases.String() != "":
			return i + 1, "duplicate Releases: line"
		case found:
			releases, err := ParseReleases(strings.TrimSpace(value))
			if err != nil {
				return i + 1, err.Error()
			}
			d.Releases = releases
		case d.Reason == "":
			d.Reason = strings.TrimSpace(text)
		}
	}
	return 0, ""
}

// readHeader takes the path from the header, which begins at line header. After a
// "diff --git" line it uses name, because there go-gitdiff reads names as git does.
func (d *Diff) readHeader(all lines, header int, name string) (line int, msg string) {
	git := bytes.HasPrefix(all.at(header-1), []byte("diff --git "))
	if !git {
		name = plainName(nameIn(all.at(header-1)), nameIn(all.at(header)))
	}
	if name == "" {
		return header, otherName
	}
	if msg := d.setTarget(name); msg != "" {
		return header, msg
	}
	if line := firstOtherName(all, header, name, git); line > 0 {
		return line, otherName
	}
	return 0, ""
}

const otherName = "the path is not in git's form"

func unsupportedChange(f *gitdiff.File) string {
	const fileType, regular = 0o170000, 0o100000
	switch {
	case f.IsNew:
		return "adds a file; only existing files can be patched"
	case f.IsDelete:
		return "deletes a file; only existing files can be patched"
	case f.IsRename, f.IsCopy, f.OldName != f.NewName:
		return "renames or copies a file"
	case f.IsBinary:
		return "changes a binary file"
	case f.NewMode != 0 && f.NewMode != f.OldMode:
		return "changes a file's mode"
	case f.OldMode != 0 && f.OldMode&fileType != regular:
		return "changes something that is not a regular file"
	case len(f.TextFragments) == 0:
		return "has no hunks"
	case len(f.TextFragments) > maxHunks:
		return fmt.Sprintf("has %d hunks; the limit is %d", len(f.TextFragments), maxHunks)
	}
	return ""
}

// setTarget sets the package and the path in it. patch-package writes paths from the
// project's root; such a prefix names the package, and is dropped.
func (d *Diff) setTarget(name string) (msg string) {
	target := name
	for _, in := range line.Packages() {
		if rest, found := strings.CutPrefix(name, "node_modules/"+in+"/"); found {
			d.Package, target = in, rest
		}
	}
	switch {
	case strings.ContainsAny(target, `\:`), strings.ContainsFunc(target, unicode.IsControl), !utf8.ValidString(target), target != path.Clean(target), !filepath.IsLocal(filepath.FromSlash(target)):
		return fmt.Sprintf("%q is not a path inside the package", target)
	case safefile.IsTempName(path.Base(target)):
		return fmt.Sprintf("%q is a name that proxypatch uses for its temporary files", target)
	case strings.EqualFold(target, "package.json"):
		return "package.json names the release, so it must not be patched"
	}
	for _, l := range line.All {
		if l.Package == d.Package && strings.EqualFold(target, l.Helper) { // one file where names have no case
			return l.Helper + " is the file that proxypatch adds"
		}
	}
	d.Path = target
	return ""
}

// plainName returns the name that git apply takes from a header without a
// "diff --git" line. It is the new name, or the old name if the new one begins with it.
// If the new name has a directory, git drops the first directory of each. plainName
// does so only for a/ and b/. If both names begin with the same other directory, it
// keeps them whole, as git apply -p0 does. It returns "" for anything else.
func plainName(before, after string) string {
	beforeDir, beforeRest, beforeInDir := strings.Cut(before, "/")
	afterDir, afterRest, afterInDir := strings.Cut(after, "/")
	switch {
	case !afterInDir:
	case afterDir == "a", afterDir == "b":
		before, after = beforeRest, afterRest
	case !beforeInDir, beforeDir != afterDir:
		return ""
	}
	if before != "" && strings.HasPrefix(after, before) {
		return before
	}
	return after
}

// nameIn returns the name in a line that starts with "--- " or "+++ ". What
// follows a tab is a time.
func nameIn(line []byte) string {
	name, _, _ := bytes.Cut(bytes.TrimSuffix(line[len("--- "):], []byte("\n")), []byte("\t"))
	return string(name)
}

// firstOtherName returns the number of the first header line whose file name
// go-gitdiff understands and git does not, or 0. Quoted names count as such, because
// the two read escapes differently; no file of next-auth needs quotes.
func firstOtherName(all lines, header int, name string, git bool) int {
	for i := header - 1; i < all.count(); i++ {
		text := string(all.at(i))
		switch {
		case strings.HasPrefix(text, "@@ -"):
			return 0
		case strings.HasPrefix(text, "diff --git "):
			if strings.Contains(text, `"`) {
				return i + 1
			}
		case strings.HasPrefix(text, "--- "), strings.HasPrefix(text, "+++ "):
			found := nameIn(all.at(i))
			_, inTree, _ := strings.Cut(found, "/")
			if strings.HasPrefix(found, `"`) || strings.Contains(found, "//") || strings.Count(text, "\t") > 1 || git && inTree != name {
				return i + 1
			}
		}
	}
	return 0
}

// checkHunks refuses what go-gitdiff accepts but git does not, and what makes no sense.
// That is a signed line number, a last line without a newline, a marker of a missing
// newline in the middle of a side, or text after the last hunk. The signature of git
// format-patch does not count as text.
func checkHunks(data []byte, header int, fragments []*gitdiff.TextFragment) (line int, msg string) {
	all := splitLines(data)
	at := header - 1
	for at < all.count() && !bytes.HasPrefix(all.at(at), []byte("@@ -")) {
		at++
	}
	for _, fragment := range fragments {
		if numbers, _, _ := bytes.Cut(all.at(at), []byte(" @@")); bytes.Count(numbers, []byte("-"))+bytes.Count(numbers, []byte("+")) != 2 {
			return at + 1, "a signed line number"
		}
		at++
		for i, line := range fragment.Lines {
			if text := all.at(at); text[0] == '\\' {
				return at + 1, misplaced
			} else if text[len(text)-1] != '\n' {
				return at + 1, "the diff is truncated: its last line has no newline"
			}
			at++
			if !line.NoEOL() {
				continue
			}
			if line.Line == "" || !lastOfSides(fragment.Lines[i:]) {
				return at + 1, misplaced
			}
			at++ // the marker
		}
	}
	for ; at < all.count() && string(all.at(at)) != "-- \n"; at++ {
		if len(bytes.TrimSpace(all.at(at))) > 0 {
			return at + 1, "unexpected text after the last hunk"
		}
	}
	return 0, ""
}

const misplaced = `misplaced "\ No newline at end of file"`

// lastOfSides reports whether the first of the lines is the last line of each of its
// sides.
func lastOfSides(lines []gitdiff.Line) bool {
	for _, later := range lines[1:] {
		if lines[0].Old() && later.Old() || lines[0].New() && later.New() {
			return false
		}
	}
	return true
}

func parserError(err error) (line int, msg string) {
	text := strings.TrimPrefix(err.Error(), "gitdiff: ")
	if rest, found := strings.CutPrefix(text, "line "); found {
		number, msg, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			return line, msg
		}
	}
	return 1, text
}

func lineAt(data []byte, offset int) int {
	return bytes.Count(data[:offset], []byte("\n")) + 1
}
