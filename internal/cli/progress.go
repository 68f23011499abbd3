package cli

import (
	"fmt"
	"io"
	"sync"
)

// progress is one line on a terminal that says how far a command has come. It
// is written anew with each step and gone at the end. All methods do nothing
// where there is no such line.
type progress struct {
	mutex sync.Mutex
	out   io.Writer // nil where there is none
	shown bool
}

// progress returns the line for this run: there is none without somebody who
// looks at it.
func (a *app) progress() *progress {
	if a.ui.onStderr.file == nil || a.quiet || a.format != formatText || inCI() || dumb() {
		return &progress{}
	}
	return &progress{out: a.ui.onStderr.file}
}

const eraseLine = "\r\x1b[K"

// say replaces the line. It is short and without names from disk, so that it
// never needs a second one.
func (p *progress) say(what string, n, of int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.out != nil {
		p.shown = true
		fmt.Fprintf(p.out, "%s%s copy %d of %d …", eraseLine, what, n, of)
	}
}

// copies is say for work that is worth no line if there is but one copy.
func (p *progress) copies(what string, n, of int) {
	if of > 1 {
		p.say(what, n, of)
	}
}

// end takes the line away, for good.
func (p *progress) end() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.shown {
		io.WriteString(p.out, eraseLine)
	}
	p.out, p.shown = nil, false
}
