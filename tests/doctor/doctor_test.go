// Package doctor tests proxypatch doctor with proxies of all kinds.
package doctor

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/testkit/clitest"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

const (
	issuer = "https://idp.corp.test/realms/x"
	// secret is the password in every proxy URL. No output may show it.
	secret = "hunter2hunter2"
	login  = "jane:" + secret

	fakeNodeScript = `#!/bin/sh
test "$1" = --print && echo "{\"path\": \"$0\", \"version\": \"20.20.2\"}"
`
)

// TestDoctorProbes requests an identity provider through proxies of all kinds.
func TestDoctorProbes(t *testing.T) {
	clearEnvironment(t)
	realNode := nodetest.Node(t)
	fakeNode := filepath.Join(t.TempDir(), "node") // fast, but lists no certificates
	if err := os.WriteFile(fakeNode, []byte(fakeNodeScript), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := nodetest.TLS(t, "idp.corp.test", "127.0.0.1")
	authorization := "Basic " + base64.StdEncoding.EncodeToString([]byte(login))
	open := proxytest.Tunnel{Certificates: dir, Answer: proxytest.Discovery(issuer), Login: authorization}
	other, absent, moved, secure := open, open, open, open
	other.Answer = proxytest.Discovery("https://other.test")
	absent.Answer = "HTTP/1.1 404 Not Found\r\n\r\n"
	moved.Answer = "HTTP/1.1 301 Moved\r\n\r\n"
	secure.Secure = true
	inspecting := proxytest.Tunnel{Certificates: nodetest.TLS(t, "idp.corp.test"), Login: authorization}
	wanting := proxytest.Tunnel{Certificates: dir, Login: "another"}
	answering := func(status string) string {
		return proxytest.Answering(t, "HTTP/1.1 "+status+"\r\n\r\n")
	}
	for name, test := range map[string]struct {
		proxy   string // gets http:// and login if it has no scheme
		url     string
		code    clitest.Code
		message string // part of a finding's message
		hint    string // start of that finding's hint
	}{
		"open":          {open.Start(t), issuer, clitest.OK, "https://idp.corp.test/realms/x/.well-known/openid-configuration answers through the proxy 127.0.0.1:", ""},
		"https://":      {"https://" + login + "@" + secure.Start(t), issuer, clitest.OK, "openid-configuration answers through the proxy", ""},
		"not https://":  {"https://" + login + "@" + answering("200 OK"), issuer, clitest.Unproven, "does not speak TLS, but https_proxy starts with https://", "change it to http://"},
		"other issuer":  {other.Start(t), issuer, clitest.OK, "names a different issuer", "set the provider's issuer"},
		"no document":   {absent.Start(t), issuer, clitest.OK, "but without a discovery document (404)", ""},
		"redirect":      {moved.Start(t), issuer, clitest.OK, "with a redirect (301)", "use the issuer's exact URL"},
		"refusing":      {proxytest.Refusing(t), issuer, clitest.Unproven, "can't be reached (connection refused)", "check the host and port in https_proxy"},
		"silent":        {proxytest.Silent(t), issuer, clitest.Unproven, "did not answer within 300ms", "check the host and port"},
		"407":           {wanting.Start(t), issuer, clitest.Unproven, "rejects the user and password (407)", "check them in https_proxy"},
		"407, no login": {"http://" + wanting.Start(t), issuer, clitest.Unproven, "requires a user and a password (407)", "add them to https_proxy, percent-encoded: http://USER:PASSWORD@HOST:PORT"},
		"407 NTLM":      {answering("407 x\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate " + secret), issuer, clitest.Unproven, "by ntlm or negotiate, which next-auth can't do", "run a local proxy that logs in, such as px or cntlm"},
		"407 Kerberos":  {answering("407 x\r\nProxy-Authenticate: Negotiate"), issuer, clitest.Unproven, "by negotiate, which next-auth can't do", "run a local proxy that logs in, such as px, and"},
		"403":           {answering("403 " + secret), issuer, clitest.Unproven, "answers with 403: it does not allow this host", "ask the proxy's administrator to allow idp.corp.test:443"},
		"403, port":     {answering("403 x"), "https://idp.corp.test:8443", clitest.Unproven, "does not allow port 8443", "ask the proxy's administrator to allow CONNECT to idp.corp.test:8443"},
		"405":           {answering("405 x"), issuer, clitest.Unproven, "like a server that is not a proxy", "check the host and port"},
		"502":           {answering("502 x"), issuer, clitest.Unproven, "can't resolve or reach idp.corp.test", "check the URL"},
		"no HTTP":       {proxytest.Answering(t, secret+"\r\n"), issuer, clitest.Unproven, "does not answer like an HTTP proxy", ""},
		"inspecting":    {inspecting.Start(t), issuer, clitest.Unproven, `is signed by "proxypatch test authority", which Node.js does not trust`, `get that CA's certificate as a PEM file, and where the app starts export NODE_EXTRA_CA_CERTS=`},
		"another name":  {open.Start(t), "https://other.corp.test", clitest.Unproven, "its certificate is for another host", ""},
		"malformed":     {"http://jane:1#" + secret + "@proxy.test", issuer, clitest.Unproven, "was not tried: https_proxy is invalid", ""},
		"PAC file":      {"http://" + open.Start(t) + "/proxy.pac", issuer, clitest.Unproven, "was not tried: https_proxy is invalid", "fix https_proxy first"},
		"http://":       {answering("403 x"), "http://idp.corp.test", clitest.OK, "with 403, which may come from the proxy or from the target", ""},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := test.proxy
			if !strings.Contains(proxy, "://") {
				proxy = "http://" + login + "@" + proxy
			}
			t.Setenv("https_proxy", proxy)
			t.Setenv("http_proxy", proxy)
			t.Setenv("NODE_EXTRA_CA_CERTS", filepath.Join(dir, "ca.pem"))
			node, timeout := fakeNode, "1m"
			if name == "open" || name == "inspecting" || runtime.GOOS == "windows" {
				node = realNode
			}
			if name == "silent" {
				timeout = "300ms"
			}
			got := runDoctor(t, test.code, "--node", node, "--probe", "--timeout", timeout, strings.Replace(test.url, "://", "://"+login+"@", 1))
			for _, finding := range got {
				if finding.Area == "connection" && strings.Contains(finding.Message, test.message) && strings.HasPrefix(finding.Hint, test.hint) {
					return
				}
			}
			t.Errorf("no %q with %q in %+v", test.message, test.hint, got)
		})
	}
}

// clearEnvironment unsets every variable that doctor reads.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if upper := strings.ToUpper(name); strings.HasSuffix(upper, "_PROXY") || strings.HasPrefix(upper, "NODE_") || strings.Contains(upper, "ISSUER") {
			t.Setenv(name, "") // restores it after the test
			os.Unsetenv(name)
		}
	}
}

// runDoctor runs doctor in an empty project, with and without --json, and returns
// its findings. Neither output may show the secret.
func runDoctor(t *testing.T, want clitest.Code, args ...string) []clitest.Finding {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"doctor", "-C", dir, "--if-present"}, args...)
	var got clitest.Report
	for _, format := range [][]string{nil, {"--json"}} {
		ran := clitest.Run(t, "", nil, append(args, format...)...)
		if ran.Code != want || ran.Stderr != "" {
			t.Errorf("exited with %d, not %d: %s%s", ran.Code, want, ran.Stdout, ran.Stderr)
		}
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(login))} {
			if strings.Contains(ran.Stdout+ran.Stderr, form) {
				t.Errorf("shows %s: %s", form, ran.Stdout)
			}
		}
		if format != nil {
			got = clitest.Decode(t, ran.Stdout)
		}
	}
	return got.Findings
}
