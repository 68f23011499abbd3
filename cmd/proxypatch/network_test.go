package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proxypatch/proxypatch/internal/nodetest"
)

const (
	identityProvider = "idp.corp.test"
	photoHost        = "graph.microsoft.com"
	slowHost         = "slow.corp.test"   // the identity provider too, where the proxy takes slowness to connect to it
	silentHost       = "silent.corp.test" // the proxy never connects to it

	// slowness is more than the 3.5 s that openid-client waits by itself.
	slowness = 4 * time.Second
)

// network is what a test has of the internet: services behind a CONNECT proxy
// that alone knows their names. Node.js, as command starts it, resolves none.
type network struct {
	certificates string // directory
	node         string
	proxy        *httptest.Server
	server       *httptest.Server
	key          *rsa.PrivateKey
	services     map[string]service

	mu      sync.Mutex
	saw     map[string]bool
	tunnels map[string]string // the hosts that tunnels lead to, by their addresses as the server sees them
}

// service answers one kind of request.
type service struct {
	accepts func(*http.Request) bool // whether the request is as it has to be
	answer  any                      // text as it is, all else as JSON
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{node: nodetest.Node(t), key: key, saw: map[string]bool{}, tunnels: map[string]string{}}
	n.services = n.makeServices()
	n.certificates = nodetest.TLS(t, n.hosts()...)
	certificate, err := tls.LoadX509KeyPair(filepath.Join(n.certificates, "cert.pem"), filepath.Join(n.certificates, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	n.server = httptest.NewUnstartedServer(http.HandlerFunc(n.serve))
	n.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	n.server.StartTLS()
	n.proxy = httptest.NewServer(http.HandlerFunc(n.connect))
	t.Cleanup(func() {
		n.server.CloseClientConnections() // and with them the tunnels
		n.server.Close()
		n.proxy.CloseClientConnections()
		n.proxy.Close()
	})
	return n
}

// command runs a script of testdata/proof with only http_proxy set, as the
// tutorial tells people to.
func (n *network) command(t *testing.T, script string, env ...string) *exec.Cmd {
	t.Helper()
	dir, err := filepath.Abs("testdata/proof")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), n.node, "--require", filepath.Join(dir, "names.js"), filepath.Join(dir, script))
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"http_proxy=" + n.proxy.URL,
		"NODE_EXTRA_CA_CERTS=" + filepath.Join(n.certificates, "ca.pem"),
	}, env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// direct is the environment in which names.js lets the hosts be reached without
// the proxy.
func (n *network) direct() string {
	return "DIRECT=" + strings.Join(n.hosts(), ",") + ":" + n.port()
}

// port is where all services are.
func (n *network) port() string {
	_, port, _ := net.SplitHostPort(n.server.Listener.Addr().String())
	return port
}

// hosts are the names of all services.
func (n *network) hosts() []string {
	hosts := map[string]bool{}
	for request := range n.services {
		hosts[requestHost(request)] = true
	}
	return slices.Sorted(maps.Keys(hosts))
}

// requestHost returns the host of "METHOD host/path".
func requestHost(request string) string {
	_, target, _ := strings.Cut(request, " ")
	host, _, _ := strings.Cut(target, "/")
	return host
}

func (n *network) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.saw[what] = true
}

// seen returns what arrived since forget, each once: "CONNECT host:port" at the
// proxy, "METHOD host/path" at a service by way of a tunnel to its host, and
// "direct METHOD host/path" where there was no tunnel.
func (n *network) seen() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.saw))
}

func (n *network) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.saw)
}

// connect is the proxy.
func (n *network) connect(w http.ResponseWriter, r *http.Request) {
	n.note(r.Method + " " + r.Host)
	host, port, _ := net.SplitHostPort(r.Host)
	switch {
	case r.Method != http.MethodConnect || port != "443" || !slices.Contains(n.hosts(), host):
		http.Error(w, "unknown host", http.StatusBadGateway)
		return
	case host == silentHost:
		<-r.Context().Done() // the client has gone
		return
	case host == slowHost:
		select {
		case <-time.After(slowness):
		case <-r.Context().Done():
			return
		}
	}
	service, err := net.Dial("tcp", n.server.Listener.Addr().String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		service.Close()
		return
	}
	n.open(service.LocalAddr().String(), host)
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(client, service)
		client.Close()
	}()
	go func() {
		io.Copy(service, client)
		n.open(service.LocalAddr().String(), "") // before the address can be anyone else's
		service.Close()
	}()
}

// open records where the tunnel at an address leads to, "" if it is gone.
func (n *network) open(address, host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if host == "" {
		delete(n.tunnels, address)
	} else {
		n.tunnels[address] = host
	}
}

// serve is all services.
func (n *network) serve(w http.ResponseWriter, r *http.Request) {
	request := r.Method + " " + r.Host + r.URL.Path
	n.note(n.way(r) + request)
	service, found := n.services[request]
	switch {
	case !found:
		http.NotFound(w, r)
	case service.accepts != nil && !service.accepts(r):
		http.Error(w, "not as it has to be", http.StatusUnauthorized)
	default:
		service.reply(w)
	}
}

// way says how a request came, if it was not through the tunnel to its host.
func (n *network) way(r *http.Request) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch host, found := n.tunnels[r.RemoteAddr]; {
	case !found:
		return "direct "
	case host != r.Host:
		return "through the tunnel to " + host + " "
	}
	return ""
}

func (s service) reply(w http.ResponseWriter) {
	if text, ok := s.answer.(string); ok {
		io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.answer)
}

type object = map[string]any

// makeServices returns the services by their requests. What they ask of a
// request is that which a wrong way to make it could lose.
func (n *network) makeServices() map[string]service {
	const issuer = "https://" + identityProvider
	user := object{"sub": "user-1", "name": "Ada", "email": "ada@corp.test"}
	services := map[string]service{
		"GET idp.corp.test/.well-known/openid-configuration": {nil, object{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"jwks_uri": issuer + "/jwks", "userinfo_endpoint": issuer + "/userinfo",
		}},
		"POST idp.corp.test/token": {form("code", "code"), object{
			"access_token": "token", "token_type": "Bearer", "id_token": n.idToken(issuer),
		}},
		"GET idp.corp.test/jwks": {nil, object{"keys": []any{object{
			"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256",
			"n": encode(n.key.N.Bytes()), "e": encode(big.NewInt(int64(n.key.E)).Bytes()),
		}}}},
		"GET idp.corp.test/userinfo":    {bearer, user},
		"GET slow.corp.test/userinfo":   {bearer, user},
		"GET silent.corp.test/userinfo": {bearer, user},
	}
	maps.Copy(services, providerServices())
	return services
}

// providerServices are the services of the providers that make requests of
// their own.
func providerServices() map[string]service {
	return map[string]service{
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

func body(text string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		data, err := io.ReadAll(r.Body)
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

func (n *network) idToken(issuer string) string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(object{"iss": issuer, "aud": "client", "sub": "user-1", "iat": now, "exp": now + 3600})
	signed := encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, n.key, crypto.SHA256, sum[:])
	return signed + "." + encode(signature)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
