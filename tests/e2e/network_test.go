package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/testkit/nettest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
)

const identityProvider = "idp.corp.test"

// startIdentityProvider starts oidc-provider and returns its address. Several networks
// can use it.
func startIdentityProvider(t *testing.T) *url.URL {
	t.Helper()
	project := nodetest.Project(t, "identity-provider")
	p := start(t, project, []string{"NODE_ENV=production"}, nodetest.Node(t), absolute(t, "testdata/identity-provider.mjs"))
	return &url.URL{Scheme: "http", Host: "127.0.0.1:" + p.port(t)}
}

// newNetwork returns the network that replaces the internet for an app.
func newNetwork(t *testing.T, identity *url.URL) *nettest.Network {
	t.Helper()
	front := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(identity)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}}
	return nettest.New(t, map[string]http.Handler{
		identityProvider:            front,
		"login.microsoftonline.com": entra(),
		"graph.microsoft.com":       http.HandlerFunc(photo),
		"api.twitter.com":           twitter(),
	})
}

// photo answers the request that azure-ad makes with its token.
func photo(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		http.Error(w, "no token", http.StatusUnauthorized)
		return
	}
	w.Write([]byte("photo"))
}

// entra is Entra with one tenant. It accepts everyone at once, and signs nothing, because
// next-auth checks no signature of what it requests itself.
func entra() http.Handler {
	const entra = "https://login.microsoftonline.com"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		issuer := entra + "/" + r.PathValue("tenant") + "/v2.0"
		if r.PathValue("tenant") == "common" {
			issuer = entra + "/{tenantid}/v2.0"
		}
		answer(w, map[string]any{
			"issuer": issuer, "authorization_endpoint": entra + "/authorize", "token_endpoint": entra + "/token",
			"userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
		})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		back := url.Values{"code": {"code"}, "state": {r.FormValue("state")}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Unix()
		claims, _ := json.Marshal(map[string]any{
			"iss": entra + "/tenant/v2.0", "tid": "tenant", "aud": "client", "sub": "ada", "iat": now, "exp": now + 3600,
			"name": "Ada", "email": "ada@corp.test",
		})
		encode := base64.RawURLEncoding.EncodeToString
		token := encode([]byte(`{"alg":"RS256"}`)) + "." + encode(claims) + "." + encode([]byte("signature"))
		answer(w, map[string]any{"access_token": "token", "token_type": "Bearer", "expires_in": 3600, "id_token": token})
	})
	return mux
}

// answer sends JSON.
func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// twitter speaks OAuth 1.0A (RFC 5849) without checking signatures, and accepts
// everyone at once.
func twitter() http.Handler {
	mux := http.NewServeMux()
	callback := regexp.MustCompile(`oauth_callback="([^"]+)"`)
	mux.HandleFunc("POST /oauth/request_token", func(w http.ResponseWriter, r *http.Request) {
		match := callback.FindStringSubmatch(r.Header.Get("Authorization"))
		if match == nil {
			http.Error(w, "no oauth_callback", http.StatusUnauthorized)
			return
		}
		// The token is the address to return to, so it need not be stored.
		w.Write([]byte("oauth_callback_confirmed=true&oauth_token_secret=secret&oauth_token=" + match[1]))
	})
	mux.HandleFunc("GET /oauth/authenticate", func(w http.ResponseWriter, r *http.Request) {
		token := r.FormValue("oauth_token")
		query := url.Values{"oauth_token": {token}, "oauth_verifier": {"verifier"}}
		http.Redirect(w, r, token+"?"+query.Encode(), http.StatusFound)
	})
	mux.Handle("POST /oauth/access_token", signed(`oauth_verifier="verifier"`, "oauth_token=token&oauth_token_secret=secret"))
	mux.Handle("GET /1.1/account/verify_credentials.json", signed(`oauth_token="token"`,
		`{"id_str": "1", "name": "Ada", "email": "ada@corp.test", "profile_image_url_https": "https://api.twitter.com/ada.jpg"}`))
	return mux
}

// signed answers requests whose signature covers a part.
func signed(part, answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), part) {
			http.Error(w, "not as it has to be", http.StatusUnauthorized)
			return
		}
		w.Write([]byte(answer))
	}
}

// arrived returns the requests of the app through tunnels to their hosts, without those of the visitor. It leaves out the
// tunnels too, because one may be kept from an earlier sign-in.
func arrived(network *nettest.Network) []string {
	return slices.DeleteFunc(network.Seen(), func(line string) bool {
		return strings.HasPrefix(line, "direct ") || strings.HasPrefix(line, "CONNECT ")
	})
}

// environment returns the environment of a Node.js process behind a proxy. Only
// http_proxy is set, as the tutorial recommends.
func environment(network *nettest.Network, proxy string) []string {
	return append(onlyProxy(network), "http_proxy="+proxy)
}

// onlyProxy returns the environment of a Node.js process that reaches the services of a
// network only through a proxy, without naming it.
func onlyProxy(network *nettest.Network) []string {
	return []string{"NODE_OPTIONS=--require=" + network.Names(), "NODE_EXTRA_CA_CERTS=" + network.CA()}
}
