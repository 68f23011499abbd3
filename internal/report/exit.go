package report

import (
	"fmt"
	"slices"
	"strings"
)

// ExitCode is the process's exit code. The codes are part of the interface: none
// changes its meaning, and a test holds docs/commands.md to them.
type ExitCode int

// The exit codes. ExitCodes says what each means.
const (
	OK          ExitCode = 0
	Failed      ExitCode = 1
	Usage       ExitCode = 2
	Pending     ExitCode = 3
	Drift       ExitCode = 4
	Unsupported ExitCode = 5
	NotFound    ExitCode = 6
	Agent       ExitCode = 7
	Unproven    ExitCode = 8
)

// ExitCodes lists all codes with the names that --json and the help use.
var ExitCodes = []struct {
	Code    ExitCode
	Name    string
	Meaning string
}{
	{OK, "ok", "success or, with --dry-run, nothing would prevent it"},
	{Failed, "failed", "any other error; no file was left half written"},
	{Usage, "usage", "wrong flags or arguments, or --patches can't be read"},
	{Pending, "pending", "check only: next-auth is not patched but can be, or a build uses old code, or would take it from its cache"},
	{Drift, "drift", "a file is missing, or is neither the released nor the patched one"},
	{Unsupported, "unsupported", "this release or layout of next-auth can't be patched in place"},
	{NotFound, "not found", "next-auth is not installed, or with check --built, nothing is built; 0 with --if-present"},
	{Agent, "agent", "https-proxy-agent is missing, or next-auth can't use it"},
	{Unproven, "unproven", "verify saw a request bypass the proxy or could not make one, or doctor found an error"},
}

// gravity is the order in which reasons decide the exit code, the most serious last. A
// command line that nobody can follow, or a project without next-auth, leaves
// nothing else to judge.
var gravity = []ExitCode{OK, Unproven, Pending, Agent, Unsupported, Drift, Failed, NotFound, Usage}

// gravest returns the one of two codes that decides.
func gravest(a, b ExitCode) ExitCode {
	if slices.Index(gravity, a) > slices.Index(gravity, b) {
		return a
	}
	return b
}

// String returns the name the code has in --json and in the help.
func (c ExitCode) String() string {
	for _, e := range ExitCodes {
		if e.Code == c {
			return e.Name
		}
	}
	return fmt.Sprint(int(c))
}

// ExitCodesHelp is the text of "proxypatch help exit-codes".
func ExitCodesHelp() string {
	var b strings.Builder
	b.WriteString("proxypatch exits with these codes:\n\n")
	for _, e := range ExitCodes {
		fmt.Fprintf(&b, "  %d  %-12s %s\n", e.Code, e.Name, e.Meaning)
	}
	b.WriteString("\nIf several apply, the first of 1, 4, 5, 7, 3, 8 decides. revert never looks at\nhttps-proxy-agent. diff exits 0 whether or not there is something to print.")
	return b.String()
}
