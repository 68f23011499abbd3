package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The reasons why a test can't pass under Wine 8.
const (
	noLinks = "Wine 8 reports that it made a symbolic link but makes none, and has no junctions"
	noNode  = "needs Node.js for Windows, which is not in the prefix"
)

// skip is a test to skip, with its subtest if only that is skipped.
type skip struct {
	pkg, test, reason string
}

// skipped is the complete list. docs/maintaining/testing.md names each test.
var skipped = []skip{
	{"internal/apply", "TestDirectorySwapped", noLinks},
	{"internal/buildcache", "TestConfigurationBehindALink", noLinks},
	{"internal/buildcache", "TestIsNextWithALoop", noLinks},
	{"internal/buildcache", "TestLinkAppears", noLinks},
	{"internal/buildcache", "TestLinkInsideTheApp", noLinks},
	{"internal/buildcache", "TestLinksOutOfTheApp", noLinks},
	{"internal/buildcache", "TestTidyThroughALink", noLinks},
	{"internal/built", "TestLinkedServer", noLinks},
	{"internal/built", "TestLinksOut", noLinks},
	{"internal/built", "TestReadRefuses/a link out", noLinks},
	{"internal/built", "TestReadRefuses/a directory outside", noLinks},
	{"internal/built", "TestReadRefuses/a link to a directory", noLinks},
	{"internal/built", "TestReadRefuses/a directory", noLinks},
	{"internal/detect", "TestFindFollowsLinks", noLinks},
	{"internal/detect", "TestHolder/a next-auth in its place, found first", noLinks},
	{"internal/detect", "TestHolder/pnpm", noLinks},
	{"internal/detect", "TestLeftover", noLinks},
	{"internal/detect", "TestLeftoverHolder", noLinks},
	{"internal/detect", "TestLoaded/a link", noLinks},
	{"internal/detect", "TestSelectPlugged", noLinks},
	{"internal/detect", "TestShared", noLinks},
	{"internal/detect", "TestLayouts/an alias in a store", noLinks},
	{"internal/detect", "TestLayouts/node_modules that is a link", noLinks},
	{"internal/detect", "TestLayouts/packages that are linked to", noLinks},
	{"internal/detect", "TestLayouts/packages that are links", noLinks},
	{"internal/detect", "TestLayouts/pnpm, through packages from a registry", noLinks},
	{"internal/detect", "TestLayouts/pnpm, with peer variants and a shortened name", noLinks},
	{"internal/detect", "TestLayouts/through a package of the workspace", noLinks},
	{"internal/detect", "TestLayouts/yarn's pnpm linker", noLinks},
	{"tests/scripts", "TestScripts/build-cache-workspace", noLinks},
	{"tests/scripts", "TestScripts/leftover", noLinks},
	{"tests/scripts", "TestRealPackages/init-copy", noLinks},
	{"tests/scripts", "TestRealPackages/init-workspace", noLinks},
	{"tests/scripts", "TestRealPackages/turbopack", noLinks},
	{"tests/scripts", "TestRealPackages/verify", noNode},
}

// skipPattern returns the value of -test.skip for a package. Go replaces spaces in
// names of subtests with underscores.
func skipPattern(pkg string) string {
	var patterns []string
	for _, s := range skipped {
		if s.pkg == pkg {
			test, sub, _ := strings.Cut(strings.ReplaceAll(s.test, " ", "_"), "/")
			pattern := "^" + test + "$"
			if sub != "" {
				pattern += "/^" + regexp.QuoteMeta(sub) + "$"
			}
			patterns = append(patterns, pattern)
		}
	}
	return strings.Join(patterns, "|")
}

func printSkipped() {
	fmt.Println("=== not tried under Wine")
	for _, s := range skipped {
		fmt.Printf("%s %s: %s\n", s.pkg, s.test, s.reason)
	}
}
