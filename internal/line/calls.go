package line

import "slices"

// Calls are the requests that a line's package makes on the server.
type Calls struct {
	Driver string // the file of internal/verify that makes them
	Always string // the file without which a copy can make none of them
	Kinds  []Call
	Code   map[string]string // by kind, where not every release makes the call in its file: code that does
}

// Call is a kind of request.
type Call struct {
	Kind    string // as in the driver
	File    string // of the package that makes the request
	Request string // "METHOD host/path", as it reaches its service
	Value   string // the result that proves it
}

// Of returns the calls that a copy makes. has reports whether the copy has a file with
// some code in it. The calls of Always are among them even if the file is missing,
// because such a copy is broken.
func (c *Calls) Of(has func(file, code string) bool) []Call {
	return slices.DeleteFunc(slices.Clone(c.Kinds), func(call Call) bool {
		return call.File != c.Always && !has(call.File, c.Code[call.Kind])
	})
}

// Discovers reports whether next-auth reads discovery documents.
func (c *Calls) Discovers() bool {
	return slices.ContainsFunc(c.Kinds, func(call Call) bool { return call.Kind == "discovery" })
}

const (
	openidClient = "core/lib/oauth/client.js"
	oauth1Client = "core/lib/oauth/client-legacy.js"
)

// nextAuthCalls are explained in docs/maintaining/call-sites.md.
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

// oauthClient is the one file of next-auth 3 that makes requests on the server.
const oauthClient = "dist/server/lib/oauth/client.js"

// nextAuth3Calls are explained in docs/maintaining/call-sites.md.
var nextAuth3Calls = Calls{Driver: "next-auth-3.js", Always: oauthClient, Kinds: []Call{
	{"token", oauthClient, "POST idp.corp.test/token", "token"},
	{"userinfo", oauthClient, "GET idp.corp.test/userinfo", "Ada"},
	{"OAuth 1.0A request token", oauthClient, "POST api.twitter.com/oauth/request_token", "request-token"},
	{"OAuth 1.0A access token", oauthClient, "POST api.twitter.com/oauth/access_token", "access-token access-secret"},
	{"OAuth 1.0A profile", oauthClient, "GET api.twitter.com/1.1/account/verify_credentials.json", "Ada"},
}}

const (
	coreProviders = "lib/utils/providers.js"
	apple         = "providers/apple.js"
	entra         = "providers/microsoft-entra-id.js"
	tiktok        = "providers/tiktok.js"
	coreGitHub    = "providers/github.js"

	ownFetch = "[customFetch]" // instead of the default one
)

// authCoreCalls are explained in docs/maintaining/call-sites.md.
var authCoreCalls = Calls{Driver: "auth-core.js", Always: coreProviders, Kinds: []Call{
	{"discovery", coreProviders, "GET idp.corp.test/.well-known/openid-configuration", "https://idp.corp.test/authorize"},
	{"discovery in the callback", coreProviders, "GET idp.corp.test/callback/.well-known/openid-configuration", "https://idp.corp.test/callback"},
	{"token", coreProviders, "POST idp.corp.test/callback/token", "token"},
	{"userinfo", coreProviders, "GET idp.corp.test/callback/userinfo", "Ada"},
	{"token without discovery", coreProviders, "POST idp.corp.test/token", "token"},
	{"userinfo without discovery", coreProviders, "GET idp.corp.test/userinfo", "Ada"},
	{"apple discovery", apple, "GET appleid.apple.com/.well-known/openid-configuration", "https://appleid.apple.com/auth/authorize"},
	{"apple token", apple, "POST appleid.apple.com/auth/token", "token"},
	{"microsoft-entra-id discovery", entra, "GET login.microsoftonline.com/common/v2.0/.well-known/openid-configuration", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"},
	{"microsoft-entra-id token", entra, "POST login.microsoftonline.com/common/oauth2/v2.0/token", "token"},
	{"microsoft-entra-id tenant discovery", entra, "GET login.microsoftonline.com/tenant/v2.0/.well-known/openid-configuration", "https://login.microsoftonline.com/tenant/v2.0"},
	{"microsoft-entra-id photo", entra, "GET graph.microsoft.com/v1.0/me/photos/48x48/$value", "data:image/jpeg;base64, cGhvdG8="},
	{"tiktok token", tiktok, "POST open.tiktokapis.com/v2/oauth/token/", "token"},
	{"tiktok userinfo", tiktok, "GET open.tiktokapis.com/v2/user/info/", "Ada"},
	{"azure-devops userinfo", "providers/azure-devops.js", "GET app.vssps.visualstudio.com/_apis/profile/profiles/me", "Ada"},
	{"dropbox userinfo", "providers/dropbox.js", "POST api.dropboxapi.com/2/users/get_current_account", "Ada"},
	{"facebook userinfo", "providers/facebook.js", "GET graph.facebook.com/me", "Ada"},
	{"foursquare userinfo", "providers/foursquare.js", "GET api.foursquare.com/v2/users/self", "Ada"},
	{"github userinfo", coreGitHub, "GET api.github.com/user", "ada"},
	{"github e-mails", coreGitHub, "GET api.github.com/user/emails", "ada@corp.test"},
	{"hubspot userinfo", "providers/hubspot.js", "GET api.hubapi.com/oauth/v1/access-tokens/token", "ada@corp.test"},
	{"nextcloud userinfo", "providers/nextcloud.js", "GET cloud.corp.test/ocs/v1.php/cloud/users/ada", "Ada"},
	{"notion userinfo", "providers/notion.js", "GET api.notion.com/v1/users/me", "Ada"},
	{"todoist userinfo", "providers/todoist.js", "POST api.todoist.com/sync/v9/sync", "ada@corp.test"},
	{"trakt userinfo", "providers/trakt.js", "GET api.trakt.tv/users/me", "Ada"},
	{"vk userinfo", "providers/vk.js", "GET api.vk.com/method/users.get", "Ada"},
	{"wechat userinfo", "providers/wechat.js", "GET api.weixin.qq.com/sns/userinfo", "Ada"},
	{"forwardemail e-mail", "providers/forwardemail.js", "POST api.forwardemail.net/v1/emails", "forwardemail"},
	{"loops e-mail", "providers/loops.js", "POST app.loops.so/api/v1/transactional", "loops"},
	{"mailgun e-mail", "providers/mailgun.js", "POST api.mailgun.net/v3/corp.test/messages", "mailgun"},
	{"postmark e-mail", "providers/postmark.js", "POST api.postmarkapp.com/email", "postmark"},
	{"resend e-mail", "providers/resend.js", "POST api.resend.com/emails", "resend"},
	{"sendgrid e-mail", "providers/sendgrid.js", "POST api.sendgrid.com/v3/mail/send", "sendgrid"},
}, Code: map[string]string{
	"apple discovery": ownFetch,
	"apple token":     ownFetch,
	"tiktok token":    ownFetch,
}}
