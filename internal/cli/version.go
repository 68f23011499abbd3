package cli

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the release build; other builds say what Go recorded.
var version string

func proxypatchVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		RunE: func(*cobra.Command, []string) error {
			a.report.Command, a.report.Version = "version", proxypatchVersion()
			a.report.Summary = "proxypatch " + a.report.Version
			a.show()
			return nil
		},
	}
}
