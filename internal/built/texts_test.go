package built

import (
	"bytes"
	"path"
	"strings"
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

	// The same of next-auth 5.
	normalize  = `"form_post"===e.authorization?.url.searchParams.get("response_mode")&&delete e.redirectProxyUrl,e[nZ]??(e[nZ]=i?.[nZ]`
	directCore = normalize + `),e}return s}),o=i.find(({id:e})=>e===t);`
	patchCore  = normalize + `??rD.tb),e}return s}),o=i.find(({id:e})=>e===t);`
	readyEvent = `n.debug("authorization url is ready",{url:s,cookies:u,provider:o})`

	// The same of next-auth 3.
	directOAuth = `var n=r(8354),a=u(r(123));function i(e){if(e.version.startsWith("2.")){let t=new URL(e.authorizationUrl),s=new n.OAuth2(e.clientId,e.clientSecret,t.origin,t.pathname,new URL(e.accessTokenUrl).pathname,e.headers);return s}`
	patchOAuth  = `var o=r(77),n=o.throughProxy(r(8354)),a=u(r(123));function i(e){if(e.version.startsWith("2.")){return new n.OAuth2(e.clientId,e.clientSecret,t.origin,t.pathname,s,e.headers)}`

	// What an app or openid-client itself may contain.
	ownClient  = `let c=new i.Client({client_id:e.id,redirect_uris:[e.callbackUrl],response_types:["code"]});c[x.custom.clock_tolerance]=10;c[x.custom.http_options]=f;`
	openidCode = `this.metadata.redirect_uris,{clock_tolerance:t.CLOCK_TOLERANCE,http_options:s}`
)

func TestCount(t *testing.T) {
	for name, test := range map[string]struct {
		line               int
		text               string
		patched, unpatched int
	}{
		"nothing":                     {0, "", 0, 0},
		"unpatched":                   {0, unpatchedClient, 0, 1},
		"patched":                     {0, patchedClient, 1, 0},
		"both":                        {0, patchedClient + unpatchedClient + openidCode, 1, 1},
		"openid-client":               {0, openidCode, 0, 0},
		"a client of its own":         {0, ownClient, 0, 0},
		"an app's client behind ours": {0, unpatchedClient + ownClient, 0, 1},
		"cut off":                     {0, client, 0, 1},
		"the word alone":              {0, "redirect_uris", 0, 0},
		"not minified": {0, `redirect_uris: [provider.callbackUrl],
    ...provider.client
  }, provider.jwks);
  client[_openidClient.custom.clock_tolerance] = 10;
  issuer[_openidClient.custom.http_options] = _proxy.httpOptions;`, 1, 0},
		"next-auth 5":         {0, directCore + patchCore, 0, 0},
		"next-auth 4 for 5":   {1, unpatchedClient + patchedClient, 0, 0},
		"unpatched 5":         {1, directCore, 0, 1},
		"patched 5":           {1, patchCore, 1, 0},
		"both of 5":           {1, patchCore + directCore, 1, 1},
		"twice in 5":          {1, patchCore + patchCore, 2, 0},
		"5 with ??=":          {1, `e.redirectProxyUrl??=t.redirectProxyUrl;let n=a(e);return n[r.x]??=i?.[r.x],n}return e})`, 0, 1},
		"patched 5 with ??=":  {1, `e.redirectProxyUrl??=t.redirectProxyUrl;let n=a(e);n[r.x]??=i?.[r.x]??o.y;return n}return e})`, 1, 0},
		"5 far from the word": {1, ".redirectProxyUrl" + strings.Repeat(" ", 800) + "e[n]??(e[n]=i?.[n]),e}return s", 0, 0},
		"the word of 5 alone": {1, `if(e.redirectProxyUrl)return e;`, 0, 0},
		"an app's own memo":   {1, `e[n]??(e[n]=i?.[n]),e}return s})`, 0, 0},
		"unpatched 3":         {2, directOAuth, 0, 1},
		"patched 3":           {2, patchOAuth, 1, 0},
		"both of 3":           {2, directOAuth + patchOAuth, 1, 1},
		"twice in 3":          {2, patchOAuth + patchOAuth, 2, 0},
		"the helper of 3":     {2, `t.throughProxy=function({OAuth:e,OAuth2:t}){}`, 0, 0},
		"the call of 3 alone": {2, `o.throughProxy(r(8354))`, 0, 0},
		"3 in an own client":  {2, `new n.OAuth2(process.env.ID,process.env.SECRET,"https://a.test","/authorize","/token",null)`, 0, 0},
		"3 not minified": {2, `var _oauth = _proxy.throughProxy(__webpack_require__(/*! oauth */ "oauth"));
    const oauth2Client = new _oauth.OAuth2(provider.clientId, provider.clientSecret, basePath, authorizePath, accessTokenPath, provider.headers);`, 1, 0},
		"5 from Turbopack as it is": {1, `delete normalized.redirectProxyUrl;
            }
            // @ts-expect-error Symbols don't get merged
            normalized[__TURBOPACK__a$2e$js__["customFetch"]] ?? (normalized[__TURBOPACK__a$2e$js__["customFetch"]] = userOptions?.[__TURBOPACK__a$2e$js__["customFetch"]] ?? __TURBOPACK__b$2e$js__["proxyFetch"]);
            return normalized;
        }
        return merged;`, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if patched, unpatched := known[test.line].count([]byte(test.text)); patched != test.patched || unpatched != test.unpatched {
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
		if known[1].logs([]byte(text)) {
			t.Errorf("%s: next-auth 5 logs it", text)
		}
	}
	for text, want := range map[string]bool{
		readyEvent: true,
		`logger.error("authorization url is ready")`: false,
		`authorization url is ready`:                 false,
	} {
		if got := known[1].logs([]byte(text)); got != want {
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
		`require("next-auth/client")`:                                    true,
		`require("next-auth/jwtx")`:                                      false,
		`"https://next-auth.js.org"`:                                     false,
		`"next-auth.session"`:                                            false,
		"{name:`${t}authjs.session-token`,":                              true,
		`"authjs.session"`:                                               false,
	} {
		if _, got := mentions([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// places are the files of each line that have its texts.
var places = []struct{ client, event string }{
	{"core/lib/oauth/client.js", "core/lib/oauth/callback.js"},
	{"lib/utils/providers.js", "lib/actions/signin/authorization-url.js"},
	{"dist/server/lib/oauth/client.js", "dist/server/lib/oauth/callback.js"},
}

// Each release has the texts of its line, once and only in their files, and the patch
// changes the answer. It has none of another line, except for the event of next-auth 3 and 4.
func TestReleases(t *testing.T) {
	gate.Need(t, "releases")
	library, err := patchset.Open(patches.FS, patchset.Default)
	must(t, err)
	if len(known) != len(line.All) {
		t.Fatalf("there are texts for %d of %d lines", len(known), len(line.All))
	}
	for i, l := range line.All {
		releases := npmreleases.Holding(npmreleases.Pins(), l)
		for j, pkg := range nodetest.Packages(t, l.Package, releases) {
			t.Run(l.Package+" "+releases[j].Version, func(t *testing.T) { hasTexts(t, i, pkg) })
			selection, err := library.For(l, releases[j].Version)
			must(t, err)
			if helper := selection.Helper; revision(helper.Content) != helper.Revision {
				t.Errorf("%s: the helper's marker is not found", l.Name)
			}
			for _, target := range selection.Targets {
				if pkg[target.Path] == nil {
					continue
				}
				state, err := target.Classify(pkg[target.Path])
				must(t, err)
				patched, unpatched := known[i].count(state.Wanted)
				if is := target.Path == places[i].client; unpatched != 0 || patched == 1 != is {
					t.Errorf("%s: %s with the patch: patched %d, unpatched %d", releases[j].Version, target.Path, patched, unpatched)
				}
			}
		}
	}
}

// If another package makes the requests, each release of next-auth has the text that shows
// it, and no release of that package has it.
func TestOwnTexts(t *testing.T) {
	gate.Need(t, "releases")
	for i, l := range line.All {
		if shared := l.Package != line.NextAuth; known[i].shared() != shared {
			t.Errorf("%s: shared: %v", l.Name, !shared)
		} else if !shared {
			continue
		}
		for name, releases := range map[string][]npmreleases.Release{
			line.NextAuth: npmreleases.Of(npmreleases.Pins(), l), l.Package: npmreleases.Holding(npmreleases.Pins(), l),
		} {
			for j, pkg := range nodetest.Packages(t, name, releases) {
				files := 0
				for file, content := range pkg {
					if path.Ext(file) == ".js" && known[i].own.isIn(content) {
						files++
					}
				}
				if (files > 0) != (name == line.NextAuth) {
					t.Errorf("%s %s: %d files have the text", name, releases[j].Version, files)
				}
			}
		}
	}
}

// hasTexts requires the texts of one line in a released package.
func hasTexts(t *testing.T, i int, pkg npmreleases.Package) {
	t.Helper()
	files, parts := 0, 0
	for name, content := range pkg {
		if path.Ext(name) != ".js" {
			continue
		}
		for j := range known {
			patched, unpatched := known[j].count(content)
			if is := j == i && name == places[i].client; patched != 0 || unpatched == 1 != is {
				t.Errorf("%s: texts %d: patched %d, unpatched %d", name, j, patched, unpatched)
			}
			if is := known[j].event == known[i].event && name == places[i].event; known[j].logs(content) != is {
				t.Errorf("%s: texts %d: logs the event: %v", name, j, !is)
			}
			if unpatched > 0 {
				files++
			}
		}
		if known[i].cookie.isIn(content) {
			parts++
		}
	}
	if files != 1 || parts == 0 {
		t.Errorf("the client is in %d files, the cookie in %d", files, parts)
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
				for i := range known {
					if patched, unpatched := known[i].count(content); patched+unpatched != 0 || known[i].logs(content) {
						t.Errorf("%s: %s", project, name)
					}
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
