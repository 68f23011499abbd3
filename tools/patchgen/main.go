// Command patchgen makes proxypatch's diffs from the released packages.
//
//	go run ./tools/patchgen 4.24.16    support these releases too
//	go run ./tools/patchgen            generate everything again after a change of the rules
//	go run ./tools/patchgen --check    fail unless the committed files are what it generates
//	go run ./tools/patchgen --watch    fail if npm has releases that are not supported
//
// docs/maintaining/new-releases.md says how a maintainer uses it.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// exitUncovered is proxypatch's code for "unproven": --watch found something.
const exitUncovered = 8

func main() {
	err := run(os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "patchgen:", err)
	if errors.Is(err, errUncovered) {
		os.Exit(exitUncovered)
	}
	os.Exit(1)
}

func run(args []string) error {
	repo, err := openRepository()
	if err != nil {
		return err
	}
	switch {
	case slices.Equal(args, []string{"--watch"}):
		return watch()
	case slices.Equal(args, []string{"--check"}):
		packages, err := npmreleases.Fetch(repo.cache(), npmreleases.All())
		if err != nil {
			return err
		}
		return repo.check(npmreleases.All(), packages)
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			return errors.New("usage: patchgen [RELEASE…] | --check | --watch")
		}
	}
	releases, err := withNew(npmreleases.All(), args)
	if err != nil {
		return err
	}
	packages, err := npmreleases.Fetch(repo.cache(), releases)
	if err != nil {
		return err
	}
	return repo.write(releases, packages)
}

// withNew adds releases, with the integrity hashes that npm has for them.
func withNew(releases []npmreleases.Release, versions []string) ([]npmreleases.Release, error) {
	for _, version := range versions {
		if slices.ContainsFunc(releases, func(r npmreleases.Release) bool { return r.Version == version }) {
			continue
		}
		release, err := lookUp(version)
		if err != nil {
			return nil, err
		}
		releases = append(releases, release)
	}
	npmreleases.Sort(releases)
	return releases, nil
}
