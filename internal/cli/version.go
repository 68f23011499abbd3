package cli

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the release build; other builds say what Go recorded.
var version string

// Version returns the version of this program.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		RunE: p.run("version", func(*cobra.Command, []string) error {
			p.report.Version = Version()
			p.report.Summary = "proxypatch " + p.report.Version
			return nil
		}),
	}
}
