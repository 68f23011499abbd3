package probe

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
)

const (
	issuer = "https://idp.corp.test/realms/x"
	ok     = "HTTP/1.1 200 OK\r\n\r\n"
	plenty = time.Minute            // for requests that must succeed
	little = 200 * time.Millisecond // for servers that never answer
)

// try requests a URL through a proxy, or directly if proxy is "".
func try(t *testing.T, proxy, url string, roots *x509.CertPool, limit time.Duration) (Result, error) {
	t.Helper()
	target, err := proxyenv.ParseTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	way := Way{Target: target, Roots: roots, Limit: limit}
	if proxy != "" {
		setting, _ := proxyenv.Env{Get: func(string) string { return proxy }}.Lookup("https_proxy")
		if way.Proxy, err = setting.Proxy(); err != nil {
			t.Fatal(err)
		}
	}
	return Run(t.Context(), way)
}

func trust(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(data)
	return roots
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := nodetest.TLS(t, "idp.corp.test", "127.0.0.1")
	tunnel := proxytest.Tunnel{Certificates: dir, Answer: proxytest.Discovery(issuer)}
	secure, login, slow := tunnel, tunnel, tunnel
	secure.Secure, login.Login, slow.Delay = true, "Basic amFuZTpwQHNz", 30*time.Millisecond
	for name, test := range map[string]struct{ proxy, url string }{
		"tunnel":          {"http://" + tunnel.Start(t), issuer},
		"the document":    {"http://" + tunnel.Start(t), issuer + "/.well-known/openid-configuration"},
		"https:// proxy":  {"https://" + secure.Start(t), issuer},
		"login":           {"http://jane:p%40ss@" + login.Start(t), issuer},
		"slow":            {"http://" + slow.Start(t), issuer},
		"http:// target":  {"http://" + proxytest.Answering(t, proxytest.Discovery(issuer)), "http://idp.corp.test/realms/x"},
		"without a proxy": {"", "http://" + proxytest.Answering(t, proxytest.Discovery(issuer))},
		"another port":    {"http://" + tunnel.Start(t), "https://idp.corp.test:8443/realms/x"},
	} {
		result, err := try(t, test.proxy, test.url, trust(t, dir), plenty)
		if err != nil || !result.Found || result.Status != 200 || result.Issuer != issuer {
			t.Errorf("%s: got %+v, %v", name, result, err)
		}
		if name == "slow" && result.Opened < slow.Delay {
			t.Errorf("the connection took %v, and the proxy alone %v", result.Opened, slow.Delay)
		}
	}
}

func TestOtherAnswers(t *testing.T) {
	t.Parallel()
	dir := nodetest.TLS(t, "idp.corp.test")
	const got = "expected 200 OK, got: "
	for answer, want := range map[string]Result{
		"HTTP/1.1 404 Not Found\r\n\r\n":                                 {Status: 404, Log: got + "404 Not Found"},
		"HTTP/1.1 200 OK\r\n\r\n<html>":                                  {Status: 200, HTML: true, Log: "Unexpected token"},
		"HTTP/1.1 403 No\r\n\r\n\n<html>":                                {Status: 403, HTML: true, Log: got + "403 Forbidden"},
		"HTTP/1.1 200 OK\r\n\r\n{}":                                      {Status: 200, Log: "authorization_endpoint must be configured on the issuer"},
		"HTTP/1.1 302 Found\r\nLocation: https://x/\r\n\r\n":             {Status: 302, Log: got + "302 Found"},
		"HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\n\r\n":             {Status: 407, Log: got + "407 Proxy Authentication Required"}, // from the target, not from the proxy
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"issuer\":\"a\"}": {Status: 200},
		"HTTP/1.1 400 x\r\n\r\n{\"error\":\"invalid_tenant\"}":           {Status: 400, Log: "invalid_tenant"},
		"HTTP/1.1 400 x\r\n\r\n{\"error\":\"hunter\"}":                   {Status: 400},
	} {
		tunnel := proxytest.Tunnel{Certificates: dir, Answer: answer}
		result, err := try(t, "http://"+tunnel.Start(t), issuer, trust(t, dir), plenty)
		result.Opened, result.Answered = 0, 0
		if diff := cmp.Diff(want, result); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", answer, err, diff)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	dir, other := nodetest.TLS(t, "idp.corp.test"), nodetest.TLS(t, "other.corp.test")
	answering := func(text string) string { return "http://" + proxytest.Answering(t, text) }
	closing := proxytest.Serve(t, func(net.Conn) {})
	plain := proxytest.Serve(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	broken := proxytest.Tunnel{Certificates: dir, Answer: "hello\r\n\r\n"}
	mute := proxytest.Tunnel{Certificates: dir}
	inspecting := proxytest.Tunnel{Certificates: nodetest.TLS(t, "idp.corp.test")}
	elsewhere := proxytest.Tunnel{Certificates: other}
	secureProxy := proxytest.Tunnel{Certificates: other, Secure: true}
	const badRequest = "HTTP/1.1 400 Bad Request\r\n\r\n"
	silentBehind := proxytest.Serve(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, ok)
		_, _ = io.Copy(io.Discard, conn)
	})
	for name, test := range map[string]struct {
		proxy string
		url   string
		want  Failure
	}{
		"refusing":           {"http://" + proxytest.Refusing(t), issuer, Failure{At: AtProxy, Kind: Unreachable, Reason: "connection refused"}},
		"silent":             {"http://" + proxytest.Silent(t), issuer, Failure{At: AtTunnel, Kind: Silent}},
		"silent with TLS":    {"https://" + proxytest.Silent(t), issuer, Failure{At: AtProxyTLS, Kind: Silent}},
		"silent behind":      {"http://" + silentBehind, issuer, Failure{At: AtTLS, Kind: Silent}},
		"closing":            {"http://" + closing, issuer, Failure{At: AtTunnel, Kind: Closed}},
		"no HTTP":            {answering("220 smtp\r\n"), issuer, Failure{At: AtTunnel, Kind: NoHTTP}},
		"chatty":             {answering(ok + "HTTP/1.1 200 OK\r\n\r\n{\"issuer\":\"x\"}"), issuer, Failure{At: AtTunnel, Kind: NoHTTP}},
		"no TLS":             {"https://" + proxytest.Answering(t, ok), issuer, Failure{At: AtProxyTLS, Kind: Closed}},
		"HTTP for TLS":       {"https://" + plain, issuer, Failure{At: AtProxyTLS, Kind: NoTLS, Reason: "the answer is not TLS"}},
		"407 Basic":          {answering("HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"hunter, NTLM\"\r\n\r\n"), issuer, Failure{At: AtTunnel, Kind: Refused, Status: 407, Logins: []string{"negotiate", "basic"}}},
		"407 NTLM":           {answering("HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM, Negotiate\r\n\r\n"), issuer, Failure{At: AtTunnel, Kind: Refused, Status: 407, Logins: []string{"ntlm", "negotiate"}}},
		"407 for http://":    {answering("HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\n\r\n"), "http://idp.corp.test", Failure{At: AtAnswer, Kind: Refused, Status: 407, Logins: []string{"ntlm"}}},
		"403":                {answering("HTTP/1.1 403 x\r\n\r\n"), issuer, Failure{At: AtTunnel, Kind: Refused, Status: 403}},
		"502":                {answering("HTTP/1.1 502 x\r\n\r\n"), issuer, Failure{At: AtTunnel, Kind: Refused, Status: 502}},
		"201":                {answering("HTTP/1.1 201 x\r\n\r\n"), issuer, Failure{At: AtTunnel, Kind: Refused, Status: 201}},
		"closing behind":     {answering(ok), issuer, Failure{At: AtTLS, Kind: Closed}},
		"inspecting":         {"http://" + inspecting.Start(t), issuer, Failure{At: AtTLS, Kind: Untrusted, Issuer: "proxypatch test authority"}},
		"another name":       {"http://" + elsewhere.Start(t), issuer, Failure{At: AtTLS, Kind: WrongName}},
		"no HTTP behind":     {"http://" + broken.Start(t), issuer, Failure{At: AtAnswer, Kind: NoHTTP}},
		"no answer":          {"http://" + mute.Start(t), issuer, Failure{At: AtAnswer, Kind: Closed}},
		"TLS proxy":          {"http://" + secureProxy.Start(t), issuer, Failure{At: AtProxy, Kind: NeedsTLS}},
		"TLS proxy, 400":     {"http://" + proxytest.OnlyTLS(t, dir, badRequest), issuer, Failure{At: AtProxy, Kind: NeedsTLS}},
		"TLS proxy, http://": {"http://" + secureProxy.Start(t), "http://idp.corp.test", Failure{At: AtProxy, Kind: NeedsTLS}},
		"TLS target":         {"", "http://" + proxytest.OnlyTLS(t, dir, ""), Failure{At: AtAnswer, Kind: NeedsTLS}},
		"TLS target, 400":    {"", "http://" + proxytest.OnlyTLS(t, dir, badRequest), Failure{At: AtAnswer, Kind: NeedsTLS}},
		"TLS behind a proxy": {"http://" + proxytest.BadGateway(t, dir), "http://idp.corp.test:443", Failure{At: AtAnswer, Kind: NeedsTLS}},
		"direct, refusing":   {"", "https://" + proxytest.Refusing(t), Failure{At: AtTarget, Kind: Unreachable, Reason: "connection refused"}},
		"direct, silent":     {"", "https://" + proxytest.Silent(t), Failure{At: AtTLS, Kind: Silent}},
		"direct, without it": {"", "http://" + proxytest.Silent(t), Failure{At: AtAnswer, Kind: Silent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := plenty
			if test.want.Kind == Silent {
				limit = little
			}
			roots := trust(t, dir)
			if name == "another name" {
				roots = trust(t, other)
			}
			_, err := try(t, test.proxy, test.url, roots, limit)
			var got *Failure
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNames does not look up unknown names, because that takes long on some
// networks.
func TestNames(t *testing.T) {
	for err, want := range map[error]Failure{
		&net.DNSError{Err: "no such host", Name: "proxy.test", IsNotFound: true}:     {At: AtProxy, Kind: UnknownName},
		&net.DNSError{Err: "server misbehaving", Name: "proxy.test"}:                 {At: AtProxy, Kind: Unreachable, Reason: "server misbehaving"},
		&net.DNSError{Err: "i/o timeout", Name: "proxy.test", IsTimeout: true}:       {At: AtProxy, Kind: Silent},
		&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true, Err: "again"}}: {At: AtProxy, Kind: UnknownName},
	} {
		if diff := cmp.Diff(&want, failed(AtProxy, err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}
