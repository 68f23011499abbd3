//go:build unix

package hostile

import (
	"path/filepath"
	"strings"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
)

// hostileBuilds replaces what a build left.
func hostileBuilds() map[string]hostile {
	const (
		chunk  = ".next/server/chunks/1.js"
		linked = ".next/node_modules/next-auth-c77c3a03231bb629"
		server = "process.env.__NEXT_PRIVATE_STANDALONE_CONFIG\n"
	)
	unpatched := attempt{"check --built", clitest.Pending, "files are not patched"}
	unbuilt := attempt{"check --built", clitest.NotFound, "not built"}
	refuses := func(says string) attempt { return attempt{"check --built", clitest.Failed, says} }
	hashed := func(p *place) { p.write(chunk, `require("next-auth-c77c3a03231bb629")`) }
	cases := map[string]hostile{}
	for name, test := range map[string]struct {
		make func(p *place)
		run  attempt
	}{
		"a chunk is a pipe":                 {func(p *place) { p.fifo(chunk) }, refuses("chunks/1.js: is a named pipe, not a regular file")},
		"a chunk is a link out":             {func(p *place) { p.link(chunk, filepath.Join(p.outside, "package.json")) }, refuses("leads out of the app through a link")},
		"a chunk is a device":               {func(p *place) { p.link(chunk, "/dev/zero") }, refuses("leads out of the app through a link")},
		"a chunk is huge":                   {func(p *place) { p.sparse(chunk, 1<<40) }, refuses("has 1099511627776 bytes")},
		"a chunk is as large as it may be":  {func(p *place) { p.sparse(chunk, 64<<20) }, unpatched},
		"a chunk is full of clients":        {func(p *place) { p.write(chunk, strings.Repeat("redirect_uris:[a.callbackUrl],...a.b", 1_000_000)) }, unpatched},
		"a chunk is full of markers":        {func(p *place) { p.write(chunk, strings.Repeat(`"proxypatch helper revision 1`, 1_000_000)) }, unpatched},
		"a chunk's name is an escape":       {func(p *place) { p.write(".next/server/\x1b[31m.js", `e.error("OAUTH_V1_GET_ACCESS_TOKEN_ERROR")`) }, attempt{"check --built -v", clitest.Pending, "built without the patch"}},
		"the chunks are a circle":           {func(p *place) { p.link(".next/server/chunks", "..") }, refuses("chunks: leads out of the app through a link")},
		"the chunks are outside":            {func(p *place) { p.link(".next/server", p.outside) }, refuses("leads out of the app through a link")},
		"the chunks are deep":               {func(p *place) { p.mkdir(".next/server/" + strings.Repeat("d/", 1000)) }, refuses("is nested more than 100 directories deep")},
		"the server's directory is a file":  {func(p *place) { p.write(".next/server", "x") }, refuses("server: is not a directory")},
		"BUILD_ID is a pipe":                {func(p *place) { p.fifo(".next/BUILD_ID") }, unbuilt},
		"BUILD_ID is a link out":            {func(p *place) { p.link(".next/BUILD_ID", filepath.Join(p.outside, "package.json")) }, refuses("BUILD_ID: leads out of the app through a link")},
		"server.js is a pipe":               {func(p *place) { p.fifo("server.js") }, unpatched},
		"server.js is a device":             {func(p *place) { p.link("server.js", "/dev/zero") }, unpatched},
		"server.js is huge":                 {func(p *place) { p.sparse("server.js", 1<<40) }, unpatched},
		"server.js sets distDir outside":    {func(p *place) { p.write("server.js", server+`"distDir":"../outside"`) }, unpatched},
		"the manifest is nested":            {func(p *place) { p.write(".next/server/middleware-manifest.json", strings.Repeat("[", 4_000_000)) }, unpatched},
		"the manifest is a pipe":            {func(p *place) { p.fifo(".next/server/middleware-manifest.json") }, unpatched},
		"standalone output is a circle":     {func(p *place) { p.link(".next/standalone", "..") }, attempt{"check --built", clitest.Failed, "leads out|too many|nested|not patched"}},
		"standalone output is outside":      {func(p *place) { p.link(".next/standalone", p.outside) }, refuses("standalone: leads out of the app through a link")},
		"standalone output is deep":         {func(p *place) { p.mkdir(".next/standalone/" + strings.Repeat("d/", 1000)) }, refuses("is nested more than 100 directories deep")},
		"required-server-files.json is big": {func(p *place) { p.write("server.js", server); p.sparse(".next/required-server-files.json", 1<<40) }, unpatched},
		"Turbopack's link is a circle":      {func(p *place) { hashed(p); p.link(linked, "next-auth-c77c3a03231bb629") }, attempt{"check --built", clitest.NotFound, "leads nowhere"}},
		"Turbopack's link is a pipe":        {func(p *place) { hashed(p); p.fifo(linked) }, attempt{"check --built", clitest.NotFound, "leads nowhere"}},
		"Turbopack's link leads out":        {func(p *place) { hashed(p); p.link(linked, p.outside) }, attempt{"check --built", clitest.Unsupported, "outside the project"}},
		"the linked package.json is a pipe": {func(p *place) { hashed(p); p.fifo(linked + "/package.json") }, attempt{"check --built", clitest.Unsupported, "is a named pipe"}},
		"Nitro's index is a pipe":           {func(p *place) { p.write(".output/nitro.json", "{}"); p.fifo(".output/server/index.mjs") }, unpatched},
	} {
		cases[name] = hostile{func(p *place) {
			p.write("package.json", `{"dependencies": {"next": "14", "next-auth": "4.2.1"}}`)
			p.mkdir("app")
			p.write(".next/BUILD_ID", "x")
			test.make(p)
		}, []attempt{test.run, {"doctor", clitest.Unproven, ""}}}
	}
	return cases
}
