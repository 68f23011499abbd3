package built

import (
	"bytes"
	"path"
	"testing"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/patchset"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/npmreleases"
	"github.com/proxypatch/proxypatch/patches"
)

// Code in the form that bundlers give it, as in real builds.
const (
	client          = `let c=new t.Client({client_id:r.clientId,client_secret:r.clientSecret,redirect_uris:[r.callbackUrl],...r.client},r.jwks);return `
	unpatchedClient = client + `c[n.custom.clock_tolerance]=10,c}},2355:(e,t,r)=>{"use strict";`
	patchedClient   = client + `c[n.custom.clock_tolerance]=10,t[n.custom.http_options]=o.httpOptions,c[n.custom.http_options]=o.httpOptions,c}}`
	event           = `catch(e){throw l.error("OAUTH_V1_GET_ACCESS_TOKEN_ERROR",e),e}`
	helper          = `promisify:r(8354).promisify,marker:"proxypatch helper revision 4"}`

	// What an app or openid-client itself may contain.
	ownClient  = `let c=new i.Client({client_id:e.id,redirect_uris:[e.callbackUrl],response_types:["code"]});c[x.custom.clock_tolerance]=10;c[x.custom.http_options]=f;`
	openidCode = `this.metadata.redirect_uris,{clock_tolerance:t.CLOCK_TOLERANCE,http_options:s}`
)

func TestCount(t *testing.T) {
	for name, test := range map[string]struct {
		text               string
		patched, unpatched int
	}{
		"nothing":                     {"", 0, 0},
		"unpatched":                   {unpatchedClient, 0, 1},
		"patched":                     {patchedClient, 1, 0},
		"both":                        {patchedClient + unpatchedClient + openidCode, 1, 1},
		"openid-client":               {openidCode, 0, 0},
		"a client of its own":         {ownClient, 0, 0},
		"an app's client behind ours": {unpatchedClient + ownClient, 0, 1},
		"cut off":                     {client, 0, 1},
		"the word alone":              {"redirect_uris", 0, 0},
		"not minified": {`redirect_uris: [provider.callbackUrl],
    ...provider.client
  }, provider.jwks);
  client[_openidClient.custom.clock_tolerance] = 10;
  issuer[_openidClient.custom.http_options] = _proxy.httpOptions;`, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if patched, unpatched := known[0].count([]byte(test.text)); patched != test.patched || unpatched != test.unpatched {
				t.Errorf("patched %d, unpatched %d", patched, unpatched)
			}
		})
	}
}

func TestLogs(t *testing.T) {
	for text, want := range map[string]bool{
		event: true,
		"logger.error(`OAUTH_V1_GET_ACCESS_TOKEN_ERROR`, e)":  true,
		`const codes = ["OAUTH_V1_GET_ACCESS_TOKEN_ERROR"]`:   false,
		`OAUTH_V1_GET_ACCESS_TOKEN_ERROR`:                     false,
		`["OAUTH_V1_GET_ACCESS_TOKEN_ERROR"];` + "\n" + event: true,
	} {
		if got := known[0].logs([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestRevision(t *testing.T) {
	for text, want := range map[string]int{
		helper: 4,
		"marker: 'proxypatch helper revision 12'":             12,
		"`proxypatch helper revision 3`" + helper:             3,
		"// proxypatch helper revision 4 sha256:f676d37d7ac3": 0,
		`"proxypatch helper revision "`:                       0,
		`"proxypatch helper revision 99999999999"`:            0,
		`proxypatch helper revision 4"`:                       0,
	} {
		if got := revision([]byte(text)); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestLoads(t *testing.T) {
	for text, want := range map[string]bool{
		`a.exports=require("next-auth")`:                      true,
		`a.exports=require("next-auth/next")`:                 true,
		`require("next-auth/providers/azure-ad")`:             true,
		`e.y("next-auth-68719bc19818"),import("next-auth")`:   true,
		`require('next-auth-0123456789abcdef/next/index.js')`: true,
		`import e from"next-auth";`:                           true,
		`import t, { n } from 'next-auth/core/index.js';`:     true,
		`await import("next-auth/react"); import "next-auth"`: true,
		`require("next-auth/react")`:                          false,
		`require("next-auth/jwt")`:                            false,
		`require("next-authorization")`:                       false,
		`"next-auth"`:                                         false,
		`next-auth`:                                           false,
	} {
		if names, _ := mentions([]byte(text)); len(names) > 0 != want {
			t.Errorf("%s: %q", text, names)
		}
	}
}

func TestPart(t *testing.T) {
	for text, want := range map[string]bool{
		`require("next-auth/jwt")`:                                       true,
		`require("next-auth-0123456789abcdef/react")`:                    true,
		`e?"__Secure-next-auth.session-token":"next-auth.session-token"`: true,
		"`${t}next-auth.session-token`":                                  true,
		`console.error("[next-auth][error][".concat(e,"]"))`:             true,
		`"(ssr)/./node_modules/next-auth/react/index.js"`:                true,
		`import"next-auth/middleware";require("next-auth")`:              true,
		`require("next-auth")`:                                           false,
		`require("next-auth/jwtx")`:                                      false,
		`"https://next-auth.js.org"`:                                     false,
		`"next-auth.session"`:                                            false,
	} {
		if _, got := mentions([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// Each release has the texts, once and only in its client, and the patch changes the
// answer.
func TestReleases(t *testing.T) {
	library, err := patchset.Open(patches.FS, patchset.Default)
	must(t, err)
	gate.Need(t, "releases")
	releases, packages := nodetest.Releases(t)
	for i, release := range releases {
		version := release.Version
		for name, content := range packages[i] {
			if path.Ext(name) != ".js" {
				continue
			}
			patched, unpatched := known[0].count(content)
			if is := name == "core/lib/oauth/client.js"; patched != 0 || unpatched == 1 != is {
				t.Errorf("%s: %s: patched %d, unpatched %d", version, name, patched, unpatched)
			}
			if is := name == "core/lib/oauth/callback.js"; known[0].logs(content) != is {
				t.Errorf("%s: %s: logs the event: %v", version, name, !is)
			}
		}
		selection, err := library.For(line.All[0], version)
		must(t, err)
		for _, target := range selection.Targets {
			state, err := target.Classify(packages[i][target.Path])
			must(t, err)
			patched, unpatched := known[0].count(state.Wanted)
			if is := target.Path == "core/lib/oauth/client.js"; unpatched != 0 || patched == 1 != is {
				t.Errorf("%s: %s with the patch: patched %d, unpatched %d", version, target.Path, patched, unpatched)
			}
		}
	}
	selection, err := library.For(line.All[0], releases[0].Version)
	must(t, err)
	if helper := selection.Helper; revision(helper.Content) != helper.Revision {
		t.Errorf("the helper's marker is not found")
	}
}

// openid-client alone is not next-auth.
func TestOpenidClient(t *testing.T) {
	files := 0
	for _, project := range []string{"deps-openid-client-5.0.2", "deps-openid-client-5.7.1"} {
		for _, tarball := range nodetest.Tarballs(t, project) {
			pkg, err := npmreleases.Unpack(tarball)
			must(t, err)
			for name, content := range pkg {
				files += bytes.Count(content, []byte("redirect_uris"))
				if patched, unpatched := known[0].count(content); patched+unpatched != 0 || known[0].logs(content) {
					t.Errorf("%s: %s", project, name)
				}
				if names, part := mentions(content); len(names) > 0 || part {
					t.Errorf("%s: %s mentions next-auth", project, name)
				}
			}
		}
	}
	if files == 0 {
		t.Error("openid-client is not among the packages")
	}
}
