package cli

import (
	"fmt"
	"strings"
)

// exitCode is the process's exit code. The codes are part of the interface:
// none changes its meaning, and docs/exit-codes.md is tested to agree.
type exitCode int

const (
	exitOK          exitCode = 0
	exitFailed      exitCode = 1
	exitUsage       exitCode = 2
	exitPending     exitCode = 3
	exitDrift       exitCode = 4
	exitUnsupported exitCode = 5
	exitNotFound    exitCode = 6
	exitAgent       exitCode = 7
	exitUnproven    exitCode = 8
)

var exitCodes = []struct {
	code    exitCode
	name    string
	meaning string
}{
	{exitOK, "ok", "the wanted state is reached or, with --dry-run, can be"},
	{exitFailed, "failed", "the system refused something, or anything not listed here; nothing is half done"},
	{exitUsage, "usage", "wrong flags or arguments, or --patches that can't be read"},
	{exitPending, "pending", "check only: can be patched, but is not, or a build would use old code from its cache"},
	{exitDrift, "drift", "a file is neither as released nor as proxypatch leaves it, or is missing"},
	{exitUnsupported, "unsupported", "this release or layout of next-auth can't be patched in place"},
	{exitNotFound, "not found", "no next-auth is installed; 0 with --if-present"},
	{exitAgent, "agent", "https-proxy-agent is missing or not usable from next-auth"},
	{exitUnproven, "unproven", "verify saw a request that did not go through the proxy or could not make one, or doctor found an error"},
}

// String returns the name the code has in --json and in the help.
func (c exitCode) String() string {
	for _, e := range exitCodes {
		if e.code == c {
			return e.name
		}
	}
	return fmt.Sprint(int(c))
}

func exitCodesHelp() string {
	var b strings.Builder
	b.WriteString("proxypatch exits with these codes:\n\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %d  %-12s %s\n", e.code, e.name, e.meaning)
	}
	b.WriteString("\nWith several reasons the first of 1, 4, 5, 7, 3, 8 decides. revert never looks at\nhttps-proxy-agent. diff is 0 whether or not there is something to print.\n")
	return b.String()
}

// failure is an error that knows its exit code and what to do next.
type failure struct {
	code exitCode
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

func usageError(hint, format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), hint}
}
