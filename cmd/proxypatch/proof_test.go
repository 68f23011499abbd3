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

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/nodetest"
)

const (
	identityProvider = "idp.corp.test"
	photoHost        = "graph.microsoft.com"
)

// TestRequestsReachTheProxy is the point of it all: patched, a sign-in's
// requests arrive at the proxy and succeed; unpatched and reverted, they do
// not arrive.
func TestRequestsReachTheProxy(t *testing.T) {
	all := []string{
		"CONNECT graph.microsoft.com:443", "CONNECT idp.corp.test:443",
		"GET graph.microsoft.com/v1.0/me/photos/48x48/$value",
		"GET idp.corp.test/.well-known/openid-configuration",
		"GET idp.corp.test/jwks", "GET idp.corp.test/userinfo", "POST idp.corp.test/token",
	}
	for _, agent := range []string{"agent-5.0.1", "agent-7.0.6", "agent-9.1.0"} {
		t.Run(agent, func(t *testing.T) {
			network := newNetwork(t)
			project := nodetest.Copy(t, agent)

			if got := network.signIn(t, project); got.Error == "" || len(network.seen()) > 0 {
				t.Errorf("unpatched: got %+v, proxy saw %q", got, network.seen())
			}

			mustRun(t, "-C", project)
			want := signedIn{Subject: "user-1", User: "Ada", Image: "data:image/jpeg;base64, cGhvdG8="}
			if diff := cmp.Diff(want, network.signIn(t, project)); diff != "" {
				t.Errorf("patched (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(all, network.seen()); diff != "" {
				t.Errorf("patched, seen by the proxy (-want +got):\n%s", diff)
			}

			mustRun(t, "-C", project, "revert")
			network.forget()
			if got := network.signIn(t, project); got.Error == "" || len(network.seen()) > 0 {
				t.Errorf("reverted: got %+v, proxy saw %q", got, network.seen())
			}
		})
	}
}

// The tutorial's diffs do with https-proxy-agent 5 what they did when they were
// published, except for the photo: fetch takes no agent since Node.js 18.
func TestTutorialReachesTheProxy(t *testing.T) {
	network := newNetwork(t)
	project := nodetest.Copy(t, "agent-5.0.1")
	mustRun(t, "-C", project, "--set", "tutorial")
	if got := network.signIn(t, project); got.Error == "" {
		t.Errorf("the photo did not fail: %+v", got)
	}
	want := []string{
		"CONNECT idp.corp.test:443", "GET idp.corp.test/.well-known/openid-configuration",
		"GET idp.corp.test/jwks", "GET idp.corp.test/userinfo", "POST idp.corp.test/token",
	}
	if diff := cmp.Diff(want, network.seen()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// mustRun runs the program in this process.
func mustRun(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &out); code != exitOK {
		t.Fatalf("proxypatch %s exited with %d:\n%s", strings.Join(args, " "), code, &out)
	}
}

// signedIn is what testdata/proof/sign-in.js prints.
type signedIn struct{ Subject, User, Image, Error, Cause string }

// network is an identity provider and a photo service behind a CONNECT proxy
// that alone knows their names.
type network struct {
	certificates string // directory
	node         string
	proxy        *httptest.Server
	service      *httptest.Server
	key          *rsa.PrivateKey

	mu   sync.Mutex
	saw  map[string]bool
	open []net.Conn
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{
		certificates: nodetest.TLS(t, identityProvider, photoHost),
		node:         nodetest.Node(t),
		key:          key,
		saw:          map[string]bool{},
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(n.certificates, "cert.pem"), filepath.Join(n.certificates, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	n.service = httptest.NewUnstartedServer(http.HandlerFunc(n.serve))
	n.service.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	n.service.StartTLS()
	n.proxy = httptest.NewServer(http.HandlerFunc(n.connect))
	t.Cleanup(func() {
		for _, conn := range n.open {
			conn.Close()
		}
		n.proxy.Close()
		n.service.Close()
	})
	return n
}

// signIn runs a sign-in in the project with only http_proxy set, as the
// tutorial tells people to.
func (n *network) signIn(t *testing.T, project string) signedIn {
	t.Helper()
	script, err := filepath.Abs("testdata/proof/sign-in.js")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(n.node, script)
	cmd.Dir = project
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"http_proxy=" + n.proxy.URL,
		"NODE_EXTRA_CA_CERTS=" + filepath.Join(n.certificates, "ca.pem"),
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got signedIn
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}

func (n *network) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.saw[what] = true
}

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
	host, _, _ := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || host != identityProvider && host != photoHost {
		http.Error(w, "unknown host", http.StatusBadGateway)
		return
	}
	service, err := net.Dial("tcp", n.service.Listener.Addr().String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		service.Close()
		return
	}
	n.mu.Lock()
	n.open = append(n.open, client, service)
	n.mu.Unlock()
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	for _, pair := range [][2]net.Conn{{client, service}, {service, client}} {
		go func() {
			io.Copy(pair[0], pair[1])
			pair[0].Close()
		}()
	}
}

// serve is the identity provider and the photo service.
func (n *network) serve(w http.ResponseWriter, r *http.Request) {
	n.note(r.Method + " " + r.Host + r.URL.Path)
	const issuer = "https://" + identityProvider
	reply := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		reply(map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"jwks_uri": issuer + "/jwks", "userinfo_endpoint": issuer + "/userinfo",
		})
	case "/token":
		reply(map[string]any{"access_token": "token", "token_type": "Bearer", "id_token": n.idToken(issuer)})
	case "/jwks":
		reply(map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256",
			"n": encode(n.key.N.Bytes()), "e": encode(big.NewInt(int64(n.key.E)).Bytes()),
		}}})
	case "/userinfo":
		reply(map[string]any{"sub": "user-1", "name": "Ada", "email": "ada@corp.test"})
	case "/v1.0/me/photos/48x48/$value":
		if r.Header.Get("Authorization") != "Bearer token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, "photo")
	default:
		http.NotFound(w, r)
	}
}

func (n *network) idToken(issuer string) string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{"iss": issuer, "aud": "client", "sub": "user-1", "iat": now, "exp": now + 300})
	signed := encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, n.key, crypto.SHA256, sum[:])
	return signed + "." + encode(signature)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
