package cli

import (
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
)

type (
	exitCode   = report.ExitCode
	document   = report.Report
	fileReport = report.File
)

const (
	exitOK          = report.OK
	exitFailed      = report.Failed
	exitUsage       = report.Usage
	exitPending     = report.Pending
	exitDrift       = report.Drift
	exitUnsupported = report.Unsupported
	exitNotFound    = report.NotFound
	exitAgent       = report.Agent
	exitUnproven    = report.Unproven
)

var formats = func() (names []string) {
	for _, f := range report.Formats {
		names = append(names, string(f))
	}
	return names
}()

const eraseLine = "\r\x1b[K"

func blobID(content []byte) string { return string(patchset.BlobID(content)) }
