package cli

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/report"
	"github.com/proxypatch/proxypatch/patches"
)

func (p *program) releasesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "releases",
		Short: "print which releases of next-auth are supported",
		RunE:  p.run("releases", func(*cobra.Command, []string) error { return p.releases() }),
	}
}

// releases prints what the default set patches, and from which release of
// next-auth to which.
func (p *program) releases() error {
	library, err := patchset.Open(patches.FS, patchset.Default)
	if err != nil {
		return err
	}
	files, err := library.Coverage()
	if err != nil {
		return err
	}
	var from, to *semver.Version
	for _, f := range files {
		p.report.Releases = append(p.report.Releases, report.Coverage{Path: f.Path, From: f.From.String(), To: f.To.String(), Reason: f.Reason})
		if from == nil || f.From.LessThan(from) {
			from = f.From
		}
		if to == nil || f.To.GreaterThan(to) {
			to = f.To
		}
	}
	p.report.Summary = fmt.Sprintf("next-auth %s to %s is supported; 4.0.0 (a build of 3.x), prereleases, 3.x and 5.x are not", from, to)
	return nil
}
