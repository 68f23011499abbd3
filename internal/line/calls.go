package line

import "slices"

// Calls are the requests that a line's package makes on the server.
type Calls struct {
	Driver string // the file of internal/verify that makes them
	Always string // the file without which a copy can make none of them
	Kinds  []Call
}

// Call is a kind of request.
type Call struct {
	Kind    string // as in the driver
	File    string // of the package that makes the request
	Request string // "METHOD host/path", as it reaches its service
	Value   string // the result that proves it
}

// Of returns the calls of a copy, which has some of the line's files. The calls of Always
// are always among them, because a copy without that file is broken.
func (c *Calls) Of(has func(file string) bool) []Call {
	return slices.DeleteFunc(slices.Clone(c.Kinds), func(call Call) bool { return call.File != c.Always && !has(call.File) })
}

const (
	openidClient = "core/lib/oauth/client.js"
	oauth1Client = "core/lib/oauth/client-legacy.js"
)

// nextAuthCalls are explained in docs/call-sites.md.
var nextAuthCalls = Calls{Driver: "next-auth.js", Always: openidClient, Kinds: []Call{
	{"discovery", openidClient, "GET idp.corp.test/.well-known/openid-configuration", "https://idp.corp.test/token"},
	{"token", openidClient, "POST idp.corp.test/token", "token"},
	{"JWKS", openidClient, "GET idp.corp.test/jwks", "user-1"},
	{"userinfo", openidClient, "GET idp.corp.test/userinfo", "Ada"},
	{"userinfo without discovery", openidClient, "GET api.github.com/user", "ada"},
	{"OAuth 1.0A request token", oauth1Client, "POST api.twitter.com/oauth/request_token", "request-token request-secret true"},
	{"OAuth 1.0A access token", oauth1Client, "POST api.twitter.com/oauth/access_token", "access-token access-secret"},
	{"OAuth 1.0A profile", oauth1Client, "GET api.twitter.com/1.1/account/verify_credentials.json", "Ada"},
	{"azure-ad photo", "providers/azure-ad.js", "GET graph.microsoft.com/v1.0/me/photos/48x48/$value", "data:image/jpeg;base64, cGhvdG8="},
	{"github e-mails", "providers/github.js", "GET api.github.com/user/emails", "ada@corp.test"},
	{"linkedin e-mail", "providers/linkedin.js", "GET api.linkedin.com/v2/emailAddress", "ada@corp.test"},
	{"foursquare userinfo", "providers/foursquare.js", "GET api.foursquare.com/v2/users/self", "Ada"},
	{"hubspot userinfo", "providers/hubspot.js", "GET api.hubapi.com/oauth/v1/access-tokens/token", "ada@corp.test"},
	{"todoist userinfo", "providers/todoist.js", "POST api.todoist.com/sync/v9/sync", "ada@corp.test"},
	{"trakt userinfo", "providers/trakt.js", "GET api.trakt.tv/users/me", "Ada"},
}}
