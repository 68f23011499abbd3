package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// npmView asks npm for a field of next-auth, as JSON.
func npmView(v any, args ...string) error {
	out, err := exec.Command("npm", append([]string{"view", "--json"}, args...)...).Output()
	if err != nil {
		return fmt.Errorf("npm view %s: %w", strings.Join(args, " "), withStderr(err))
	}
	return json.Unmarshal(out, v)
}

// withStderr adds the stderr of a command that failed.
func withStderr(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	return err
}

func lookUp(version string) (npmreleases.Release, error) {
	v, err := semver.StrictNewVersion(version)
	if err != nil || !supportable(v) {
		return npmreleases.Release{}, fmt.Errorf("%q is not a stable 4.x release that can be supported", version)
	}
	release := npmreleases.Release{Version: version}
	if err := npmView(&release.Integrity, "next-auth@"+version, "dist.integrity"); err != nil {
		return npmreleases.Release{}, err
	}
	return release, nil
}

// supportable excludes prereleases and 4.0.0, which is a build of 3.x.
func supportable(v *semver.Version) bool {
	return v.Major() == 4 && v.Prerelease() == "" && v.String() != "4.0.0"
}

var errUncovered = errors.New("npm has releases that are not supported; run patchgen with their numbers")

// watch prints the stable 4.x releases on npm that are not in releases.tsv.
func watch() error {
	var versions []string
	if err := npmView(&versions, "next-auth", "versions"); err != nil {
		return err
	}
	missing := uncovered(versions, npmreleases.All())
	for _, version := range missing {
		fmt.Println(version)
	}
	if len(missing) > 0 {
		return errUncovered
	}
	return nil
}

func uncovered(versions []string, releases []npmreleases.Release) []string {
	var missing []string
	for _, version := range versions {
		v, err := semver.StrictNewVersion(version)
		known := slices.ContainsFunc(releases, func(r npmreleases.Release) bool { return r.Version == version })
		if err == nil && supportable(v) && !known {
			missing = append(missing, version)
		}
	}
	return missing
}
