package prooftest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// CurrentClient is the npm project with the dependencies of next-auth that an install
// gets today.
const CurrentClient = "deps-openid-client-5.7.1"

// The lines, by what makes their calls.
var (
	NextAuth  = drivenBy("next-auth.js")
	AuthCore  = drivenBy("auth-core.js")
	NextAuth3 = drivenBy("next-auth-3.js")
)

func drivenBy(driver string) *line.Line {
	return line.All[slices.IndexFunc(line.All, func(l *line.Line) bool { return l.Calls.Driver == driver })]
}

// everyReleaseHas are files of a line that all its releases have.
var everyReleaseHas = map[*line.Line][]string{
	NextAuth: {
		"core/lib/oauth/client.js", "core/lib/oauth/client-legacy.js",
		"providers/azure-ad.js", "providers/github.js", "providers/linkedin.js", "providers/foursquare.js",
	},
	AuthCore: {
		"lib/utils/providers.js", "providers/apple.js", "providers/github.js", "providers/microsoft-entra-id.js", "providers/resend.js",
	},
	NextAuth3: {"dist/server/lib/oauth/client.js"},
}

// CallsOf returns the calls that a release of a line makes.
func CallsOf(t *testing.T, l *line.Line, pkg npmreleases.Package) []line.Call {
	t.Helper()
	for _, file := range everyReleaseHas[l] {
		if pkg[file] == nil {
			t.Errorf("the package has no %s", file)
		}
	}
	return l.Calls.Of(func(file, code string) bool {
		return pkg[file] != nil && bytes.Contains(pkg[file], []byte(code))
	})
}

// InstalledCalls returns the calls of the line's package that Node.js finds from dir.
func InstalledCalls(l *line.Line, dir string) []line.Call {
	return verify.Copy{Dir: PackageDir(l, dir), Calls: &l.Calls}.Kinds()
}

// Install writes the needed files of the line's package to the place where Node.js finds
// it from dir. Writing all files would take longer than all calls.
func Install(t *testing.T, l *line.Line, dir string, pkg npmreleases.Package) {
	t.Helper()
	needed := maps.Clone(pkg)
	maps.DeleteFunc(needed, func(file string, _ []byte) bool {
		server := l.Package != line.NextAuth || slices.ContainsFunc([]string{"core/lib/oauth/", "providers/", "dist/server/lib/oauth/", "dist/lib/"}, func(dir string) bool {
			return strings.HasPrefix(file, dir)
		})
		return file != "package.json" && !(server && strings.HasSuffix(file, ".js"))
	})
	if err := needed.Write(PackageDir(l, dir)); err != nil {
		t.Fatal(err)
	}
}

// PackageDir returns the directory where Node.js finds the line's package from dir.
func PackageDir(l *line.Line, dir string) string {
	return filepath.Join(dir, "node_modules", filepath.FromSlash(l.Package))
}

// Patch patches the package below dir and returns the patched files.
func Patch(t *testing.T, dir string) []string {
	t.Helper()
	var patched []string
	for _, f := range clitest.JSON(t, clitest.OK, "-C", dir, "--strict").Copies[0].Files {
		if !slices.ContainsFunc(line.All, func(l *line.Line) bool { return l.Helper == f.Path }) {
			patched = append(patched, f.Path)
		}
	}
	return patched
}

// Phase is a state of a release and of its environment.
type Phase struct {
	Name   string
	Caller *Caller
	// Arrivals returns all requests that the network sees of a call. If there are
	// none, the call must fail because its host has no address.
	Arrivals func(line.Call) []string
}

// Prove makes the calls of the release in dir, and checks their results and the
// requests that the network sees.
func (p Phase) Prove(t *testing.T, network *Network, calls []line.Call, dir string) {
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

// judge reports a wrong result of a call, and its lost requests.
func (p Phase) judge(t *testing.T, c line.Call, got Result, lost []string) {
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

// Missing returns the elements of want that got lacks.
func Missing(want, got []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
}

// Caller is a Node.js that runs the script in testdata of a line.
type Caller struct {
	network  *Network
	process  *os.Process
	requests *json.Encoder
	results  *json.Decoder
	awaited  int // results
}

// Result is the result of a call: a value or an error.
type Result struct{ Value, Error, Code string }

// hangs is the time after which a call counts as lost.
const hangs = 30 * time.Second

// Caller starts Node.js in an environment, to make calls of a line.
func (n *Network) Caller(t *testing.T, l *line.Line, env ...string) *Caller {
	t.Helper()
	cmd := n.Command(t, l.Calls.Driver, env...)
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
	t.Cleanup(func() { _ = cmd.Wait() }) // the end of the test kills it if it is still running
	return &Caller{n, cmd.Process, json.NewEncoder(stdin), json.NewDecoder(stdout), 0}
}

// Call makes some kinds of calls of the package in dir.
func (c *Caller) Call(t *testing.T, dir string, kinds ...string) map[string]Result {
	t.Helper()
	c.Send(t, dir, kinds...)
	return c.Receive(t)
}

// Send requests some kinds of calls of the package in dir.
func (c *Caller) Send(t *testing.T, dir string, kinds ...string) {
	t.Helper()
	if err := c.requests.Encode(c.network.Request(dir, kinds)); err != nil {
		t.Fatal(err)
	}
	c.awaited = len(kinds)
}

// Receive waits for the results.
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
