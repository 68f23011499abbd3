package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/proxypatch/proxypatch/internal/doctor"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
)

const (
	issuer = "https://idp.corp.test/realms/x"
	// secret stands in every proxy URL, and is what nothing may show.
	secret = "hunter2hunter2"
	login  = "jane:" + secret

	fakeNodeScript = `#!/bin/sh
test "$1" = --print && echo "{\"path\": \"$0\", \"version\": \"20.20.2\"}"
`
)

// TestDoctorProbes goes to an identity provider through proxies of all kinds.
func TestDoctorProbes(t *testing.T) {
	clearEnvironment(t)
	realNode := nodetest.Node(t)
	fakeNode := filepath.Join(t.TempDir(), "node") // fast, but knows no certificates
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
		proxy   string // without a scheme, login is put before it
		url     string
		code    exitCode
		message string // a part of what is found
		hint    string // how that begins
	}{
		"open":          {open.Start(t), issuer, exitOK, "https://idp.corp.test/realms/x/.well-known/openid-configuration answers through the proxy 127.0.0.1:", ""},
		"https://":      {"https://" + login + "@" + secure.Start(t), issuer, exitOK, "openid-configuration answers through the proxy", ""},
		"not https://":  {"https://" + login + "@" + answering("200 OK"), issuer, exitUnproven, "does not speak TLS, but https_proxy begins with https://", "write http://"},
		"other issuer":  {other.Start(t), issuer, exitOK, "calls its issuer otherwise", "give the provider the issuer"},
		"no document":   {absent.Start(t), issuer, exitOK, "there is no discovery document (404)", ""},
		"redirect":      {moved.Start(t), issuer, exitOK, "with a redirect (301)", "name the issuer"},
		"refusing":      {proxytest.Refusing(t), issuer, exitUnproven, "can't be reached (connection refused)", "check host and port in https_proxy"},
		"silent":        {proxytest.Silent(t), issuer, exitUnproven, "did not answer within 300ms", "check host and port"},
		"407":           {wanting.Start(t), issuer, exitUnproven, "does not accept user and password (407)", "check them in https_proxy"},
		"407, no login": {"http://" + wanting.Start(t), issuer, exitUnproven, "wants a user and a password (407)", "put them into https_proxy as http://USER:PASSWORD@HOST:PORT"},
		"407 NTLM":      {answering("407 x\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate " + secret), issuer, exitUnproven, "by ntlm or negotiate, which does not work", "run a local proxy that logs in there, such as px or cntlm"},
		"403":           {answering("403 " + secret), issuer, exitUnproven, "answers with 403: it does not allow this host", "ask who runs it"},
		"403, port":     {answering("403 x"), "https://idp.corp.test:8443", exitUnproven, "does not allow port 8443", "ask who runs it to allow CONNECT to idp.corp.test:8443"},
		"405":           {answering("405 x"), issuer, exitUnproven, "as a server does that is no proxy", "check host and port"},
		"502":           {answering("502 x"), issuer, exitUnproven, "does not know or reach idp.corp.test", "check the URL"},
		"no HTTP":       {proxytest.Answering(t, secret+"\r\n"), issuer, exitUnproven, "does not answer like an HTTP proxy", ""},
		"inspecting":    {inspecting.Start(t), issuer, exitUnproven, `is signed by "proxypatch test authority", which Node.js does not trust`, `ask who runs the proxy for the certificate of that CA`},
		"another name":  {open.Start(t), "https://other.corp.test", exitUnproven, "its certificate is for other hosts", ""},
		"malformed":     {"http://jane:1#" + secret + "@proxy.test", issuer, exitUnproven, "was not tried: https_proxy is not usable", ""},
		"http://":       {answering("403 x"), "http://idp.corp.test", exitOK, "is 403; whether the proxy or the target gives it can't be told", ""},
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
				if finding.Area == doctor.Connection && strings.Contains(finding.Message, test.message) && strings.HasPrefix(finding.Hint, test.hint) {
					return
				}
			}
			t.Errorf("no %q with %q in %+v", test.message, test.hint, got)
		})
	}
}

// clearEnvironment takes away what would decide about proxies.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if upper := strings.ToUpper(name); strings.HasSuffix(upper, "_PROXY") || strings.HasPrefix(upper, "NODE_") || strings.Contains(upper, "ISSUER") {
			t.Setenv(name, "") // which brings it back
			os.Unsetenv(name)
		}
	}
}

// runDoctor runs doctor for a person and for a program, where no next-auth is,
// and returns what it finds. Neither may see the secret.
func runDoctor(t *testing.T, want exitCode, args ...string) doctor.Findings {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"doctor", "-C", dir, "--if-present"}, args...)
	var got document
	for _, format := range [][]string{nil, {"--json"}} {
		var stdout, stderr bytes.Buffer
		code := exitCode(Run(append(args, format...), strings.NewReader(""), &stdout, &stderr))
		if code != want || stderr.Len() > 0 {
			t.Errorf("exited with %d, not %d: %s%s", code, want, &stdout, &stderr)
		}
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(login))} {
			if strings.Contains(stdout.String()+stderr.String(), form) {
				t.Errorf("shows %s: %s", form, &stdout)
			}
		}
		if format != nil {
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
		}
	}
	return got.Findings
}
