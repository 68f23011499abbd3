// Package gate keeps slow tests out of the quick loop. The environment variable
// PROXYPATCH_TESTS names those to run, as in PROXYPATCH_TESTS=faults,layouts:all.
package gate

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Variable is the environment variable that lists names, separated by commas.
// NAME:all asks for what even make test leaves out.
const Variable = "PROXYPATCH_TESTS"

// names are the tests that can be asked for, and whether NAME:all adds more.
var names = map[string]bool{
	"differential": false,
	"e2e":          true,
	"faults":       true,
	"hostile":      true,
	"layouts":      true,
	"next":         false,
	"nodes":        false,
	"release":      true,
	"releases":     false,
	"verify":       false,
}

// Need skips the test unless the name is asked for.
func Need(t testing.TB, name string) {
	t.Helper()
	if !Wanted(t, name) {
		t.Skipf("set %s=%s to run it", Variable, name)
	}
}

// NeedAll skips the test unless NAME:all is asked for.
func NeedAll(t testing.TB, name string) {
	t.Helper()
	if !All(t, name) {
		t.Skipf("set %s=%s:all to run it", Variable, name)
	}
}

// Wanted reports whether the name is asked for, with or without ":all".
func Wanted(t testing.TB, name string) bool {
	t.Helper()
	_, wanted := asked(t, name)
	return wanted
}

// All reports whether NAME:all is asked for.
func All(t testing.TB, name string) bool {
	t.Helper()
	all, _ := asked(t, name)
	return all
}

// asked fails the test for a name that nothing knows: a typo must not skip tests.
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

// parse returns the names in a list, and for each whether ":all" follows it.
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
			return nil, fmt.Errorf("%s: %q: nothing more than %s can be asked for", Variable, item, name)
		}
		chosen[name] = chosen[name] || all
	}
	return chosen, nil
}
