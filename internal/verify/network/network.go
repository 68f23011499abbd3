// Package network simulates a company's network on 127.0.0.1: HTTPS services that
// are reached by name only through a CONNECT proxy. It records every request, and
// nothing leaves the machine.
package network

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/proxypatch/proxypatch/internal/verify/network/certs"
)

// Network is a set of services and the proxy that forwards to them.
type Network struct {
	CA          []byte // the certificate of the services' authority, as PEM
	Certificate tls.Certificate

	services      map[string]http.Handler
	dial          func(ctx context.Context, host string) error
	proxy, server net.Listener

	mu      sync.Mutex
	log     []string
	tunnels map[string]tunnel // by address, as the server sees it
	closing []io.Closer
}

// tunnel is a connection from the proxy to a service.
type tunnel struct {
	host    string
	service net.Conn
}

// LoopbackError means that 127.0.0.1 can't be used.
type LoopbackError struct{ Err error }

func (e *LoopbackError) Error() string { return fmt.Sprintf("127.0.0.1 can't be used: %v", e.Err) }

// Unwrap returns the cause.
func (e *LoopbackError) Unwrap() error { return e.Err }

// New starts a network of services by host name; each answers at port 443. dial may
// be nil. The proxy calls it before it connects to a host, and refuses the
// connection if it returns an error. The error of New may be a *LoopbackError. Close
// the network after use.
func New(services map[string]http.Handler, dial func(ctx context.Context, host string) error) (*Network, error) {
	n := &Network{services: services, dial: dial, tunnels: map[string]tunnel{}}
	var err error
	if n.CA, n.Certificate, err = certs.New(n.Hosts()...); err != nil {
		return nil, err
	}
	if n.proxy, err = n.listen(n.connect, nil); err == nil {
		n.server, err = n.listen(n.serve, &tls.Config{Certificates: []tls.Certificate{n.Certificate}})
	}
	if err != nil {
		n.Close()
		return nil, &LoopbackError{err}
	}
	return n, nil
}

// listen starts a server and checks that it can be reached.
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

// Close ends the servers and the tunnels.
func (n *Network) Close() {
	for _, server := range slices.Backward(n.closing) {
		server.Close()
	}
}

// StopProxy ends the proxy and all tunnels. After that, nothing listens at its
// address.
func (n *Network) StopProxy() {
	for _, server := range n.closing[:2] { // its listener and its server
		server.Close()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.tunnels {
		t.service.Close()
	}
}

// Address returns the host and port at which all services really listen.
func (n *Network) Address() string { return n.server.Addr().String() }

// Proxy returns the proxy's URL.
func (n *Network) Proxy() string { return "http://" + n.proxy.Addr().String() }

// ProxyPort returns the port of the proxy.
func (n *Network) ProxyPort() int { return n.proxy.Addr().(*net.TCPAddr).Port }

// Hosts returns the names of all services, sorted.
func (n *Network) Hosts() []string { return slices.Sorted(maps.Keys(n.services)) }

func (n *Network) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = append(n.log, what)
}

// Log returns the requests in order: "CONNECT host:port" at the proxy, "METHOD
// host/path" at a service through a tunnel to its host, and "direct METHOD
// host/path" at a service without a tunnel.
func (n *Network) Log() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.log)
}

// Seen returns the lines of Log, sorted and without duplicates.
func (n *Network) Seen() []string { return slices.Compact(slices.Sorted(slices.Values(n.Log()))) }

// connect answers for the proxy.
func (n *Network) connect(w http.ResponseWriter, r *http.Request) {
	n.note(r.Method + " " + r.Host)
	host, port, _ := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || port != "443" || n.services[host] == nil {
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
	n.open(tunnel{host, service})
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(client, service)
		client.Close()
	}()
	go func() {
		io.Copy(service, client)
		n.close(service)
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

// open records the target of a tunnel.
func (n *Network) open(t tunnel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tunnels[t.service.LocalAddr().String()] = t
}

// close ends a tunnel. It forgets the address first, because another connection may
// reuse it at once.
func (n *Network) close(service net.Conn) {
	n.mu.Lock()
	delete(n.tunnels, service.LocalAddr().String())
	n.mu.Unlock()
	service.Close()
}

// serve answers for all services.
func (n *Network) serve(w http.ResponseWriter, r *http.Request) {
	n.note(n.way(r) + r.Method + " " + r.Host + r.URL.Path)
	if service := n.services[r.Host]; service != nil {
		service.ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

// way describes how a request arrived, if it was not through the tunnel to its host.
func (n *Network) way(r *http.Request) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch t, found := n.tunnels[r.RemoteAddr]; {
	case !found:
		return "direct "
	case t.host != r.Host:
		return "through the tunnel to " + t.host + " "
	}
	return ""
}
