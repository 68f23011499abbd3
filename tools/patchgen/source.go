package main

import (
	"path"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
)

// source is a release line, and how the files of its package are changed.
type source struct {
	*line.Line
	rules []rule
	// madeAgainst are releases of the package that have many of the contents. If the
	// first of them has a content, its diff is in the folder of this release, otherwise
	// in the folder of the first of the others that has it. If none has it, the diff is
	// in the folder of the content's first release.
	madeAgainst []string
	// calls reports whether a file makes requests, so that it needs a rule. Nil where a
	// test of the packages does that.
	calls func(name string, content []byte) bool
}

var sources = []source{
	{
		Line:  line.All[0],
		rules: nextAuthRules,
		madeAgainst: []string{
			"4.2.1", "4.0.6", "4.1.2", "4.10.0", "4.12.3", "4.16.4", "4.18.7", "4.18.8", "4.18.9", "4.23.2", "4.24.7", "4.24.13", "4.24.15",
		},
	},
	{
		Line:        line.All[1],
		rules:       authCoreRules,
		madeAgainst: []string{"0.41.3"},
		calls:       callsFetch,
	},
	{
		Line:  line.All[2],
		rules: nextAuth3Rules,
	},
}

// dir returns the folder of a release's diffs, from the top of the repository.
func (s source) dir(version string) string { return path.Join("patches", s.Folder, "v"+version) }

// file returns the name in the history and in the table of contents of a file of the
// package.
func (s source) file(name string) string {
	if s.Package == line.NextAuth {
		return name
	}
	return path.Join(s.Package, name)
}

// helperFile returns the helper that the line gets.
func (s source) helperFile() string { return "patches/" + s.Source() }

// holding returns the pinned releases of the package, oldest first. A release with a number
// of another line follows the one whose files it has.
func (s source) holding(pins []npmreleases.Pin) []npmreleases.Release {
	releases := npmreleases.Holding(pins, s.Line)
	number := func(r npmreleases.Release) *semver.Version { return semver.MustParse(s.Number(r.Version)) }
	slices.SortStableFunc(releases, func(a, b npmreleases.Release) int { return number(a).Compare(number(b)) })
	return releases
}

// work is a source with the known releases of its package, oldest first.
type work struct {
	source
	releases []npmreleases.Release
	packages []npmreleases.Package
}

// fetch returns the sources with the pinned packages.
func fetch(cache string, pins []npmreleases.Pin) ([]work, error) {
	var all []work
	for _, s := range sources {
		releases := s.holding(pins)
		packages, err := npmreleases.Fetch(cache, s.Package, releases)
		if err != nil {
			return nil, err
		}
		all = append(all, work{s, releases, packages})
	}
	return all, nil
}
