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
		works, err := fetch(repo.cache(), npmreleases.Pins())
		if err != nil {
			return err
		}
		return repo.check(npmreleases.Pins(), works)
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			return errors.New("usage: patchgen [RELEASE…] | --check | --watch")
		}
	}
	pins, err := withNew(npmreleases.Pins(), args)
	if err != nil {
		return err
	}
	works, err := fetch(repo.cache(), pins)
	if err != nil {
		return err
	}
	return repo.write(pins, works)
}

// withNew adds releases of next-auth, and of the packages that hold their files, with the
// integrity hashes that npm has for them.
func withNew(pins []npmreleases.Pin, versions []string) ([]npmreleases.Pin, error) {
	for _, version := range versions {
		found, err := lookUp(version)
		if err != nil {
			return nil, err
		}
		for _, pin := range found {
			if !slices.ContainsFunc(pins, func(p npmreleases.Pin) bool { return p.Name == pin.Name && p.Version == pin.Version }) {
				pins = append(pins, pin)
			}
		}
	}
	npmreleases.Sort(pins)
	return pins, nil
}
