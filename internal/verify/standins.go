package verify

import (
	"context"
	"crypto/rsa"
	"maps"
	"net/http"

	"github.com/proxypatch/proxypatch/internal/verify/network"
)

// Network is what next-auth has of the internet: services that answer its
// calls, behind a CONNECT proxy that alone knows their names.
type Network struct {
	*network.Network

	key      *rsa.PrivateKey
	services map[string]Service // by "METHOD host/path"
}

// LoopbackError says that this machine can't be reached by itself.
type LoopbackError = network.LoopbackError

// Options are what a network has beside what Calls need.
type Options struct {
	Services map[string]Service // by "METHOD host/path"
	// Dial, if there is one, is asked before the proxy connects to a host. Its
	// error is a refusal.
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

// Request asks calls.js for some kinds of calls, with the code in a directory.
type Request struct {
	Dir     string   `json:"dir"`
	Kinds   []string `json:"kinds"`
	IDToken string   `json:"idToken"` // for JWKS
	Proxy   int      `json:"proxy"`   // its port
	CA      string   `json:"ca"`
}

// Request returns a request for calls in this network.
func (n *Network) Request(dir string, kinds []string) Request {
	return Request{dir, kinds, idToken(n.key), n.ProxyPort(), string(n.CA)}
}

// serve is all services.
func (n *Network) serve(w http.ResponseWriter, r *http.Request) {
	service, found := n.services[r.Method+" "+r.Host+r.URL.Path]
	switch {
	case !found:
		http.NotFound(w, r)
	case service.accepts != nil && !service.accepts(r):
		http.Error(w, "not as it has to be", http.StatusUnauthorized)
	default:
		service.reply(w)
	}
}
