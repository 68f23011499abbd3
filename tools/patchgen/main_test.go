package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/nodetest"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/released"
)

// TestEverythingIsAsDerived is patchgen --check.
func TestEverythingIsAsDerived(t *testing.T) {
	nodetest.Node(t)
	releases, packages := nodetest.Releases(t)
	repo, err := openRepository()
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.check(releases, packages); err != nil {
		t.Error(err)
	}
}

// invented returns packages that hold every file of the rules, each made to fit
// its rule, with a mark of the release's number where it differs.
func invented(marks ...string) (releases []released.Release, packages []released.Package) {
	for i, mark := range marks {
		pkg := released.Package{}
		for _, r := range rules {
			pkg[r.path] = []byte("// " + mark + "\n" +
				"var _openidClient = require(\"openid-client\");\nvar _oauth = require(\"oauth\");\nexports.default = X;\n" +
				"  let issuer;\n  client[_openidClient.custom.clock_tolerance] = 10;\n  const originalGet = 1;\n" +
				"await fetch(1);\n(0, _https.get)(url, {\n  timeout: 3500\n});\n")
		}
		releases = append(releases, released.Release{Version: "4.99." + string(rune('0'+i))})
		packages = append(packages, pkg)
	}
	return releases, packages
}

func TestContents(t *testing.T) {
	all, err := contents(invented("a", "a", "b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range all[:3] {
		got = append(got, c.name()+" "+c.ranges())
	}
	want := []string{
		"v4.99.0/core/lib/oauth/client.js.diff >=4.99.0 <4.99.2",
		"v4.99.2/core/lib/oauth/client.js.diff >=4.99.2 <4.99.3",
		"v4.99.3/core/lib/oauth/client.js.diff >=4.99.3 <=4.99.3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContentsRefuses(t *testing.T) {
	const client, trakt = "core/lib/oauth/client.js", "providers/trakt.js"
	for name, test := range map[string]struct {
		marks []string
		spoil func(packages []released.Package)
		want  string
	}{
		"a content that comes back": {[]string{"a", "b", "a"}, func([]released.Package) {}, client + ": the content of 4.99.0 comes back in 4.99.2"},
		"a file that goes": {
			[]string{"a", "b"},
			func(packages []released.Package) { delete(packages[1], trakt) },
			trakt + ": 4.99.1 has no such file any more",
		},
		"a file that never was": {
			[]string{"a"},
			func(packages []released.Package) { delete(packages[0], trakt) },
			trakt + ": no release has such a file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			releases, packages := invented(test.marks...)
			test.spoil(packages)
			if _, err := contents(releases, packages); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want %q", err, test.want)
			}
		})
	}
}

// A call site that is gone, or there twice, stops the program and is named.
func TestRulesMatchOnce(t *testing.T) {
	for _, spoil := range []func(string) string{
		func(text string) string { return strings.Replace(text, "fetch(", "get(", 1) },
		func(text string) string { return text + "await fetch(2);\n" },
	} {
		releases, packages := invented("a")
		packages[0]["providers/github.js"] = []byte(spoil(string(packages[0]["providers/github.js"])))
		all, err := contents(releases, packages)
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
	versions := []string{"3.29.10", "4.0.0", "4.0.1", "4.24.16", "4.25.0-beta.1", "5.0.0", "5.0.0-beta.1", "odd"}
	got := uncovered(versions, []released.Release{{Version: "4.0.1"}})
	if diff := cmp.Diff([]string{"4.24.16"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Nothing that was ever left in a package may stop being recognised.
func TestHistoryIsEmbedded(t *testing.T) {
	repo, err := openRepository()
	if err != nil {
		t.Fatal(err)
	}
	diffs, err := repo.embedded("v*")
	if err != nil {
		t.Fatal(err)
	}
	files := generated{}
	for name, d := range diffs {
		text := "Releases: " + d.Releases.String() + "\n\n"
		files[name] = append([]byte(text), patchset.Format(d.Path, []byte("a\n"), []byte("b\n"), 0o644)...)
	}
	if err := repo.checkHistory(files); err == nil {
		t.Error("other diffs in the place of those in the history are accepted")
	}
	h, err := repo.readHistory()
	if err != nil {
		t.Fatal(err)
	}
	again := history{}
	maps.Copy(again, h)
	if string(again.format()) != string(h.format()) || len(h) == 0 {
		t.Errorf("%s is not as format writes it", historyFile)
	}
}
