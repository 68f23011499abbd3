// Package proxytest starts proxies that behave like those of companies, on loopback and until the test ends. Only tests use
// it.
package proxytest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// Serve returns an address. It handles each connection to it, and then closes the connection.
func Serve(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// Refusing returns an address at which nothing listens until the test ends, because it
// is the local end of a connection.
func Refusing(t testing.TB) string {
	t.Helper()
	conn, err := net.Dial("tcp", Silent(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

// Silent accepts connections and never answers.
func Silent(t testing.TB) string {
	return Serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
}

// Answering answers the head of every request with text.
func Answering(t testing.TB, text string) string {
	return Serve(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, text)
		}
	})
}

// Tunnel is a proxy that gives every CONNECT the same answer.
type Tunnel struct {
	Certificates string        // the directory of the target's certificates, from nodetest.TLS
	Answer       string        // the complete answer of the target
	Delay        time.Duration // before the tunnel is open
	Login        string        // the required Proxy-Authorization
	Secure       bool          // an https:// proxy, with the target's certificate
}

// Start returns the proxy's address.
func (p Tunnel) Start(t testing.TB) string {
	t.Helper()
	config := load(t, p.Certificates)
	return Serve(t, func(conn net.Conn) {
		if p.Secure {
			conn = tls.Server(conn, config)
		}
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil || request.Method != http.MethodConnect {
			return
		}
		if request.Header.Get("Proxy-Authorization") != p.Login {
			_, _ = io.WriteString(conn, "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n")
			return
		}
		time.Sleep(p.Delay)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		target := tls.Server(conn, config)
		if _, err := http.ReadRequest(bufio.NewReader(target)); err == nil {
			_, _ = io.WriteString(target, p.Answer)
			_ = target.Close()
		}
	})
}

// BadGateway is a proxy before a target that speaks only TLS. It answers requests for http:// URLs with 502. Certificates
// is as in [Tunnel].
func BadGateway(t testing.TB, certificates string) string {
	t.Helper()
	config := load(t, certificates)
	return Serve(t, func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		switch {
		case err != nil:
		case request.Method != http.MethodConnect:
			_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		default:
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			_ = tls.Server(conn, config).Handshake()
		}
	})
}

// OnlyTLS is a server that speaks TLS. It answers HTTP with answer, as some do, or with nothing.
func OnlyTLS(t testing.TB, certificates, answer string) string {
	t.Helper()
	config := load(t, certificates)
	return Serve(t, func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		if first, err := reader.Peek(1); err == nil && first[0] == 0x16 { // a handshake
			_ = tls.Server(peeked{conn, reader}, config).Handshake()
			return
		}
		_, _ = http.ReadRequest(reader)
		_, _ = io.WriteString(conn, answer)
	})
}

// peeked is a connection of which a part is in a buffer.
type peeked struct {
	net.Conn
	reader io.Reader
}

func (p peeked) Read(data []byte) (int, error) { return p.reader.Read(data) }

// load reads certificates that nodetest.TLS wrote.
func load(t testing.TB, dir string) *tls.Config {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

// Discovery returns the answer of an identity provider, with its discovery document.
func Discovery(issuer string) string {
	body := fmt.Sprintf(`{"issuer":%q}`, issuer)
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}
