// Package probe requests an identity provider's discovery document through the
// proxy, as the first request of a patched next-auth does. It reports how far the
// request got and how long it took.
//
// It does not start Node.js. docs/doctor.md lists the differences.
package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
)

const (
	// maxHead and maxBody limit how much of an answer is read, in bytes.
	maxHead = 64 << 10
	maxBody = 1 << 20

	discovery = "/.well-known/openid-configuration"
)

// Way is a target and how to reach it.
type Way struct {
	Target *proxyenv.Target
	Proxy  *proxyenv.Proxy // nil to connect directly
	Roots  *x509.CertPool  // the authorities to trust; nil for the system's
	Limit  time.Duration   // for the whole attempt
}

// Result is the answer of a target.
type Result struct {
	Opened   time.Duration // until the connection was open, including TLS with the target
	Answered time.Duration // from then until the head of the answer arrived
	Status   int           // of the answer
	Found    bool          // whether the answer is a discovery document
	Issuer   string        // as the document names it
	HTML     bool          // whether the answer is a page for browsers
	Log      string        // part of what next-auth logs if the answer is none that it can use, or ""
}

// Run tries a way. The error is a *Failure.
func Run(ctx context.Context, way Way) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, way.Limit)
	defer cancel()
	result, err := way.try(ctx)
	if failure := way.needsTLS(ctx, result, err); failure != nil {
		return result, failure
	}
	return result, err
}

// try sends the request.
func (w Way) try(ctx context.Context) (Result, error) {
	start := time.Now()
	conn, err := w.open(ctx)
	if err != nil {
		return Result{}, err
	}
	defer conn.Close()
	result := Result{Opened: time.Since(start)}
	start = time.Now()
	answer, err := w.get(ctx, conn)
	if err != nil {
		return result, failed(AtAnswer, err)
	}
	defer answer.Body.Close()
	result.Answered = time.Since(start)
	result.Status = answer.StatusCode
	if w.Proxy != nil && !w.Target.Secure && answer.StatusCode == http.StatusProxyAuthRequired {
		return result, refused(answer)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return result, failed(AtAnswer, err)
	}
	result.read(body)
	return result, nil
}

// open returns a connection for the request to the target.
func (w Way) open(ctx context.Context) (net.Conn, error) {
	if w.Proxy == nil {
		conn, err := dial(ctx, w.Target.Address())
		if err != nil {
			return nil, failed(AtTarget, err)
		}
		return w.secure(ctx, conn)
	}
	conn, err := dial(ctx, w.Proxy.Address())
	if err != nil {
		return nil, failed(AtProxy, err)
	}
	if w.Proxy.Secure {
		secured, err := w.handshake(ctx, conn, w.Proxy.Host)
		if err != nil {
			conn.Close()
			return nil, failed(AtProxyTLS, err)
		}
		conn = secured
	}
	if !w.Target.Secure {
		return conn, nil
	}
	if err := w.connect(conn); err != nil {
		conn.Close()
		return nil, failed(AtTunnel, err)
	}
	return w.secure(ctx, conn)
}

// dial opens a connection with the context's deadline.
func dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	return conn, conn.SetDeadline(deadline)
}

// connect asks the proxy for a tunnel to the target.
func (w Way) connect(conn net.Conn) error {
	head := fmt.Sprintf("CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n", w.Target.Address())
	if login := w.Proxy.Authorization(); login != "" {
		head += "Proxy-Authorization: " + login + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return err
	}
	reader := bufio.NewReader(io.LimitReader(conn, maxHead))
	answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return refused(answer)
	case reader.Buffered() > 0: // no TLS server speaks first
		return &Failure{Kind: NoHTTP}
	}
	return nil
}

// secure adds TLS if the target is https://.
func (w Way) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if !w.Target.Secure {
		return conn, nil
	}
	secured, err := w.handshake(ctx, conn, w.Target.Host)
	if err != nil {
		conn.Close()
		return nil, failed(AtTLS, err)
	}
	return secured, nil
}

// handshake verifies the certificate itself, so that a failure can name its issuer.
func (w Way) handshake(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	client := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	chain := client.ConnectionState().PeerCertificates
	options := x509.VerifyOptions{DNSName: host, Roots: w.Roots, Intermediates: x509.NewCertPool()}
	for _, certificate := range chain[1:] {
		options.Intermediates.AddCert(certificate)
	}
	if _, err := chain[0].Verify(options); err != nil {
		return nil, mistrusted(chain, err)
	}
	return client, nil
}

// get requests the discovery document.
func (w Way) get(ctx context.Context, conn net.Conn) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Target.Origin()+DiscoveryPath(w.Target.Path), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "proxypatch doctor")
	request.Close = true
	write := request.Write
	if w.Proxy != nil && !w.Target.Secure {
		write = request.WriteProxy
		if login := w.Proxy.Authorization(); login != "" {
			request.Header.Set("Proxy-Authorization", login)
		}
	}
	if err := write(conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxHead+maxBody)), request)
}

// DiscoveryPath returns the path of an issuer's discovery document. A path that
// already names such a document is returned unchanged.
func DiscoveryPath(path string) string {
	if strings.Contains(path, "/.well-known/") {
		return path
	}
	return path + discovery
}
