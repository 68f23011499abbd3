package cli

import (
	"fmt"
	"testing"

	"github.com/proxypatch/proxypatch/internal/safefile"
)

// Whoever waited in vain for another is told to wait, since there is nothing to mend.
func TestRemedyOfALock(t *testing.T) {
	if got := remedy(fmt.Errorf("%w in x", safefile.ErrBusy)); got != "wait until it has ended and run it again" {
		t.Errorf("got %q", got)
	}
	held := &safefile.BusyError{File: "/a b/.proxypatch-lock"}
	if got := remedy(fmt.Errorf("in x: %w", held)); got != "wait until that process has ended and run it again; if there is none any more, rm '/a b/.proxypatch-lock'*" {
		t.Errorf("got %q", got)
	}
}
