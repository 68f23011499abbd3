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
		"GET idp.corp.test/.well-known/openid-configuration": {nil, object{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"jwks_uri": issuer + "/jwks", "userinfo_endpoint": issuer + "/userinfo",
		}},
		"POST idp.corp.test/token": {form("code", "code"), object{
			"access_token": "token", "token_type": "Bearer", "id_token": idToken(key),
		}},
		"GET idp.corp.test/jwks": {nil, object{"keys": []any{object{
			"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256",
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		}}}},
		"GET idp.corp.test/userinfo": UserInfo,
	}
	maps.Copy(services, providerServices())
	return services
}

// providerServices returns the services of providers that make their own requests.
func providerServices() map[string]Service {
	return map[string]Service{
		"GET graph.microsoft.com/v1.0/me/photos/48x48/$value": {bearer, "photo"},
		"GET api.github.com/user":                             {bearer, object{"id": 1, "login": "ada", "email": nil}},
		"GET api.github.com/user/emails": {header("Authorization", "token token"), []any{
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
	}
}

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
	return func(r *http.Request) bool {
		data, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		return err == nil && bytes.Equal(data, []byte(text))
	}
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

// idToken returns a signed token for user-1.
func idToken(key *rsa.PrivateKey) string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(object{"iss": issuer, "aud": "client", "sub": "user-1", "iat": now, "exp": now + 3600})
	signed := encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return signed + "." + encode(signature)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
