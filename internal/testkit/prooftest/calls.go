package prooftest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// CurrentClient is the npm project with what next-auth depends on, as people
// who install it today get it.
const CurrentClient = "deps-openid-client-5.7.1"

// CallsOf returns the calls that a release makes, by the files that it has.
func CallsOf(t *testing.T, pkg npmreleases.Package) []verify.Call {
	t.Helper()
	for _, file := range []string{
		verify.ClientFile, verify.LegacyFile, "providers/azure-ad.js", "providers/github.js", "providers/linkedin.js", "providers/foursquare.js",
	} {
		if pkg[file] == nil {
			t.Errorf("the package has no %s", file)
		}
	}
	return slices.DeleteFunc(slices.Clone(verify.Calls), func(c verify.Call) bool { return pkg[c.File] == nil })
}

// Install writes what is needed of the package where Node.js finds it from dir:
// writing all of it takes longer than all calls.
func Install(t *testing.T, dir string, pkg npmreleases.Package) {
	t.Helper()
	needed := maps.Clone(pkg)
	maps.DeleteFunc(needed, func(file string, _ []byte) bool {
		server := strings.HasPrefix(file, "core/lib/oauth/") || strings.HasPrefix(file, "providers/")
		return file != "package.json" && !(server && strings.HasSuffix(file, ".js"))
	})
	if err := needed.Write(PackageDir(dir)); err != nil {
		t.Fatal(err)
	}
}

// PackageDir is where Node.js finds next-auth from dir.
func PackageDir(dir string) string { return filepath.Join(dir, "node_modules", "next-auth") }

// Patch patches the package below dir and returns the files that it patched.
func Patch(t *testing.T, dir string) []string {
	t.Helper()
	var patched []string
	for _, f := range clitest.JSON(t, clitest.OK, "-C", dir, "--strict").Copies[0].Files {
		if f.Path != patchset.HelperPath {
			patched = append(patched, f.Path)
		}
	}
	return patched
}

// Phase is a state of a release and of its environment.
type Phase struct {
	Name   string
	Caller *Caller
	// Arrivals is all that the network sees of a call. Where it is nothing, the
	// call has to fail because its host has no address.
	Arrivals func(verify.Call) []string
}

// Prove makes the calls of the release in dir, and holds what comes of them
// and what the network sees against what should be.
func (p Phase) Prove(t *testing.T, network *Network, calls []verify.Call, dir string) {
	t.Helper()
	network.Forget()
	var kinds []string
	for _, c := range calls {
		kinds = append(kinds, c.Kind)
	}
	results := p.Caller.Call(t, dir, kinds...)
	unexpected := network.Seen()
	for _, c := range calls {
		arrivals := p.Arrivals(c)
		p.judge(t, c, results[c.Kind], Missing(arrivals, network.Seen()))
		unexpected = Missing(unexpected, arrivals)
	}
	if len(unexpected) > 0 {
		t.Errorf("%s: %q arrived", p.Name, unexpected)
	}
}

// judge reports what is wrong with a call of which some arrivals were lost.
func (p Phase) judge(t *testing.T, c verify.Call, got Result, lost []string) {
	t.Helper()
	want, fails := Result{Value: c.Value}, p.Arrivals(c) == nil
	if fails && got.Code != "ENOTFOUND" {
		t.Errorf("%s: %s: got %+v, want ENOTFOUND", p.Name, c.Kind, got)
	}
	if !fails && got != want {
		t.Errorf("%s: %s: got %+v, want %+v", p.Name, c.Kind, got, want)
	}
	if len(lost) > 0 {
		t.Errorf("%s: %s: %q did not arrive", p.Name, c.Kind, lost)
	}
}

// Missing returns those of want that are not in got.
func Missing(want, got []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
}

// Caller is a running testdata/calls.js.
type Caller struct {
	network  *Network
	process  *os.Process
	requests *json.Encoder
	results  *json.Decoder
	awaited  int // results
}

// Result is what came of a call: a value or an error.
type Result struct{ Value, Error, Code string }

// hangs is after what time a call is given up for lost.
const hangs = 30 * time.Second

// Caller starts Node.js, to make calls in an environment.
func (n *Network) Caller(t *testing.T, env ...string) *Caller {
	t.Helper()
	cmd := n.Command(t, "calls.js", env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // killed at the end of the test, if it has not ended before
	return &Caller{n, cmd.Process, json.NewEncoder(stdin), json.NewDecoder(stdout), 0}
}

// Call makes some kinds of calls of the next-auth in dir.
func (c *Caller) Call(t *testing.T, dir string, kinds ...string) map[string]Result {
	t.Helper()
	c.Send(t, dir, kinds...)
	return c.Receive(t)
}

// Send asks for some kinds of calls of the next-auth in dir.
func (c *Caller) Send(t *testing.T, dir string, kinds ...string) {
	t.Helper()
	if err := c.requests.Encode(c.network.Request(dir, kinds)); err != nil {
		t.Fatal(err)
	}
	c.awaited = len(kinds)
}

// Receive waits for what came of them.
func (c *Caller) Receive(t *testing.T) map[string]Result {
	t.Helper()
	defer time.AfterFunc(hangs, func() { _ = c.process.Kill() }).Stop()
	results := map[string]Result{}
	for len(results) < c.awaited {
		var answer verify.Answer
		if err := c.results.Decode(&answer); err != nil {
			t.Fatalf("Node.js ended after %d of %d calls: %v", len(results), c.awaited, err)
		}
		results[answer.Kind] = Result{answer.Value, answer.Error, answer.Code}
	}
	return results
}
