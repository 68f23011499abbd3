package gate

import (
	"os"
	"regexp"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for list, want := range map[string]map[string]bool{
		"":                       {},
		"faults":                 {"faults": false},
		"faults,layouts:all":     {"faults": false, "layouts": true},
		"layouts:all,layouts":    {"layouts": true},
		"e2e,release,releases":   {"e2e": false, "release": false, "releases": false},
		"hostile:all,e2e:all":    {"hostile": true, "e2e": true},
		"verify,next,nodes":      {"verify": false, "next": false, "nodes": false},
		"differential,verify":    {"differential": false, "verify": false},
		"release:all,faults:all": {"release": true, "faults": true},
	} {
		got, err := parse(list)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", list, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, list := range []string{"fault", "1", "all", "faults,", ",faults", "faults layouts", "faults, layouts", "faults:", "faults:al", "verify:all", "Faults", "faults=1"} {
		if got, err := parse(list); err == nil {
			t.Errorf("%q gives %v", list, got)
		}
	}
}

// recorder records the end of a test instead of ending this one.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Fatal(...any)          { r.stop("failed") }
func (r *recorder) Fatalf(string, ...any) { r.stop("failed") }
func (r *recorder) Skipf(string, ...any)  { r.stop("skipped") }

func (r *recorder) stop(how string) {
	r.end = how
	runtime.Goexit()
}

// TestNeed runs, skips and fails tests depending on the variable.
func TestNeed(t *testing.T) {
	for _, test := range []struct {
		list, name, need, needAll string
	}{
		{"", "faults", "skipped", "skipped"},
		{"layouts", "faults", "skipped", "skipped"},
		{"faults", "faults", "runs", "skipped"},
		{"faults:all", "faults", "runs", "runs"},
		{"fautls", "faults", "failed", "failed"},
		{"faults,fautls", "faults", "failed", "failed"},
		{"faults", "fautls", "failed", "failed"},
	} {
		t.Setenv(Variable, test.list)
		for want, need := range map[*string]func(testing.TB, string){&test.need: Need, &test.needAll: NeedAll} {
			r := &recorder{TB: t, end: "runs"}
			done := make(chan struct{})
			go func() {
				defer close(done)
				need(r, test.name)
			}()
			<-done
			if r.end != *want {
				t.Errorf("%q, %s: %s, not %s", test.list, test.name, r.end, *want)
			}
		}
	}
}

var row = regexp.MustCompile("(?m)^\\| `([a-z0-9]+)(?:`, `[a-z0-9]+:(all))?` \\|")

// TestNamesAreDocumented compares the table in docs/maintaining/testing.md with the names.
func TestNamesAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../../docs/maintaining/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(document), -1) {
		documented[m[1]] = m[2] != ""
	}
	if diff := cmp.Diff(names, documented); diff != "" {
		t.Errorf("docs/maintaining/testing.md (-names +documented):\n%s", diff)
	}
}
