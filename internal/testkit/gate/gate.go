// Package gate skips slow tests in the quick loop. The environment variable
// PROXYPATCH_TESTS names the ones to run, as in PROXYPATCH_TESTS=faults,layouts:all.
package gate

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Variable is the environment variable that lists names, separated by commas.
// NAME:all also runs the tests that make test skips.
const Variable = "PROXYPATCH_TESTS"

// names are the groups of tests, and whether NAME:all adds more.
var names = map[string]bool{
	"differential": false,
	"e2e":          true,
	"faults":       true,
	"hostile":      true,
	"layouts":      true,
	"next":         false,
	"nodes":        false,
	"payload":      true,
	"release":      true,
	"releases":     true,
	"verify":       false,
}

// Need skips the test unless Variable lists the name.
func Need(t testing.TB, name string) {
	t.Helper()
	if !Wanted(t, name) {
		t.Skipf("set %s=%s to run it", Variable, name)
	}
}

// NeedAll skips the test unless Variable lists NAME:all.
func NeedAll(t testing.TB, name string) {
	t.Helper()
	if !All(t, name) {
		t.Skipf("set %s=%s:all to run it", Variable, name)
	}
}

// Wanted reports whether Variable lists the name, with or without ":all".
func Wanted(t testing.TB, name string) bool {
	t.Helper()
	_, wanted := asked(t, name)
	return wanted
}

// All reports whether Variable lists NAME:all.
func All(t testing.TB, name string) bool {
	t.Helper()
	all, _ := asked(t, name)
	return all
}

// asked fails the test for an unknown name, because a typo must not skip tests.
func asked(t testing.TB, name string) (all, wanted bool) {
	t.Helper()
	if _, known := names[name]; !known {
		t.Fatalf("no tests are named %q", name)
	}
	chosen, err := parse(os.Getenv(Variable))
	if err != nil {
		t.Fatal(err)
	}
	all, wanted = chosen[name]
	return all, wanted
}

// parse returns the names in a list, and whether ":all" follows each.
func parse(list string) (map[string]bool, error) {
	chosen := map[string]bool{}
	if list == "" {
		return chosen, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		name, suffix, _ := strings.Cut(item, ":")
		hasMore, known := names[name]
		if !known {
			return nil, fmt.Errorf("%s: no tests are named %q", Variable, name)
		}
		all := hasMore && suffix == "all"
		if item != name && !all {
			return nil, fmt.Errorf("%s: %q: there are no more tests than %s", Variable, item, name)
		}
		chosen[name] = chosen[name] || all
	}
	return chosen, nil
}
