package built

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// secret is what next-auth 5 itself leaves in a bundle, and @auth/core does not.
const secret = `e.secret??(e.secret=process.env.AUTH_SECRET??process.env.NEXTAUTH_SECRET)`

// cookie is what next-auth/jwt leaves in a bundle.
const cookie = `c=s?"__Secure-next-auth.session-token":"next-auth.session-token"`

func TestRead(t *testing.T) {
	const manifest = `{"middleware": {"/": {"files": ["server/chunks/9.js"]}}, "functions": {"/api/e": {"files": ["server/app/api/e/route.js"]}}}`
	for name, test := range map[string]struct {
		files []string
		want  Content
	}{
		"nothing":                {nil, Content{}},
		"no next-auth":           {[]string{"server/chunks/1.js", openidCode + ownClient}, Content{}},
		"patched":                {[]string{"server/chunks/1.js", patchedClient + event + helper}, Content{Bundled: true, Patched: true, Revision: 4}},
		"patched in two files":   {[]string{"server/chunks/1.js", patchedClient, "server/chunks/ssr/2.js", helper}, Content{Bundled: true, Patched: true, Revision: 4}},
		"an older helper":        {[]string{"server/app/route.js", patchedClient}, Content{Bundled: true, Patched: true}},
		"two helpers":            {[]string{"server/1.js", patchedClient + helper, "server/2.js", patchedClient + strings.Replace(helper, "revision 4", "revision 3", 1)}, Content{Bundled: true, Patched: true, Revision: 3}},
		"unpatched":              {[]string{"server/app/api/auth/[...nextauth]/route.js", unpatchedClient + event}, Content{Bundled: true, Route: true, Unpatched: []string{"server/app/api/auth/[...nextauth]/route.js"}}},
		"both kinds":             {[]string{"server/chunks/1.js", patchedClient + helper, "server/chunks/ssr/2.js", unpatchedClient}, Content{Bundled: true, Revision: 4, Unpatched: []string{"server/chunks/ssr/2.js"}}},
		"both kinds in a file":   {[]string{"server/1.js", patchedClient + helper + unpatchedClient}, Content{Bundled: true, Revision: 4, Unpatched: []string{"server/1.js"}}},
		"the event alone":        {[]string{"server/1.js", event}, Content{Bundled: true, Unpatched: []string{"server/1.js"}}},
		"the event and a helper": {[]string{"server/1.js", event + helper}, Content{Bundled: true, Patched: true, Revision: 4}},
		"the helper alone":       {[]string{"server/1.js", helper}, Content{Patched: true, Revision: 4}},
		"from node_modules":      {[]string{"server/pages/api/auth/[...nextauth].js", `a.exports=require("next-auth")`}, Content{Loads: true, Names: []string{"next-auth"}, Route: true}},
		"a part":                 {[]string{"server/app/api/me/route.js", cookie}, Content{Part: true}},
		"a part in a page":       {[]string{"server/pages/api/me.js", `a.exports=require("next-auth/jwt")`}, Content{Part: true}},
		"a part in middleware":   {[]string{"server/middleware.js", cookie}, Content{Part: true}},
		"a part in edge chunks":  {[]string{"server/edge/chunks/1.js", cookie}, Content{Part: true}},
		"a part and a route":     {[]string{"server/app/api/auth/[...nextauth]/route.js", cookie}, Content{Part: true, Route: true}},
		"next-auth 5":            {[]string{"server/chunks/1.js", directCore + readyEvent, "server/chunks/2.js", secret}, Content{Bundled: true, Unpatched: []string{"server/chunks/1.js"}}},
		"5, partly in the edge":  {[]string{"server/chunks/1.js", directCore, "server/middleware.js", secret}, Content{Bundled: true, Unpatched: []string{"server/chunks/1.js"}}},
		"@auth/core alone":       {[]string{"server/chunks/1.js", directCore + readyEvent}, Content{Bundled: true, Unpatched: []string{"server/chunks/1.js"}, Alone: true}},
		"@auth/core and a route": {[]string{"server/app/api/auth/[...nextauth]/route.js", directCore}, Content{Bundled: true, Route: true, Unpatched: []string{"server/app/api/auth/[...nextauth]/route.js"}}},
		"@auth/core beside 4":    {[]string{"server/chunks/1.js", directCore, "server/chunks/2.js", patchedClient}, Content{Bundled: true, Unpatched: []string{"server/chunks/1.js"}}},
		"next-auth 5, patched":   {[]string{"server/chunks/1.js", patchCore + readyEvent + helper}, Content{Bundled: true, Patched: true, Revision: 4}},
		"the event of 5 alone":   {[]string{"server/1.js", readyEvent}, Content{Bundled: true, Unpatched: []string{"server/1.js"}, Alone: true}},
		"5 in middleware":        {[]string{"server/middleware.js", directCore + readyEvent + "`${t}authjs.session-token`"}, Content{Part: true}},
		"4 patched, 5 not":       {[]string{"server/1.js", patchedClient + helper, "server/2.js", directCore}, Content{Bundled: true, Revision: 4, Unpatched: []string{"server/2.js"}}},
		"5 patched, 4 not":       {[]string{"server/1.js", patchCore + helper, "server/2.js", unpatchedClient}, Content{Bundled: true, Revision: 4, Unpatched: []string{"server/2.js"}}},
		"4 and 5 patched":        {[]string{"server/1.js", patchedClient + helper, "server/2.js", patchCore + readyEvent}, Content{Bundled: true, Patched: true, Revision: 4}},
		"by several names": {
			[]string{"server/chunks/1.js", `e.x("next-auth-b1c77c3a03231bb6",()=>require("next-auth-b1c77c3a03231bb6"));require("next-auth-b1c77c3a03231bb6/next")`, "server/chunks/2.js", `require("next-auth");require("next-auth-a1c77c3a03231bb6")`, "server/chunks/3.js", "x"},
			Content{Loads: true, Names: []string{"next-auth", "next-auth-a1c77c3a03231bb6", "next-auth-b1c77c3a03231bb6"}},
		},
		"in ES modules": {[]string{"server/chunks/nitro/nitro.mjs", unpatchedClient}, Content{Bundled: true, Unpatched: []string{"server/chunks/nitro/nitro.mjs"}}},
		"elsewhere": {
			[]string{
				"server/middleware-manifest.json", manifest, "server/chunks/9.js", unpatchedClient, "server/app/api/e/route.js", unpatchedClient,
				"server/middleware.js", unpatchedClient, "server/src/middleware.js", unpatchedClient, "server/edge/chunks/1.js", unpatchedClient, "server/edge-chunks/1.js", unpatchedClient,
				"server/1.js.map", unpatchedClient, "server/1.json", unpatchedClient, "server/node_modules/next-auth/index.js", unpatchedClient,
				"static/chunks/1.js", unpatchedClient, "cache/webpack/1.js", unpatchedClient, "dev/server/1.js", unpatchedClient,
			},
			Content{},
		},
		"a manifest that is no JSON": {[]string{"server/middleware-manifest.json", `{`, "server/edge.js", patchedClient}, Content{Bundled: true, Patched: true}},
	} {
		t.Run(name, func(t *testing.T) {
			build := Build{Dir: newTree(t, append([]string{".next/BUILD_ID", "x"}, under(".next/", test.files)...)...), Dist: ".next"}
			got, err := build.Read()
			must(t, err)
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Only a part without a sign of the rest makes no requests.
func TestOnlyPart(t *testing.T) {
	for _, test := range []struct {
		content Content
		want    bool
	}{
		{Content{Part: true}, true},
		{Content{}, false},
		{Content{Part: true, Route: true}, false},
		{Content{Part: true, Bundled: true}, false},
		{Content{Part: true, Patched: true}, false},
		{Content{Part: true, Loads: true}, false},
	} {
		if got := test.content.OnlyPart(); got != test.want {
			t.Errorf("%+v: %v", test.content, got)
		}
	}
}

// under puts the names among names and contents into a directory.
func under(dir string, files []string) []string {
	moved := []string{}
	for i, text := range files {
		if i%2 == 0 {
			text = dir + text
		}
		moved = append(moved, text)
	}
	return moved
}

// What can't be read is an error, because it may be unpatched.
func TestReadRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		make func(server string) error
		want string
	}{
		"a link out":             {func(server string) error { return os.Symlink("/dev/null", filepath.Join(server, "1.js")) }, "1.js: leads out of the app through a link"},
		"a directory outside":    {func(server string) error { return os.Symlink(os.TempDir(), filepath.Join(server, "chunks")) }, "chunks: leads out of the app through a link"},
		"a link to a directory":  {func(server string) error { return os.Symlink(".", filepath.Join(server, "chunks")) }, "chunks: is a link to a directory"},
		"a directory":            {func(server string) error { return os.Symlink(".", filepath.Join(server, "1.js")) }, "1.js: is a directory, not a regular file"},
		"a huge file":            {func(server string) error { return sparse(filepath.Join(server, "1.js"), maxFile+1) }, "1.js: has 67108865 bytes; the limit is 67108864"},
		"a file for a directory": {func(server string) error { return errors.Join(os.Remove(server), os.WriteFile(server, nil, 0o644)) }, "server: is not a directory"},
		"nested directories":     {func(server string) error { return os.MkdirAll(filepath.Join(server, strings.Repeat("d/", 110)), 0o755) }, "d: is nested more than 100 directories deep"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTree(t, ".next/server/", "")
			if err := test.make(filepath.Join(dir, ".next", "server")); err != nil {
				t.Skip(err)
			}
			build := Build{Dir: dir, Dist: ".next"}
			content, err := build.Read()
			if wrong := (*Error)(nil); !errors.As(err, &wrong) || !strings.HasSuffix(err.Error(), test.want) || !strings.HasPrefix(wrong.Path, dir) {
				t.Errorf("got %+v, %v", content, err)
			}
		})
	}
}

func sparse(path string, size int64) error {
	return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, size))
}

func TestBounds(t *testing.T) {
	dir := newTree(t, ".next/server/1.js", "x", ".next/server/2.js", "y")
	build := Build{Dir: dir, Dist: ".next"}
	defer func(files int, bytes int64) { maxFiles, maxBytes = files, bytes }(maxFiles, maxBytes)
	maxFiles = 1
	if _, err := build.Read(); !errors.Is(err, errManyFiles) {
		t.Errorf("files: %v", err)
	}
	maxFiles, maxBytes = 2, 1
	if _, err := build.Read(); !errors.Is(err, errManyBytes) {
		t.Errorf("bytes: %v", err)
	}
	maxBytes = 2
	if _, err := build.Read(); err != nil {
		t.Error(err)
	}
}
