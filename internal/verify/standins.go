package verify

import (
	"context"
	"crypto/rsa"
	"maps"
	"net/http"
	"strings"

	"github.com/proxypatch/proxypatch/internal/verify/network"
)

// Network replaces the internet for next-auth. Its services answer next-auth's calls
// and can be reached only through its CONNECT proxy.
type Network struct {
	*network.Network

	key      *rsa.PrivateKey
	services map[string]Service // by "METHOD host/path"
}

// LoopbackError means that 127.0.0.1 can't be used.
type LoopbackError = network.LoopbackError

// Options extend a network beyond what the calls of all lines need.
type Options struct {
	Services map[string]Service // by "METHOD host/path"
	// Dial may be nil. The proxy calls it before it connects to a host, and refuses
	// the connection if it returns an error.
	Dial func(ctx context.Context, host string) error
}

// NewNetwork starts a network. Close it.
func NewNetwork(options Options) (*Network, error) {
	key, err := signingKey()
	if err != nil {
		return nil, err
	}
	n := &Network{key: key, services: allServices(key)}
	maps.Copy(n.services, options.Services)
	hosts := map[string]http.Handler{}
	for request := range n.services {
		hosts[requestHost(request)] = http.HandlerFunc(n.serve)
	}
	n.Network, err = network.New(hosts, options.Dial)
	return n, err
}

// Request makes a driver make some kinds of calls with the code in a directory.
type Request struct {
	Dir     string   `json:"dir"`
	Kinds   []string `json:"kinds"`
	IDToken string   `json:"idToken"` // for JWKS
	Proxy   int      `json:"proxy"`   // its port
	CA      string   `json:"ca"`
}

// Request returns a request for calls in this network.
func (n *Network) Request(dir string, kinds []string) Request {
	return Request{dir, kinds, idToken(n.key, issuer), n.ProxyPort(), string(n.CA)}
}

// serve answers for all services.
func (n *Network) serve(w http.ResponseWriter, r *http.Request) {
	service, found := n.services[r.Method+" "+r.Host+r.URL.Path]
	switch {
	case !found:
		http.NotFound(w, r)
	case service.accepts != nil && !service.accepts(r):
		http.Error(w, "unexpected request", http.StatusUnauthorized)
	default:
		service.reply(w)
	}
}

// requestHost returns the host of "METHOD host/path".
func requestHost(request string) string {
	_, target, _ := strings.Cut(request, " ")
	host, _, _ := strings.Cut(target, "/")
	return host
}
