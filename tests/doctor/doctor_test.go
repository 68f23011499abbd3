// Package doctor tests proxypatch doctor with proxies of all kinds.
package doctor

import (
	"encoding/base64"
	"os"
	"path/filepath"
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
)

// TestDoctorProbes requests an identity provider through proxies of all kinds.
func TestDoctorProbes(t *testing.T) {
	clearEnvironment(t)
	realNode := nodetest.Node(t)
	quickNode := nodetest.QuickNode(t)
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
		"only https://": {secure.Start(t), issuer, clitest.Unproven, "speaks only TLS, but https_proxy does not start with https://", "change it to https://"},
		"TLS target":    {proxytest.BadGateway(t, dir), "http://idp.corp.test:8443", clitest.Unproven, "its port 8443 speaks only TLS, but the URL starts with http://", "use https://"},
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
		"loopback":      {open.Start(t), "http://" + proxytest.Refusing(t) + "/realms/x", clitest.Unproven, "(connection refused), and the patch never uses a proxy for this machine", "start the identity provider on port "},
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
			node, timeout := quickNode, "1m"
			if name == "open" || name == "inspecting" {
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

// TestIssuers answers discovery as identity providers, and proxies that block them, do.
func TestIssuers(t *testing.T) {
	clearEnvironment(t)
	node := nodetest.QuickNode(t)
	dir := nodetest.TLS(t, "idp.corp.test", "login.microsoftonline.com")
	t.Setenv("NODE_EXTRA_CA_CERTS", filepath.Join(dir, "ca.pem"))
	const (
		host    = "https://idp.corp.test"
		tenant  = "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
		page    = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!DOCTYPE html>" + secret
		without = " but without a discovery document "
		azure   = `{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0"}`
	)
	got := func(status string) string { return `next-auth will log "expected 200 OK, got: ` + status + `"` }
	for name, test := range map[string]struct {
		variable string // NAME=value
		url      string // with a variable there is none
		answer   string // of the target
		severity string
		message  string // end of the message
		hint     string // start of the hint
	}{
		"403":            {"", issuer, "HTTP/1.1 403 x\r\n\r\n", "warning", without + "(403); " + got("403 Forbidden"), "ask the proxy's administrator whether it blocks idp.corp.test:443"},
		"403, page":      {"", issuer, strings.Replace(page, "200 OK", "403 "+secret, 1), "warning", without + "(403, HTML); " + got("403 Forbidden"), "ask the proxy's administrator"},
		"401":            {"", issuer, "HTTP/1.1 401 x\r\n\r\n", "warning", got("401 Unauthorized"), "ask the proxy's administrator"},
		"404":            {"", issuer, "HTTP/1.1 404 x\r\n\r\n", "warning", got("404 Not Found"), "check the issuer's URL, with its path"},
		"503":            {"", issuer, "HTTP/1.1 503 x\r\n\r\n", "warning", got("503 Service Unavailable"), "ask the proxy's administrator"},
		"redirect":       {"", issuer, "HTTP/1.1 302 x\r\n\r\n", "warning", got("302 Found"), "use the issuer's exact URL"},
		"page":           {"", issuer, page, "warning", without + `(200, HTML); next-auth will log "Unexpected token"`, "ask the proxy's administrator"},
		"nothing":        {"", issuer, "HTTP/1.1 200 OK\r\n\r\n", "warning", `next-auth will log "expected 200 OK with body but no body was returned"`, "check the issuer's URL"},
		"document":       {"", host + "/.well-known/openid-configuration", "HTTP/1.1 403 x\r\n\r\n", "warning", got("403 Forbidden"), ""},
		"bare host":      {"", host, "HTTP/1.1 403 x\r\n\r\n", "note", without + "(403)", "this is normal for a provider without OpenID Connect"},
		"bare, page":     {"", host, page, "note", without + "(200, HTML)", "this is normal"},
		"variable":       {"AUTH_ISSUER=" + host, "", "HTTP/1.1 403 x\r\n\r\n", "warning", got("403 Forbidden"), ""},
		"and its URL":    {"AUTH_ISSUER=" + host, host, "HTTP/1.1 403 x\r\n\r\n", "warning", got("403 Forbidden"), ""},
		"another URL":    {"AUTH_ISSUER=" + host + "/x", host, "HTTP/1.1 403 x\r\n\r\n", "note", without + "(403)", ""},
		"well known":     {"OIDC_WELL_KNOWN=" + host, "", page, "warning", `next-auth will log "Unexpected token"`, ""},
		"tenant":         {"AZURE_AD_TENANT_ID=" + tenant, "", "HTTP/1.1 403 x\r\n\r\n", "warning", got("403 Forbidden"), "ask the proxy's administrator whether it blocks login.microsoftonline.com:443"},
		"no tenant":      {"AUTH_AZUREAD_TENANT_ID=x.onmicrosoft.com", "", "HTTP/1.1 400 x\r\n\r\n" + `{"error":"invalid_tenant"}`, "warning", `next-auth will log "invalid_tenant"`, "check the issuer's URL"},
		"every tenant":   {"AZURE_AD_TENANT_ID=common", "", "HTTP/1.1 200 OK\r\n\r\n" + azure, "ok", "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration answers through the proxy PROXY", ""},
		"strange answer": {"", issuer, "HTTP/1.1 500 x\r\n\r\n" + `{"error":"` + secret + `"}`, "warning", without + "(500)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := proxytest.Tunnel{Certificates: dir, Answer: test.answer}.Start(t)
			t.Setenv("https_proxy", "http://"+proxy)
			args := []string{"--node", node, "--probe", "--timeout", "1m"}
			if name, value, set := strings.Cut(test.variable, "="); set {
				t.Setenv(name, value)
			}
			if test.url != "" {
				args = append(args, test.url)
			}
			findings := runDoctor(t, clitest.OK, args...)
			for _, finding := range findings {
				message := strings.ReplaceAll(finding.Message, proxy, "PROXY")
				if finding.Area == "connection" && finding.Severity == test.severity && strings.HasSuffix(message, test.message) && strings.HasPrefix(finding.Hint, test.hint) {
					return
				}
			}
			t.Errorf("no %s %q with %q in %+v", test.severity, test.message, test.hint, findings)
		})
	}
}

// clearEnvironment unsets every variable that doctor reads.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if upper := strings.ToUpper(name); strings.HasSuffix(upper, "_PROXY") || strings.HasPrefix(upper, "NODE_") || strings.Contains(upper, "ISSUER") || strings.Contains(upper, "TENANT") || strings.Contains(upper, "WELL_KNOWN") {
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
