package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxypatch/proxypatch/internal/line"
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
	var supported []string
	for _, l := range line.All {
		files, err := library.Coverage(l)
		if err != nil {
			return err
		}
		for _, f := range files {
			covered := report.Coverage{Path: f.Path, From: f.From.String(), To: f.To.String(), Reason: f.Reason}
			if l.Package != line.NextAuth {
				covered.Package = l.Package
			}
			p.report.Releases = append(p.report.Releases, covered)
		}
		releases := append([]string{l.First + " to " + l.Last}, slices.Sorted(maps.Keys(l.Renumbered))...)
		supported = append(supported, strings.Join(releases, " and "))
	}
	p.report.Summary = fmt.Sprintf("next-auth %s is supported, and so are %s; %s", supported[0], strings.Join(supported[1:], ", "), line.Unsupported)
	return nil
}
