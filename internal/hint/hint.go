// Package hint represents advice on a problem, together with the command to type.
package hint

import (
	"slices"
	"strings"
)

// Hint is advice. The functions below build it, so that Text contains Run and Kept. The
// zero value is no advice. Embed it in types that --json prints.
type Hint struct {
	Text string `json:"hint,omitempty"` // a line for each cure, the usual one first
	Run  string `json:"run,omitempty"`  // the first command in Text, empty if there is none

	// Kept lists the parts of Text that stay on one line, so that a person can copy
	// them, in their order.
	Kept []Phrase `json:"-"`
}

// Phrase is a command, or something that is not ready to type, such as what belongs
// into a file.
type Phrase struct {
	Text    string
	Command bool
}

// Text returns advice without a command.
func Text(text string) Hint { return Hint{Text: text} }

// Run returns a command that you can type unchanged.
func Run(command string) Hint {
	return Hint{Text: command, Run: command, Kept: []Phrase{{command, true}}}
}

// Keep returns a phrase that stays on one line but is not a complete command, such as an
// entry for a file.
func Keep(phrase string) Hint { return Hint{Text: phrase, Kept: []Phrase{{phrase, false}}} }

// To returns a command after its purpose.
func To(purpose, command string) Hint { return Join(Text(purpose+": "), Run(command)) }

// Step returns the hint as a part of a sentence: "run" and the command, if it is one.
func (h Hint) Step() Hint {
	if h.Run == "" {
		return h
	}
	return Join(Text("run "), h)
}

// Join joins the parts of a hint. Run is the first command in them.
func Join(parts ...Hint) Hint {
	var all Hint
	for _, part := range parts {
		all.Text += part.Text
		all.Kept = slices.Concat(all.Kept, part.Kept)
		if all.Run == "" {
			all.Run = part.Run
		}
	}
	return all
}

// Or adds another cure on its own line.
func (h Hint) Or(other Hint) Hint { return Join(h, Text("\n"), other) }

// First returns the first way out.
func (h Hint) First() Hint {
	line, _, more := strings.Cut(h.Text, "\n")
	if !more {
		return h
	}
	var first []Phrase
	rest := line
	for _, kept := range h.Kept {
		_, after, found := strings.Cut(rest, kept.Text)
		if !found {
			break
		}
		first, rest = append(first, kept), after
	}
	out := Hint{Text: line, Kept: first}
	for _, kept := range first {
		if kept.Command && out.Run == "" {
			out.Run = kept.Text
		}
	}
	return out
}

// Rewrite puts every command of a hint through a function, such as one that adds the
// directory that a person named.
func (h Hint) Rewrite(change func(command string) string) Hint {
	var parts []Hint
	rest := h.Text
	for _, kept := range h.Kept {
		before, after, _ := strings.Cut(rest, kept.Text)
		phrase := Keep(kept.Text)
		if kept.Command {
			phrase = Run(change(kept.Text))
		}
		parts = append(parts, Text(before), phrase)
		rest = after
	}
	return Join(append(parts, Text(rest))...)
}

// Quote returns a word as a person has to type it in a shell.
func Quote(word string) string {
	if !strings.ContainsAny(word, " \t\n'\"\\$`*?[]{}()<>|&;~#!") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
