// Package hint represents advice on a problem, together with the command to type.
package hint

import "slices"

// Hint is advice. The functions below build it, so that Text contains Run and Kept. The
// zero value is no advice. Embed it in types that --json prints.
type Hint struct {
	Text string `json:"hint,omitempty"` // a line for each cure, the usual one first
	Run  string `json:"run,omitempty"`  // the first command in Text, empty if there is none

	// Kept lists the parts of Text that stay on one line, so that you can copy them: all
	// commands, and entries for files.
	Kept []string `json:"-"`
}

// Text returns advice without a command.
func Text(text string) Hint { return Hint{Text: text} }

// Run returns a command that you can type unchanged.
func Run(command string) Hint { return Hint{command, command, []string{command}} }

// Keep returns a phrase that stays on one line but is not a complete command, such as an
// entry for a file.
func Keep(phrase string) Hint { return Hint{Text: phrase, Kept: []string{phrase}} }

// To returns a command after its purpose.
func To(purpose, command string) Hint { return Join(Text(purpose+": "), Run(command)) }

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
