package verify

import (
	"os"
	"path/filepath"
	"strings"
)

// Call is a kind of request that next-auth makes on the server.
type Call struct {
	Kind    string // as in calls.js
	File    string // of next-auth that makes the request
	Request string // "METHOD host/path", as it reaches its service
	Value   string // the result that proves it
}

// The files that make requests for every provider.
const (
	ClientFile = "core/lib/oauth/client.js"
	LegacyFile = "core/lib/oauth/client-legacy.js"
)

// Calls are all kinds of calls; see docs/maintaining/call-sites.md.
var Calls = []Call{
	{"discovery", ClientFile, "GET idp.corp.test/.well-known/openid-configuration", "https://idp.corp.test/token"},
	{"token", ClientFile, "POST idp.corp.test/token", "token"},
	{"JWKS", ClientFile, "GET idp.corp.test/jwks", "user-1"},
	{"userinfo", ClientFile, "GET idp.corp.test/userinfo", "Ada"},
	{"userinfo without discovery", ClientFile, "GET api.github.com/user", "ada"},
	{"OAuth 1.0A request token", LegacyFile, "POST api.twitter.com/oauth/request_token", "request-token request-secret true"},
	{"OAuth 1.0A access token", LegacyFile, "POST api.twitter.com/oauth/access_token", "access-token access-secret"},
	{"OAuth 1.0A profile", LegacyFile, "GET api.twitter.com/1.1/account/verify_credentials.json", "Ada"},
	{"azure-ad photo", "providers/azure-ad.js", "GET graph.microsoft.com/v1.0/me/photos/48x48/$value", "data:image/jpeg;base64, cGhvdG8="},
	{"github e-mails", "providers/github.js", "GET api.github.com/user/emails", "ada@corp.test"},
	{"linkedin e-mail", "providers/linkedin.js", "GET api.linkedin.com/v2/emailAddress", "ada@corp.test"},
	{"foursquare userinfo", "providers/foursquare.js", "GET api.foursquare.com/v2/users/self", "Ada"},
	{"hubspot userinfo", "providers/hubspot.js", "GET api.hubapi.com/oauth/v1/access-tokens/token", "ada@corp.test"},
	{"todoist userinfo", "providers/todoist.js", "POST api.todoist.com/sync/v9/sync", "ada@corp.test"},
	{"trakt userinfo", "providers/trakt.js", "GET api.trakt.tv/users/me", "Ada"},
}

// requestHost returns the host of "METHOD host/path".
func requestHost(request string) string {
	_, target, _ := strings.Cut(request, " ")
	host, _, _ := strings.Cut(target, "/")
	return host
}

// callsOf returns the calls whose files a copy has. It always includes the calls of
// every sign-in, because a copy without their file is broken.
func callsOf(dir string) []Call {
	var calls []Call
	for _, c := range Calls {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(c.File))); err == nil || c.File == ClientFile {
			calls = append(calls, c)
		}
	}
	return calls
}
