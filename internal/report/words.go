package report

import (
	"fmt"
	"strings"

	"github.com/proxypatch/proxypatch/internal/apply"
	"github.com/proxypatch/proxypatch/internal/edit"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/term"
)

// leftAlone is what happens to files if another one has a problem.
const leftAlone = "left alone"

// verb is the first word of a file's line.
type verb struct {
	text  string
	color term.Color
}

// Tense is whether a plan is told as a possibility, a deed, a refusal or a
// finding.
type Tense int

// The tenses.
const (
	Planning Tense = iota
	Doing
	Refusing
	Checking
)

var verbs = map[apply.Action]struct{ would, did string }{
	apply.Add:    {"would add", "added"},
	apply.Apply:  {"would patch", "patched"},
	apply.Update: {"would update", "updated"},
	apply.Undo:   {"would restore", "restored"},
	apply.Remove: {"would remove", "removed"},
}

func (t Tense) verb(file *apply.File) verb {
	switch {
	case file.Err != nil && file.Action == apply.Keep:
		return verb{string(file.State), term.Red}
	case t == Checking && file.Changes():
		return verb{"pending", term.Magenta}
	case file.Action == apply.Keep && t == Checking:
		return verb{"ok", term.Green}
	case file.Action == apply.Keep:
		return verb{"unchanged", term.Plain}
	case t == Refusing:
		return verb{leftAlone, term.Plain}
	case t == Doing:
		return verb{verbs[file.Action].did, term.Green}
	}
	return verb{verbs[file.Action].would, term.Magenta}
}

// choose returns the word for a deed or, unless it is done, for a plan.
func (t Tense) choose(would, did string) verb {
	if t == Doing {
		return verb{did, term.Green}
	}
	return verb{would, term.Magenta}
}

// edit returns the first word of the line of a file, a script or an entry.
func (t Tense) edit(action edit.Action) verb {
	switch action {
	case edit.Add:
		return t.choose("would add", "added")
	case edit.Change:
		return t.choose("would change", "changed")
	case edit.Remove:
		return t.choose("would remove", "removed")
	}
	return verb{"unchanged", term.Plain}
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

// told is the reason for a person, which must not contradict what was done: of a
// changed file it says what the change is for, or what the file was before.
func (t Tense) told(file *apply.File) string {
	switch {
	case t != Doing || !file.Changes():
		return reasonFor(file)
	case file.Action == apply.Undo, file.Action == apply.Remove:
		return "was " + foundState(file)
	}
	told := strings.Join(purposes(file), "; ")
	if file.State == patchset.ModifiedFits {
		told += "; the rest of the file is not as released"
	}
	return told
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
	if file.Helper {
		return "of another set or an older proxypatch"
	}
	return "patched in part or by an older proxypatch"
}

func purposes(file *apply.File) []string {
	if file.Helper {
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

// Count returns such as "1 script", or "2 scripts".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// CountFiles returns such as "1 file".
func CountFiles(n int) string { return Count(n, "file") }

// AreFiles returns such as "2 files are".
func AreFiles(n int) string {
	if n == 1 {
		return CountFiles(n) + " is"
	}
	return CountFiles(n) + " are"
}
