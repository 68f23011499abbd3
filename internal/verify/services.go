package verify

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const issuer = "https://idp.corp.test"

// Service answers one kind of request.
type Service struct {
	accepts func(*http.Request) bool // whether the request is correct
	answer  any                      // a string is sent unchanged, anything else as JSON
}

func (s Service) reply(w http.ResponseWriter) {
	if text, ok := s.answer.(string); ok {
		io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.answer)
}

type object = map[string]any

// UserInfo is the identity provider's answer to a request with its token.
var UserInfo = Service{bearer, object{"sub": "user-1", "name": "Ada", "email": "ada@corp.test"}}

// signingKey is the identity provider's.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// allServices returns the services by their requests. They check the parts of a
// request that a faulty patch could lose.
func allServices(key *rsa.PrivateKey) map[string]Service {
	services := map[string]Service{
		"GET idp.corp.test/.well-known/openid-configuration": discovery(issuer, issuer, object{"jwks_uri": issuer + "/jwks"}),
		"POST idp.corp.test/token":                           {form("code", "code"), tokens(key, issuer)},
		"GET idp.corp.test/jwks": {nil, object{"keys": []any{object{
			"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256",
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		}}}},
		"GET idp.corp.test/userinfo": UserInfo,
	}
	maps.Copy(services, discoveredServices(key))
	maps.Copy(services, providerServices())
	maps.Copy(services, mailServices())
	return services
}

// discoveredServices returns those of identity providers whose issuer is not that of
// the others.
func discoveredServices(key *rsa.PrivateKey) map[string]Service {
	const (
		callback = issuer + "/callback"
		apple    = "https://appleid.apple.com"
		entra    = "https://login.microsoftonline.com"
		tenant   = entra + "/tenant/v2.0"
	)
	return map[string]Service{
		"GET idp.corp.test/callback/.well-known/openid-configuration": discovery(callback, callback, nil),
		"POST idp.corp.test/callback/token":                           {form("code", "code"), tokens(key, callback)},
		"GET idp.corp.test/callback/userinfo":                         UserInfo,

		"GET appleid.apple.com/.well-known/openid-configuration": discovery(apple, apple+"/auth", nil),
		"POST appleid.apple.com/auth/token":                      {form("client_secret", "secret"), tokens(key, apple)},

		// "{tenantid}" and "tid" are as Microsoft has them.
		"GET login.microsoftonline.com/common/v2.0/.well-known/openid-configuration": discovery(entra+"/{tenantid}/v2.0", entra+"/common/oauth2/v2.0", nil),
		"GET login.microsoftonline.com/tenant/v2.0/.well-known/openid-configuration": discovery(tenant, entra+"/tenant/oauth2/v2.0", nil),
		"POST login.microsoftonline.com/common/oauth2/v2.0/token":                    {form("code", "code"), tokens(key, tenant)},
	}
}

// discovery answers with the endpoints of an issuer, which are below at.
func discovery(issuer, at string, more object) Service {
	endpoints := object{
		"issuer": issuer, "authorization_endpoint": at + "/authorize",
		"token_endpoint": at + "/token", "userinfo_endpoint": at + "/userinfo",
	}
	maps.Copy(endpoints, more)
	return Service{nil, endpoints}
}

func tokens(key *rsa.PrivateKey, issuer string) object {
	return object{"access_token": "token", "token_type": "Bearer", "id_token": idToken(key, issuer)}
}

// providerServices returns the services of providers that make their own requests.
func providerServices() map[string]Service {
	return map[string]Service{
		"GET graph.microsoft.com/v1.0/me/photos/48x48/$value": {bearer, "photo"},
		"GET api.github.com/user":                             {bearer, object{"id": 1, "login": "ada", "email": nil}},
		"GET api.github.com/user/emails": {either(bearer, header("Authorization", "token token")), []any{
			object{"email": "other@corp.test", "primary": false}, object{"email": "ada@corp.test", "primary": true},
		}},
		"GET api.linkedin.com/v2/emailAddress": {both(bearer, form("q", "members")), object{
			"elements": []any{object{"handle~": object{"emailAddress": "ada@corp.test"}}},
		}},
		"GET api.hubapi.com/oauth/v1/access-tokens/token": {nil, object{"user": "ada@corp.test"}},
		"POST api.todoist.com/sync/v9/sync": {
			both(bearer, body(`{"sync_token":"*","resource_types":"[\"user\"]"}`)),
			object{"user": object{"email": "ada@corp.test"}},
		},
		"GET api.trakt.tv/users/me": {both(bearer, header("trakt-api-key", "client")), object{"name": "Ada"}},
		"GET api.foursquare.com/v2/users/self": {form("oauth_token", "token"), object{
			"response": object{"user": object{"firstName": "Ada"}},
		}},
		"POST api.twitter.com/oauth/request_token": {
			oauth1(`oauth_consumer_key="client"`),
			"oauth_token=request-token&oauth_token_secret=request-secret&oauth_callback_confirmed=true",
		},
		"POST api.twitter.com/oauth/access_token": {
			oauth1(`oauth_token="request-token"`, `oauth_verifier="verifier"`),
			"oauth_token=access-token&oauth_token_secret=access-secret",
		},
		"GET api.twitter.com/1.1/account/verify_credentials.json": {
			oauth1(`oauth_token="access-token"`), object{"name": "Ada"},
		},
		"GET app.vssps.visualstudio.com/_apis/profile/profiles/me": {bearer, object{"displayName": "Ada"}},
		"POST api.dropboxapi.com/2/users/get_current_account":      {bearer, object{"name": object{"display_name": "Ada"}}},
		"GET graph.facebook.com/me":                                {bearer, object{"name": "Ada"}},
		"GET cloud.corp.test/ocs/v1.php/cloud/users/ada": {both(bearer, header("OCS-APIRequest", "true")), object{
			"ocs": object{"data": object{"displayname": "Ada"}},
		}},
		"GET api.notion.com/v1/users/me": {both(bearer, header("Notion-Version", "2022-06-28")), object{
			"bot": object{"owner": object{"user": object{"name": "Ada"}}},
		}},
		"POST open.tiktokapis.com/v2/oauth/token/": {form("client_key", "client"), object{"access_token": "token", "token_type": "Bearer"}},
		"GET open.tiktokapis.com/v2/user/info/": {bearer, object{
			"data": object{"user": object{"open_id": "1", "display_name": "Ada"}},
		}},
		"GET api.vk.com/method/users.get":    {bearer, object{"response": []any{object{"first_name": "Ada"}}}},
		"GET api.weixin.qq.com/sns/userinfo": {form("openid", "ada"), object{"nickname": "Ada"}},
	}
}

// mailServices returns the services that send e-mails.
func mailServices() map[string]Service {
	sent := object{"id": "1"}
	return map[string]Service{
		"POST api.forwardemail.net/v1/emails":        {both(header("Authorization", "Basic a2V5Og=="), holds(recipient)), sent},
		"POST app.loops.so/api/v1/transactional":     {both(header("Authorization", "Bearer key"), holds(recipient)), sent},
		"POST api.mailgun.net/v3/corp.test/messages": {both(header("Authorization", "Basic YXBpOmtleQ=="), form("to", recipient)), sent},
		"POST api.postmarkapp.com/email":             {both(header("X-Postmark-Server-Token", "key"), holds(recipient)), sent},
		"POST api.resend.com/emails":                 {both(header("Authorization", "Bearer key"), holds(recipient)), sent},
		"POST api.sendgrid.com/v3/mail/send":         {both(header("Authorization", "Bearer key"), holds(recipient)), sent},
	}
}

// recipient gets the e-mails.
const recipient = "ada@corp.test"

func bearer(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer token" }

func header(name, value string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Header.Get(name) == value }
}

func form(name, value string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.FormValue(name) == value }
}

// maxBody limits how much of a request is read, in bytes.
const maxBody = 1 << 20

func body(text string) func(*http.Request) bool {
	return func(r *http.Request) bool { return bytes.Equal(read(r), []byte(text)) }
}

// holds looks for a text in the body.
func holds(text string) func(*http.Request) bool {
	return func(r *http.Request) bool { return bytes.Contains(read(r), []byte(text)) }
}

func read(r *http.Request) []byte {
	data, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // what is missing is not accepted
	return data
}

// oauth1 looks for parts of the header that OAuth 1.0A signs.
func oauth1(parts ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		credentials := r.Header.Get("Authorization")
		return strings.HasPrefix(credentials, "OAuth ") &&
			!slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(credentials, part) })
	}
}

func both(a, b func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool { return a(r) && b(r) }
}

func either(a, b func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool { return a(r) || b(r) }
}

// idToken returns a signed token for user-1.
func idToken(key *rsa.PrivateKey, issuer string) string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(object{
		"iss": issuer, "aud": "client", "sub": "user-1", "iat": now, "exp": now + 3600, "tid": "tenant", "name": "Ada",
	})
	signed := encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return signed + "." + encode(signature)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
