package term

import (
	"fmt"
	"io"
)

// Streams are where a program writes to.
type Streams struct {
	Out                *Checked  // stdout for documents,
	Stdout             io.Writer // and for text
	Err                io.Writer // stderr for annotations,
	Stderr             io.Writer // and for text
	OnStdout, OnStderr Terminal
}

// New returns the streams of a process.
func New(stdout, stderr io.Writer) *Streams {
	out := &Checked{out: stdout}
	return &Streams{out, out, stderr, stderr, terminalOf(stdout), terminalOf(stderr)}
}

// Filter sends all text, but no document, through a filter.
func (s *Streams) Filter(filter func(io.Writer) io.Writer) {
	s.Stdout, s.Stderr = filter(s.Out), filter(s.Err)
}

// Checked is a writer that remembers its first error, so that a full disk behind
// "program > FILE" does not go unnoticed.
type Checked struct {
	out   io.Writer
	Error error
}

func (w *Checked) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	if w.Error == nil {
		w.Error = err
	}
	return n, err
}

// Println prints a line of text on stdout, in a colour if stdout has any.
func (s *Streams) Println(c Color, text string) {
	fmt.Fprintln(s.Stdout, Paint(s.OnStdout.Color, c, text))
}
