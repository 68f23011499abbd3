package cli

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/patches"
)

func (a *app) releasesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "releases",
		Short: "print which releases of next-auth are supported",
		RunE:  func(*cobra.Command, []string) error { return a.releases() },
	}
}

// releases prints what the default set patches, and from which release of
// next-auth to which.
func (a *app) releases() error {
	a.report.Command = "releases"
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
		a.report.Releases = append(a.report.Releases, coverage{f.Path, f.From.String(), f.To.String(), f.Reason})
		if from == nil || f.From.LessThan(from) {
			from = f.From
		}
		if to == nil || f.To.GreaterThan(to) {
			to = f.To
		}
	}
	a.report.Summary = fmt.Sprintf("next-auth %s to %s is supported; 4.0.0 (a build of 3.x), prereleases, 3.x and 5.x are not", from, to)
	a.show()
	return nil
}
