package term

import (
	"fmt"
	"io"
	"sync"
)

// Progress is one line on a terminal that says how far a program has come. Each
// step replaces it, and End removes it. The zero value has no line.
type Progress struct {
	mutex sync.Mutex
	out   io.Writer // nil where there is none
	shown bool
}

// Progress returns the line for this run. There is none without somebody who
// looks at it.
func (s *Streams) Progress() *Progress {
	if !s.OnStderr.Is() || InCI() || dumb() {
		return &Progress{}
	}
	return &Progress{out: s.OnStderr.file}
}

const eraseLine = "\r\x1b[K"

// Say replaces the line. Keep it short and without names from disk, so that it
// never needs a second one.
func (p *Progress) Say(text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.out != nil {
		p.shown = true
		fmt.Fprint(p.out, eraseLine, text)
	}
}

// End removes the line, for good.
func (p *Progress) End() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.shown {
		io.WriteString(p.out, eraseLine)
	}
	p.out, p.shown = nil, false
}
