// Package doctor diagnoses why sign-ins fail behind a proxy. It checks the
// environment, .env files, package.json, Node.js and the connection to the
// identity provider, and gives each problem a hint.
//
// No finding contains a user name, a password, or the value of a variable that may
// contain one.
package doctor

import (
	"fmt"

	"github.com/proxypatch/proxypatch/internal/hint"
)

// Severity is how serious a finding is.
type Severity string

// The severities. A sign-in fails with an Error, and may fail with a Warning.
const (
	OK      Severity = "ok"
	Note    Severity = "note"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// The areas of findings, in the order in which they are printed.
const (
	Proxy        = "proxy"
	NodeJS       = "node"
	Certificates = "certificates"
	NextAuth     = "next-auth"
	Agent        = "https-proxy-agent"
	NextJS       = "next"
	Connection   = "connection"
	PackageJSON  = "package.json"
)

// Finding is the result of one check.
type Finding struct {
	Area     string   `json:"area"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	hint.Hint
}

// Findings are the results of several checks.
type Findings []Finding

// Add adds a finding of an area, and returns it so that it can be given a hint.
func (f *Findings) Add(area string, severity Severity, format string, args ...any) *Finding {
	*f = append(*f, Finding{Area: area, Severity: severity, Message: fmt.Sprintf(format, args...)})
	return &(*f)[len(*f)-1]
}

// hint gives the finding a hint without a command.
func (f *Finding) hint(format string, args ...any) { f.Hint = hint.Text(fmt.Sprintf(format, args...)) }

// Summary returns the number of errors and warnings in words.
func (f Findings) Summary() string {
	return plural(f.Count(Error), "error") + ", " + plural(f.Count(Warning), "warning")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Count returns the number of findings of a severity.
func (f Findings) Count(severity Severity) int {
	n := 0
	for _, finding := range f {
		if finding.Severity == severity {
			n++
		}
	}
	return n
}
