package verify

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/proxypatch/proxypatch/internal/certs"
)

// Network is what next-auth has of the internet: services that answer its
// calls, behind a CONNECT proxy that alone knows their names. All of it is on
// 127.0.0.1, and leads nowhere else.
type Network struct {
	CA []byte // the certificate that vouches for the services, as PEM

	key           *rsa.PrivateKey
	services      map[string]Service
	dial          func(ctx context.Context, host string) error
	proxy, server net.Listener

	mu      sync.Mutex
	saw     map[string]bool
	tunnels map[string]string // the hosts that tunnels lead to, by their addresses as the server sees them
	closing []io.Closer
}

// Options are what a network has beside what Calls need.
type Options struct {
	Services map[string]Service // by "METHOD host/path"
	// Dial, if there is one, is asked before the proxy connects to a host. Its
	// error is a refusal.
	Dial func(ctx context.Context, host string) error
}

// LoopbackError says that this machine can't be reached by itself.
type LoopbackError struct{ Err error }

func (e *LoopbackError) Error() string { return fmt.Sprintf("127.0.0.1 can't be used: %v", e.Err) }

// Unwrap returns the cause.
func (e *LoopbackError) Unwrap() error { return e.Err }

// NewNetwork starts a network. Close it.
func NewNetwork(options Options) (*Network, error) {
	key, err := signingKey()
	if err != nil {
		return nil, err
	}
	n := &Network{key: key, services: allServices(key), dial: options.Dial, saw: map[string]bool{}, tunnels: map[string]string{}}
	maps.Copy(n.services, options.Services)
	ca, certificate, err := certs.New(n.Hosts()...)
	if err != nil {
		return nil, err
	}
	n.CA = ca
	if n.proxy, err = n.listen(n.connect, nil); err == nil {
		n.server, err = n.listen(n.serve, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	if err != nil {
		n.Close()
		return nil, &LoopbackError{err}
	}
	return n, nil
}

// listen starts a server, and makes sure that it can be reached.
func (n *Network) listen(handler http.HandlerFunc, config *tls.Config) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	n.closing = append(n.closing, listener, server)
	go func() {
		if config == nil {
			server.Serve(listener)
		} else {
			server.Serve(tls.NewListener(listener, config))
		}
	}()
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	return listener, connection.Close()
}

// Close ends the servers, and with them the tunnels.
func (n *Network) Close() {
	for _, server := range slices.Backward(n.closing) {
		server.Close()
	}
}

// Proxy returns the proxy's URL.
func (n *Network) Proxy() string { return "http://" + n.proxy.Addr().String() }

// Port returns the port at which all services are.
func (n *Network) Port() int { return portOf(n.server) }

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// Hosts returns the names of all services.
func (n *Network) Hosts() []string {
	hosts := map[string]bool{}
	for request := range n.services {
		hosts[requestHost(request)] = true
	}
	return slices.Sorted(maps.Keys(hosts))
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
	return Request{dir, kinds, idToken(n.key), portOf(n.proxy), string(n.CA)}
}

func (n *Network) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.saw[what] = true
}

// Seen returns what arrived since Forget, each once: "CONNECT host:port" at the
// proxy, "METHOD host/path" at a service by way of a tunnel to its host, and
// "direct METHOD host/path" where there was no tunnel.
func (n *Network) Seen() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.saw))
}

// Forget makes Seen begin anew.
func (n *Network) Forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.saw)
}

// connect is the proxy.
func (n *Network) connect(w http.ResponseWriter, r *http.Request) {
	n.note(r.Method + " " + r.Host)
	host, port, _ := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || port != "443" || !slices.Contains(n.Hosts(), host) {
		http.Error(w, "unknown host", http.StatusBadGateway)
		return
	}
	service, err := n.reach(r.Context(), host)
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

// reach connects to the service on a host.
func (n *Network) reach(ctx context.Context, host string) (net.Conn, error) {
	if n.dial != nil {
		if err := n.dial(ctx, host); err != nil {
			return nil, err
		}
	}
	return net.Dial("tcp", n.server.Addr().String())
}

// open records where the tunnel at an address leads to, "" if it is gone.
func (n *Network) open(address, host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if host == "" {
		delete(n.tunnels, address)
	} else {
		n.tunnels[address] = host
	}
}

// serve is all services.
func (n *Network) serve(w http.ResponseWriter, r *http.Request) {
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
func (n *Network) way(r *http.Request) string {
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
