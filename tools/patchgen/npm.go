package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// npmView asks npm for a field of a package, as JSON.
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

// lookUp returns the pins of a release of next-auth, and of the package that holds its
// files, if that is another one.
func lookUp(version string) ([]npmreleases.Pin, error) {
	l, err := line.Of(version)
	if err != nil {
		return nil, err
	}
	pins := []npmreleases.Pin{{Name: line.NextAuth, Version: version}}
	if l.Package != line.NextAuth {
		var dependencies map[string]string
		if err := npmView(&dependencies, line.NextAuth+"@"+version, "dependencies"); err != nil {
			return nil, err
		}
		if _, err := semver.StrictNewVersion(dependencies[l.Package]); err != nil {
			return nil, fmt.Errorf("%s %s depends on %s %q, not on one release", line.NextAuth, version, l.Package, dependencies[l.Package])
		}
		pins = append(pins, npmreleases.Pin{Name: l.Package, Version: dependencies[l.Package]})
	}
	for i, p := range pins {
		if err := npmView(&pins[i].Integrity, p.Name+"@"+p.Version, "dist.integrity"); err != nil {
			return nil, err
		}
	}
	return pins, nil
}

var errUncovered = errors.New("npm has releases that are not supported; run patchgen with their numbers")

// watch prints the releases of next-auth on npm that belong to a line and are not in
// releases.tsv.
func watch() error {
	var versions []string
	if err := npmView(&versions, line.NextAuth, "versions"); err != nil {
		return err
	}
	missing := uncovered(versions, npmreleases.Pins())
	for _, version := range missing {
		fmt.Println(version)
	}
	if len(missing) > 0 {
		return errUncovered
	}
	return nil
}

func uncovered(versions []string, pins []npmreleases.Pin) []string {
	var missing []string
	for _, version := range versions {
		_, err := line.Of(version)
		known := slices.ContainsFunc(pins, func(p npmreleases.Pin) bool { return p.Name == line.NextAuth && p.Version == version })
		if err == nil && !known {
			missing = append(missing, version)
		}
	}
	return missing
}
