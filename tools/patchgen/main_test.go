package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
	"github.com/proxypatch/proxypatch/internal/testkit/stamp"
)

// TestEverythingIsAsDerived runs patchgen --check.
func TestEverythingIsAsDerived(t *testing.T) {
	nodetest.Node(t)
	repo, err := openRepository()
	if err != nil {
		t.Fatal(err)
	}
	var works []work
	for _, s := range sources {
		releases := s.holding(npmreleases.Pins())
		if len(releases) == 0 {
			t.Errorf("no release of %s is pinned", s.Name)
		}
		works = append(works, work{s, releases, nodetest.Packages(t, s.Package, releases)})
	}
	if err := repo.check(npmreleases.Pins(), works); err != nil {
		t.Error(err)
	}
}

// nextAuth and authCore are the sources of the two packages.
var nextAuth, authCore = sources[0], sources[1]

// invented returns packages of a source with every file of its rules. Each file fits its
// rule, and has a mark where releases differ.
func invented(s source, marks ...string) work {
	w := work{source: s}
	w.setClean(nil)
	for i, mark := range marks {
		pkg := npmreleases.Package{}
		for _, r := range s.rules {
			pkg[r.path] = []byte("// " + mark + "\n" +
				"var _openidClient = require(\"openid-client\");\nvar _oauth = require(\"oauth\");\nexports.default = X;\n" +
				"  let issuer;\n  client[_openidClient.custom.clock_tolerance] = 10;\n  const originalGet = 1;\n" +
				"async () => {\nawait fetch(1);\n};\n(0, _https.get)(url, {\n  timeout: 3500\n});\n")
			if s.Form == line.Module {
				pkg[r.path] = []byte("// " + mark + "\nimport { customFetch } from \"../symbols.js\";\n" +
					"export const a = async (normalized, userOptions) => normalized[customFetch] ?? (normalized[customFetch] = userOptions?.[customFetch]);\n" +
					"/** fetches */\nexport const b = async () => {\n  // as fetch does\n  await fetch(1);\n};\n")
			}
			if r.path == providersFile {
				pkg[r.path] = bytes.Replace(pkg[r.path], []byte("fetch(1)"), []byte("a(1)"), 1)
			}
		}
		w.releases = append(w.releases, npmreleases.Release{Version: "4.99." + string(rune('0'+i))})
		w.packages = append(w.packages, pkg)
	}
	return w
}

const providersFile = "lib/utils/providers.js"

func TestContents(t *testing.T) {
	all, err := invented(nextAuth, "a", "a", "b", "c").contents()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range all[:3] {
		got = append(got, c.name()+" "+c.ranges())
	}
	want := []string{
		"patches/v4.99.0/core/lib/oauth/client.js.diff >=4.99.0 <4.99.2",
		"patches/v4.99.2/core/lib/oauth/client.js.diff >=4.99.2 <4.99.3",
		"patches/v4.99.3/core/lib/oauth/client.js.diff >=4.99.3 <=4.99.3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContentsRefuses(t *testing.T) {
	const client, trakt = "core/lib/oauth/client.js", "providers/trakt.js"
	for name, test := range map[string]struct {
		marks []string
		spoil func(packages []npmreleases.Package)
		want  string
	}{
		"a content that comes back": {[]string{"a", "b", "a"}, func([]npmreleases.Package) {}, client + ": 4.99.2 has the content of 4.99.0 again"},
		"a file that goes": {
			[]string{"a", "b"},
			func(packages []npmreleases.Package) { delete(packages[1], trakt) },
			trakt + ": 4.99.1 no longer has this file",
		},
		"a file that never was": {
			[]string{"a"},
			func(packages []npmreleases.Package) { delete(packages[0], trakt) },
			trakt + ": no release has this file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := invented(nextAuth, test.marks...)
			test.spoil(w.packages)
			if _, err := w.contents(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %q", err, test.want)
			}
		})
	}
}

// If a call site is missing or occurs twice, the program stops and names it.
func TestRulesMatchOnce(t *testing.T) {
	for _, spoil := range []func(string) string{
		func(text string) string { return strings.Replace(text, "fetch(", "get(", 1) },
		func(text string) string { return text + "async () => {\nawait fetch(2);\n};\n" },
	} {
		w := invented(nextAuth, "a")
		w.packages[0]["providers/github.js"] = []byte(spoil(string(w.packages[0]["providers/github.js"])))
		all, err := w.contents()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(c *content) bool { return c.rule.path == "providers/github.js" })
		if _, _, err := all[i].diff(); err == nil || !strings.Contains(err.Error(), "providers/github.js: ") || !strings.Contains(err.Error(), "not once") {
			t.Errorf("got %v", err)
		}
	}
}

func TestUncovered(t *testing.T) {
	versions := []string{"2.2.0", "3.0.0-beta.1", "3.29.10", "4.0.0", "4.0.1", "4.24.16", "4.25.0-beta.1", "5.0.0-beta.1", "5.0.0-beta.99", "5.0.0", "odd"}
	got := uncovered(versions, []npmreleases.Pin{{Name: "next-auth", Version: "4.0.1"}, {Name: "other", Version: "4.24.16"}})
	if diff := cmp.Diff([]string{"3.29.10", "4.0.0", "4.24.16", "5.0.0-beta.99", "5.0.0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// scratch returns a repository with everything that patchgen needs. It has one commit,
// with what patchgen generates from some invented packages.
func scratch(t *testing.T, marks ...string) (repository, []work) {
	t.Helper()
	gate.Need(t, "releases")
	nodetest.Node(t)
	if _, err := exec.LookPath("git"); err != nil {
		repotest.Unavailable(t, "patchgen's own repository: %v", err)
	}
	repo := repository{t.TempDir()}
	repo.helper(t, 1, "first")
	repo.git(t, "init", "-q")
	repo.commit(t)
	works := []work{invented(nextAuth, marks...), invented(authCore, marks...)}
	if err := repo.write(nil, works); err != nil {
		t.Fatal(err)
	}
	repo.commit(t)
	return repo, works
}

func (r repository) git(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.top, "-c", "user.name=t", "-c", "user.email=t@t"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (r repository) commit(t *testing.T) {
	t.Helper()
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "x")
}

func (r repository) helper(t *testing.T, revision int, body string) {
	t.Helper()
	for _, s := range sources {
		if err := writeFile(r.path(s.helperFile()), stamp.Helper([]byte("\n"+body+"\n"), revision)); err != nil {
			t.Fatal(err)
		}
	}
}

// changeRule changes azure-ad's call site until the test ends.
func changeRule(t *testing.T, with string) {
	t.Helper()
	i := slices.IndexFunc(nextAuthRules, func(r rule) bool { return r.path == "providers/azure-ad.js" })
	was := nextAuthRules[i].edits
	t.Cleanup(func() { nextAuthRules[i].edits = was })
	nextAuthRules[i].edits = []edit{requireInProvider, replace(`await fetch\(`, "await "+with+"(")}
}

func (r repository) superseded(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"patches/superseded/*/helper/*", "patches/superseded/*/v*/providers/*"} {
		found, err := fs.Glob(os.DirFS(r.top), pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}

// What the last commit would leave in packages is kept for ever, no matter what was tried
// before the next commit.
func TestSupersede(t *testing.T) {
	repo, works := scratch(t, "a")
	const azure = "v4.99.0/providers/azure-ad.js.diff"
	for _, try := range []string{"one", "two"} {
		changeRule(t, try)
		if err := repo.write(nil, works); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"patches/superseded/1/" + azure}, repo.superseded(t)); diff != "" {
			t.Errorf("a changed rule (-want +got):\n%s", diff)
		}
	}
	repo.commit(t)

	repo.helper(t, 1, "second")
	if err := repo.write(nil, works); err == nil || !strings.Contains(err.Error(), "raise the revision") {
		t.Errorf("a changed helper of the same revision: %v", err)
	}
	for _, try := range []string{"second", "third"} {
		repo.helper(t, 2, try)
		if err := repo.write(nil, works); err != nil {
			t.Fatal(err)
		}
	}
	changeRule(t, "three")
	if err := repo.write(nil, works); err != nil {
		t.Fatal(err)
	}
	want := []string{"patches/superseded/1/" + azure, "patches/superseded/2/" + azure}
	if diff := cmp.Diff(want, repo.superseded(t)); diff != "" { // helpers are recognised by their markers
		t.Errorf("a changed helper and rule (-want +got):\n%s", diff)
	}
	for _, name := range want {
		kept, err := os.ReadFile(repo.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(repo.path(name)); err != nil {
			t.Fatal(err)
		}
		if err := repo.check(nil, works); err == nil || !strings.Contains(err.Error(), "was once left in packages, but is no longer embedded") {
			t.Errorf("without %s: %v", name, err)
		}
		if err := writeFile(repo.path(name), kept); err != nil {
			t.Fatal(err)
		}
	}
}

// A result that Node.js can't parse is refused, and nothing is written.
func TestResultsParse(t *testing.T) {
	repo, works := scratch(t, "a")
	changeRule(t, ")(")
	if err := repo.write(nil, works); err == nil || !strings.Contains(err.Error(), "providers/azure-ad.js.diff") {
		t.Errorf("got %v", err)
	}
	repo.git(t, "diff", "--exit-code", "HEAD")
}

// oldest returns works with their first releases alone.
func oldest(works []work) []work {
	var first []work
	for _, w := range works {
		first = append(first, work{w.source, w.releases[:1], w.packages[:1]})
	}
	return first
}

// Removing a release and adding it again changes nothing.
func TestReleaseComesAndGoes(t *testing.T) {
	repo, works := scratch(t, "a", "b")
	if err := repo.write(nil, oldest(works)); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(repo.path("patches/v4.99.1")); err == nil { // go:embed refuses an empty directory
		t.Errorf("the directory of the release that went is still there: %v", entries)
	}
	if err := repo.write(nil, works); err != nil {
		t.Fatal(err)
	}
	repo.git(t, "diff", "--exit-code", "HEAD", "--", "patches/v4.99.0", "patches/v4.99.1", "patches/packages", "docs")
}

func TestCheckFinds(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, repo repository)
		want  string
	}{
		"a changed diff": {
			func(t *testing.T, repo repository) { spoilFile(t, repo, "patches/v4.99.0/providers/trakt.js.diff") },
			"patches/v4.99.0/providers/trakt.js.diff differs from what the packages give; run patchgen",
		},
		"a diff for nothing": {
			func(t *testing.T, repo repository) {
				text := "Releases: >=4.98.0 <4.99.0\n\n" + string(patchset.Format("x.js", []byte("a\n"), []byte("b\n"), 0o644))
				if err := writeFile(repo.path("patches/v4.98.0/x.js.diff"), []byte(text)); err != nil {
					t.Fatal(err)
				}
			},
			"patches/v4.98.0/x.js.diff matches no released content",
		},
		"a changed table": {
			func(t *testing.T, repo repository) { spoilFile(t, repo, "docs/maintaining/contents.tsv") },
			"docs/maintaining/contents.tsv differs from what the packages give; run patchgen",
		},
		"a revision with two helpers": {
			func(t *testing.T, repo repository) { repo.helper(t, 1, "new") },
			"core/lib/proxy.js has changed: raise the revision",
		},
		"a helper without a row": {
			func(t *testing.T, repo repository) { repo.helper(t, 2, "new") },
			historyFile + " lacks core/lib/proxy.js",
		},
	} {
		t.Run(name, func(t *testing.T) {
			repo, works := scratch(t, "a")
			if err := repo.check(nil, works); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, repo)
			if err := repo.check(nil, works); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %q", err, test.want)
			}
		})
	}
}

func spoilFile(t *testing.T, repo repository, name string) {
	t.Helper()
	text, err := os.ReadFile(repo.path(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(repo.path(name), []byte(strings.Replace(string(text), "4.99.0", "4.99.7", 1))); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryFormat(t *testing.T) {
	repo, err := openRepository()
	if err != nil {
		t.Fatal(err)
	}
	h, err := repo.readHistory()
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile(repo.path(historyFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(is), string(h.format())); diff != "" {
		t.Errorf("%s (-is +as format writes it):\n%s", historyFile, diff)
	}
}
