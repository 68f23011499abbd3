package detect

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/pnp"
	"github.com/proxypatch/proxypatch/internal/testkit/pnptest"
)

// newPlugged makes a project of Plug'n'Play: files, and archives with a package.json by
// their path. Their name without the release is the package's.
func newPlugged(t *testing.T, files map[string]string, packages []pnptest.Package, archives map[string]string) string {
	t.Helper()
	dir := newTree(t, files)
	for at, manifest := range archives {
		path, name, _ := strings.Cut(at, " ")
		data, err := pnptest.Archive(name, fstest.MapFS{"package.json": {Data: []byte(manifest)}, "core/lib/oauth/client.js": {}})
		if err != nil {
			t.Fatal(err)
		}
		writeTree(t, dir, map[string]string{path: string(data)}, nil)
	}
	writeTree(t, dir, map[string]string{"shop/.pnp.cjs": pnptest.Loader(packages...)}, nil)
	return dir
}

const (
	auth5 = `{"name": "next-auth", "version": "5.0.0-beta.32"}`
	core  = `{"name": "@auth/core", "version": "0.41.3"}`
)

// newShop makes a workspace whose archives are in a cache outside of it. web and admin load
// the same files of next-auth 4 with other peers: only web has an https-proxy-agent. docs
// loads next-auth 5 under another name, and an @auth/core beside it.
func newShop(t *testing.T) string {
	t.Helper()
	virtual := func(peers, rest string) string { return "./.yarn/__virtual__/x-virtual-" + peers + "/2/" + rest }
	const next4, next5, agent = "cache/next-auth-npm-4.24.5-0.zip/node_modules/next-auth/", "cache/next-auth-npm-5-0.zip/node_modules/next-auth/", "../cache/agent-0.zip/node_modules/https-proxy-agent/"
	return newPlugged(t, map[string]string{
		"shop/package.json":       `{"workspaces": ["*"], "packageManager": "yarn@4.18.1"}`,
		"shop/web/package.json":   `{"name": "web", ` + needs + `}`,
		"shop/admin/package.json": `{"name": "admin", "dependencies": {"kit": "1"}, "devDependencies": {"https-proxy-agent": "7"}}`,
		"shop/docs/package.json":  `{"name": "docs", "dependencies": {"auth5": "npm:next-auth@beta", "@auth/core": "0.40.0", "adapter": "1"}}`,
	}, []pnptest.Package{
		{Location: "./", Needs: map[string]string{"root": "workspace:."}},
		{Name: "root", Reference: "workspace:.", Location: "./"},
		{Name: "web", Reference: "workspace:web", Location: "./web/", Needs: map[string]string{"next-auth": "virtual:a#npm:4.24.5"}},
		{Name: "admin", Reference: "workspace:admin", Location: "./admin/", Needs: map[string]string{"kit": "npm:1", "https-proxy-agent": "npm:7.0.6"}},
		{Name: "docs", Reference: "workspace:docs", Location: "./docs/", Needs: map[string]string{"auth5": "next-auth npm:5", "@auth/core": "npm:0.40.0", "adapter": "npm:1"}},
		{Name: "kit", Reference: "npm:1", Location: "../cache/kit-0.zip/node_modules/kit/", Needs: map[string]string{"next-auth": "virtual:b#npm:4.24.5"}},
		{Name: "adapter", Reference: "npm:1", Location: "../cache/adapter-0.zip/node_modules/adapter/", Needs: map[string]string{"@auth/core": "npm:0.39.0"}},
		{Name: "next-auth", Reference: "npm:4.24.5", Location: "../" + next4, Needs: map[string]string{"next-auth": "npm:4.24.5"}},
		{Name: "next-auth", Reference: "virtual:a#npm:4.24.5", Location: virtual("a", next4), Needs: map[string]string{"https-proxy-agent": "npm:7.0.6"}},
		{Name: "next-auth", Reference: "virtual:b#npm:4.24.5", Location: virtual("b", next4), Needs: map[string]string{"https-proxy-agent": ""}},
		{Name: "next-auth", Reference: "npm:4.2.1", Location: "../cache/nobody-loads-it-0.zip/node_modules/next-auth/"},
		{Name: "next-auth", Reference: "npm:5", Location: "../" + next5, Needs: map[string]string{"@auth/core": "npm:0.41.3"}},
		{Name: "@auth/core", Reference: "npm:0.41.3", Location: "../cache/core-0.41.3-0.zip/node_modules/@auth/core/", Needs: map[string]string{"https-proxy-agent": "npm:7.0.6"}},
		{Name: "@auth/core", Reference: "npm:0.40.0", Location: "../cache/core-0.40.0-0.zip/node_modules/@auth/core/"},
		{Name: "@auth/core", Reference: "npm:0.39.0", Location: "../cache/core-0.39.0-0.zip/node_modules/@auth/core/"},
		{Name: "https-proxy-agent", Reference: "npm:7.0.6", Location: agent},
	}, map[string]string{
		"cache/next-auth-npm-4.24.5-0.zip next-auth": release24, "cache/next-auth-npm-5-0.zip next-auth": auth5,
		"cache/agent-0.zip https-proxy-agent": agent7, "cache/core-0.41.3-0.zip @auth/core": core,
		"cache/core-0.40.0-0.zip @auth/core": `{"name": "@auth/core", "version": "0.40.0"}`,
		"cache/core-0.39.0-0.zip @auth/core": `{"name": "@auth/core", "version": "0.39.0"}`,
	})
}

func summaries(dir string, copies []Install) []string {
	var all []string
	for _, c := range copies {
		text := relativeTo(dir, c.Dir) + " " + c.FullRelease() + " " + c.Agent.Version + c.Agent.Problem
		for _, way := range c.Reached {
			text += ", " + way.From
		}
		all = append(all, text)
	}
	return all
}

func relativeTo(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

func TestPlugAndPlay(t *testing.T) {
	const (
		four = "cache/next-auth-npm-4.24.5-0.zip/node_modules/next-auth 4.24.5 is not installed where next-auth can load it, web"
		five = "cache/core-0.41.3-0.zip/node_modules/@auth/core 5.0.0-beta.32 (@auth/core 0.41.3) 7.0.6, docs"
		side = "cache/core-0.40.0-0.zip/node_modules/@auth/core 5.0.0-beta.32 (@auth/core 0.40.0) is not installed where @auth/core can load it, docs"
	)
	dir := newShop(t)
	for from, want := range map[string]struct{ copies, others, strays []string }{
		".":     {[]string{five, four}, nil, []string{side}},
		"web":   {[]string{four}, []string{five}, nil},
		"admin": {[]string{four}, []string{five}, nil},
		"docs":  {[]string{five}, []string{four}, []string{side}},
	} {
		project, err := find(filepath.Join(dir, "shop", from), false)
		if err != nil {
			t.Fatal(err)
		}
		for name, lists := range map[string][2][]string{
			"copies": {want.copies, summaries(dir, project.Copies)}, "others": {want.others, summaries(dir, project.Others)},
			"strays": {want.strays, summaries(dir, project.Strays)},
		} {
			if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
				t.Errorf("%s from %s (-want +got):\n%s", name, from, diff)
			}
		}
		for _, c := range slices.Concat(project.Copies, project.Strays) {
			if c.Shared != keptByYarn || c.PnP == nil || c.PnP.Files == nil || c.PnP.Loader != filepath.Join(dir, "shop", ".pnp.cjs") {
				t.Errorf("%s: %+v", c.Dir, c)
			}
			if left, err := project.Leftover(&c); left || err != nil {
				t.Errorf("%s is a leftover: %v", c.Dir, err)
			}
		}
	}
}

// TestPlugAndPlayRelations: who loads what, and what brings it.
func TestPlugAndPlayRelations(t *testing.T) {
	dir := newShop(t)
	project, err := find(filepath.Join(dir, "shop"), false)
	if err != nil {
		t.Fatal(err)
	}
	five, four := &project.Copies[0], &project.Copies[1]
	if loaded := filepath.ToSlash(four.PnP.Dir); !strings.Contains(loaded, "x-virtual-b") {
		t.Errorf("the copy is loaded from %s, where its agent works", loaded)
	}
	for _, p := range project.Packages {
		for c, want := range map[*Install]bool{four: p.Name == "web" || p.Name == "admin", five: p.Name == "docs"} {
			if loads, err := project.Loads(p, c); loads != want || err != nil {
				t.Errorf("%s loads %s: %v, %v", p.Name, c.Dir, loads, err)
			}
			if depends, err := project.DependsOn(p, c); depends != want || err != nil {
				t.Errorf("%s depends on %s: %v, %v", p.Name, c.Dir, depends, err)
			}
		}
	}
	if source, err := project.SourceOfAgent(five); source != (AgentSource{}) || err != nil {
		t.Errorf("the source of its own agent is %+v, %v", source, err)
	}
	brought, err := project.Brought()
	if want := []Brought{{Holder{"@auth/core", "0.39.0"}, "adapter", filepath.Join(dir, "cache", "core-0.39.0-0.zip", "node_modules", "@auth", "core")}}; err != nil || !cmp.Equal(want, brought) {
		t.Errorf("brought: %+v, %v", brought, err)
	}
	if !strings.Contains(project.Names(), "4.24.5") || project.Manager != YarnBerry {
		t.Errorf("%s, %s", project.Names(), project.Manager)
	}
}

// TestSelectPlugged: a path in an archive selects a copy, also through a link.
func TestSelectPlugged(t *testing.T) {
	dir := newShop(t)
	project, err := find(filepath.Join(dir, "shop"), false)
	if err != nil {
		t.Fatal(err)
	}
	newLink(t, dir, "link -> cache")
	for _, cache := range []string{"cache", "link"} {
		selected, err := project.Select([]string{filepath.Join(dir, cache, "next-auth-npm-4.24.5-0.zip", "node_modules", "next-auth")})
		if err != nil || len(selected) != 1 || selected[0].Release != "4.24.5" {
			t.Errorf("%s: selected %v, %v", cache, selected, err)
		}
	}
}

// TestPluggedAgent: which dependency brings the agent that next-auth gets by a fallback.
func TestPluggedAgent(t *testing.T) {
	for name, test := range map[string]struct {
		manifest string
		needs    map[string]string
		want     AgentSource
	}{
		"the root's":            {`{"dependencies": {"next-auth": "4", "https-proxy-agent": "7"}}`, nil, AgentSource{}},
		"a devDependency":       {`{"dependencies": {"next-auth": "4"}, "devDependencies": {"https-proxy-agent": "7"}}`, nil, AgentSource{"https-proxy-agent", true}},
		"next-auth's extension": {`{"dependencies": {"next-auth": "4"}}`, map[string]string{"https-proxy-agent": "npm:7"}, AgentSource{}},
	} {
		t.Run(name, func(t *testing.T) {
			root := map[string]string{"next-auth": "npm:4", "https-proxy-agent": "npm:7"}
			dir := newPlugged(t, map[string]string{"shop/package.json": test.manifest}, []pnptest.Package{
				{Location: "./", Needs: root},
				{Name: "root", Reference: "workspace:.", Location: "./", Needs: root},
				{Name: "next-auth", Reference: "npm:4", Location: "./next-auth.zip/node_modules/next-auth/", Needs: test.needs},
				{Name: "https-proxy-agent", Reference: "npm:7", Location: "./agent.zip/node_modules/https-proxy-agent/"},
			}, map[string]string{"shop/next-auth.zip next-auth": release24, "shop/agent.zip https-proxy-agent": agent7})
			project, err := find(filepath.Join(dir, "shop"), false)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := project.SourceOfAgent(&project.Copies[0]); got != test.want || err != nil {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// TestPluggedPackages: what can be wrong with the packages of Plug'n'Play.
func TestPluggedPackages(t *testing.T) {
	next := func(location string) []pnptest.Package {
		return []pnptest.Package{
			{Name: "root", Reference: "workspace:.", Location: "./", Needs: map[string]string{"next-auth": "npm:4"}},
			{Name: "next-auth", Reference: "npm:4", Location: location},
		}
	}
	for name, test := range map[string]struct {
		packages []pnptest.Package
		archives map[string]string
		err      error
		says     string
	}{
		"no archive":      {next("./next-auth.zip/node_modules/next-auth/"), nil, ErrNotFound, "next-auth.zip: is not installed yet"},
		"not in archive":  {next("./next-auth.zip/node_modules/next-auth/"), map[string]string{"shop/next-auth.zip other": release24}, ErrNotFound, "is not installed yet"},
		"no unplugged":    {next("./.yarn/unplugged/x/node_modules/next-auth/"), nil, ErrNotFound, "next-auth: is not installed yet"},
		"no package.json": {next("./next-auth.zip/node_modules/next-auth/core/"), map[string]string{"shop/next-auth.zip next-auth": release24}, nil, "package.json: is missing"},
		"broken":          {next("./next-auth.zip/node_modules/next-auth/"), map[string]string{"shop/next-auth.zip next-auth": "{"}, nil, "package.json: is not valid JSON"},
		"no next-auth":    {next("./")[:1], nil, ErrNotFound, "no next-auth is installed for"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newPlugged(t, map[string]string{"shop/package.json": "{}"}, test.packages, test.archives)
			_, err := find(filepath.Join(dir, "shop"), false)
			if err == nil || !strings.Contains(err.Error(), test.says) || test.err != nil && !errors.Is(err, test.err) || test.err == nil && !unusable(err) {
				t.Errorf("got the error %v, which does not say %q", err, test.says)
			}
		})
	}
	// node_modules come first, as in a project that no longer uses Plug'n'Play.
	dir := newTree(t, map[string]string{"package.json": "{}", ".pnp.cjs": "", "node_modules/next-auth/package.json": release24})
	if project, err := find(dir, false); err != nil || project.Copies[0].PnP != nil {
		t.Errorf("%v, %v", project, err)
	}
	if _, err := pnp.Read(dir); err == nil {
		t.Error("the loader is not broken")
	}
}

// TestPatchedAlias: with a patch by yarn, an alias is a package with a name of its own.
func TestPatchedAlias(t *testing.T) {
	const reference = "patch:next-auth@npm%3A4.24.5#~/.yarn/patches/next-auth-npm-4.24.5.patch::version=4.24.5&hash=0f"
	dir := newPlugged(t, map[string]string{"shop/package.json": `{"dependencies": {"auth4": "npm:next-auth@4", "kit": "1"}}`}, []pnptest.Package{
		{Name: "root", Reference: "workspace:.", Location: "./", Needs: map[string]string{"auth4": reference, "kit": "patch:kit@npm%3A1#~/.yarn/patches/for-next-auth.patch"}},
		{Name: "auth4", Reference: reference, Location: "./auth4-patch-0.zip/node_modules/auth4/"},
		{Name: "kit", Reference: "patch:kit@npm%3A1#~/.yarn/patches/for-next-auth.patch", Location: "./kit.zip/node_modules/kit/"},
	}, map[string]string{"shop/auth4-patch-0.zip auth4": release24, "shop/kit.zip kit": `{"name": "kit", "version": "1.0.0"}`})
	project, err := find(filepath.Join(dir, "shop"), false)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"shop/auth4-patch-0.zip/node_modules/auth4 4.24.5 is not installed where next-auth can load it, ."}
	if diff := cmp.Diff(want, summaries(dir, project.Copies)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
