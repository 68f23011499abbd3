package ci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode"

	"github.com/proxypatch/proxypatch/internal/printable"
)

// data, given printable lines, and property escape what stands in a workflow command:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\n", "%0A", "##[", disarmedOld).Replace(text)
}

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(printable.Text(text)))
}

// disarmedOld is what is left of the old form of commands, "##[".
const disarmedOld = `##\[`

// Annotations writes a workflow command for each problem. workspace is the
// directory of the checkout, to which GitHub takes paths to be relative; paths
// outside of it stay absolute.
func Annotations(w io.Writer, r Report, workspace string) error {
	var out bytes.Buffer
	for _, p := range r.Problems {
		command, title := "error", r.title()
		if p.Rule == "" {
			command = "warning"
		} else {
			title += ": " + p.Rule
		}
		out.WriteString("::" + command + " ")
		if place := p.place(); place != "" {
			if rel, ok := below(workspace, place); ok {
				place = rel
			}
			out.WriteString("file=" + property(place) + ",")
			if p.Line > 0 {
				fmt.Fprintf(&out, "line=%d,", p.Line)
			}
		}
		out.WriteString("title=" + property(title) + "::" + data(p.text()) + "\n")
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Disarm returns a writer of text to w in which nothing is a workflow command.
// The runner takes a line for one that begins with "::", after white space, or
// that has "##[" anywhere. What is written at once must be whole lines.
func Disarm(w io.Writer) io.Writer { return disarmed{w} }

type disarmed struct{ out io.Writer }

func (d disarmed) Write(text []byte) (int, error) {
	var safe bytes.Buffer
	for line := range bytes.SplitAfterSeq(text, []byte("\n")) {
		if rest := bytes.TrimSpace(line); bytes.HasPrefix(rest, []byte("::")) {
			line = bytes.Replace(line, []byte("::"), []byte(`\::`), 1)
		}
		safe.Write(bytes.ReplaceAll(line, []byte("##["), []byte(disarmedOld)))
	}
	if _, err := d.out.Write(safe.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// DisarmJSON returns a JSON document that means the same and has no workflow
// command in it. No line of an indented one begins with "::".
func DisarmJSON(document []byte) []byte {
	return bytes.ReplaceAll(document, []byte("##["), []byte(`##\u005b`))
}

// maxRows bounds each table of a summary: GitHub takes 1 MiB for all of a step.
const maxRows = 500

// Summary returns the run as Markdown.
func Summary(r Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s: %s (exit code %d)\n\n", markdown(r.title()), markdown(r.Exit.Name), r.Exit.Code)
	if r.Summary != "" {
		fmt.Fprintf(&b, "%s\n\n", markdown(r.Summary))
	}
	for _, p := range r.Problems {
		severity := "Error"
		if p.Rule == "" {
			severity = "Warning"
		}
		fmt.Fprintf(&b, "- **%s:** %s\n", severity, strings.ReplaceAll(markdownLines(p.text()), "<br>", "<br>\n  "))
	}
	if len(r.Problems) > 0 {
		b.WriteString("\n")
	}
	for _, t := range r.Tables {
		t.markdown(&b)
	}
	return b.String()
}

func (t Table) markdown(b *strings.Builder) {
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + markdown(cell) + " ")
		}
		b.WriteString("|\n")
	}
	row(t.Header)
	b.WriteString(strings.Repeat("|---", len(t.Header)) + "|\n")
	for _, cells := range t.Rows[:min(len(t.Rows), maxRows)] {
		row(cells)
	}
	if more := len(t.Rows) - maxRows; more > 0 {
		fmt.Fprintf(b, "\n%d more are not shown.\n", more)
	}
	b.WriteString("\n")
}

// markdown returns text that stands as it is in Markdown, HTML included, on one
// printable line: a character reference is never taken for markup.
// https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references
func markdown(text string) string {
	var b strings.Builder
	for _, r := range printable.Text(text) {
		if r < unicode.MaxASCII && unicode.In(r, unicode.P, unicode.S) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func markdownLines(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, markdown(line))
	}
	return strings.Join(lines, "<br>")
}

// AppendSummary adds the summary to the file that GitHub Actions names in
// GITHUB_STEP_SUMMARY.
func AppendSummary(path string, r Report) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // opening a pipe might never end
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("is not a regular file")}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = file.WriteString(Summary(r))
	return errors.Join(err, file.Close())
}
