package doctor

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/detect"
	"github.com/proxypatch/proxypatch/internal/doctor/probe"
	"github.com/proxypatch/proxypatch/internal/doctor/proxyenv"
	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/proxytest"
)

// environmentWith returns an environment of NAME=value lines, and the app of a
// directory.
func environmentWith(dir string, entries ...string) *Environment {
	e := NewEnvironment(entries)
	if dir != "" {
		e.LoadApp(App{Dir: dir})
	}
	return e
}

func targets(t *testing.T, urls ...string) []*proxyenv.Target {
	t.Helper()
	var all []*proxyenv.Target
	for _, text := range urls {
		target, err := proxyenv.ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, target)
	}
	return all
}

// tree writes files into a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lines returns findings as "severity: message". Each error and warning must have a
// hint.
func lines(t *testing.T, f Findings) []string {
	t.Helper()
	all := []string{}
	for _, finding := range f {
		all = append(all, string(finding.Severity)+": "+finding.Message)
		if (finding.Severity == Error || finding.Severity == Warning) && finding.Hint.Text == "" {
			t.Errorf("no hint for %s", finding.Message)
		}
		if strings.Contains(finding.Message, "\n") {
			t.Errorf("more than one line: %s", finding.Message)
		}
	}
	return all
}

func TestProxies(t *testing.T) {
	const (
		through = "ok: https:// URLs go through the proxy proxy.test:3128 (https_proxy)"
		plain   = "note: http:// URLs use no proxy: neither http_proxy nor all_proxy is set"
		proxy   = "https_proxy=http://proxy.test:3128"
		pacFile = "names a PAC file, a script that browsers run to choose a proxy; Node.js and the patch need the proxy itself"
		pacText = "contains the text of a PAC file, a script that browsers run to choose a proxy; Node.js and the patch need the proxy itself"
	)
	t.Setenv("HOME", t.TempDir())
	for name, test := range map[string]struct {
		env  []string
		urls []string
		want []string
	}{
		"nothing":         {nil, []string{"idp.test"}, []string{"warning: no proxy variable is set, so no request uses a proxy"}},
		"http_proxy":      {[]string{"http_proxy=proxy.test:3128"}, nil, []string{"ok: https:// URLs go through the proxy proxy.test:3128 (http_proxy)"}},
		"https_proxy":     {[]string{proxy}, []string{"idp.test/x/"}, []string{through, plain, "ok: https://idp.test/x goes through the proxy proxy.test:3128 (https_proxy)"}},
		"both kinds":      {[]string{proxy, "HTTP_PROXY=http://jane:hunter@other.test:80"}, []string{"http://idp.test"}, []string{through, "ok: http:// URLs go through the proxy other.test (HTTP_PROXY)", "ok: http://idp.test goes through the proxy other.test (HTTP_PROXY)"}},
		"both cases":      {[]string{proxy, "HTTPS_PROXY=http://jane:hunter@proxy.test:3128"}, nil, []string{"warning: HTTPS_PROXY differs from https_proxy, which wins", through, plain}},
		"the same twice":  {[]string{proxy, "HTTPS_PROXY=http://proxy.test:3128 "}, nil, []string{through, plain}},
		"blank":           {[]string{"https_proxy= ", "HTTPS_PROXY=http://proxy.test:3128"}, nil, []string{"note: https_proxy is empty and counts as unset", strings.Replace(through, "https_proxy", "HTTPS_PROXY", 1), plain}},
		"malformed":       {[]string{"https_proxy=http://jane:1#hunter@proxy.test:3128"}, []string{"idp.test"}, []string{"error: https_proxy is not a valid proxy URL", plain, "error: https://idp.test can't be reached: https_proxy applies to it, but is invalid"}},
		"malformed http":  {[]string{proxy, "http_proxy=http://jane:1#hunter@proxy.test:3128"}, nil, []string{through, "warning: http_proxy is not a valid proxy URL"}},
		"socks":           {[]string{"ALL_PROXY=socks5://jane:hunter@proxy.test:1080"}, nil, []string{"error: ALL_PROXY is not an http:// or https:// URL; other kinds of proxies, such as socks5://, do not work"}},
		"socks, unused":   {[]string{proxy, "http_proxy=http://proxy.test:3128", "ALL_PROXY=socks5://proxy.test:1080"}, nil, []string{through, "ok: http:// URLs go through the proxy proxy.test:3128 (http_proxy)"}},
		"quotes":          {[]string{`https_proxy="http://jane:hunter@proxy.test:3128"`}, nil, []string{"error: https_proxy contains quotation marks", plain}},
		"placeholder":     {[]string{"https_proxy=http://jane:${HUNTER}@proxy.test:3128"}, nil, []string{"error: https_proxy contains a placeholder of the form ${NAME} that was not replaced", plain}},
		"angle brackets":  {[]string{"https_proxy=http://jane:<PASSWORD>@proxy.test:3128"}, nil, []string{"error: https_proxy contains a placeholder of the form <NAME> that was not replaced", plain}},
		"in a password":   {[]string{"https_proxy=http://jane:hun<i>ter@proxy.test:3128"}, nil, []string{through, "warning: https_proxy has <NAME> in user or password, which may be a placeholder", plain}},
		"harmless":        {[]string{`https_proxy=http://jane:"<h>"[u]^{n}|@proxy.test:3128`}, nil, []string{through, "warning: https_proxy has <NAME> in user or password, which may be a placeholder", plain}},
		"unencoded":       {[]string{"https_proxy=http://jane:hun@ter@proxy.test:3128"}, nil, []string{through, "warning: https_proxy has special characters in user or password; the patch accepts them, but other programs may not", plain}},
		"no port":         {[]string{"https_proxy=http://proxy.test"}, nil, []string{"ok: https:// URLs go through the proxy proxy.test (https_proxy)", "note: https_proxy names no port, so port 80 is used", plain}},
		"no port, TLS":    {[]string{"https_proxy=https://proxy.test"}, nil, []string{"ok: https:// URLs go through the proxy proxy.test (https_proxy)", "note: https_proxy names no port, so port 443 is used", "note: https_proxy starts with https://, so the connection to the proxy itself uses TLS", plain}},
		"no port, both":   {[]string{"https_proxy=proxy.test", "http_proxy=http://other.test"}, nil, []string{"ok: https:// URLs go through the proxy proxy.test (https_proxy)", "note: https_proxy names no port, so port 80 is used", "ok: http:// URLs go through the proxy other.test (http_proxy)", "note: http_proxy names no port, so port 80 is used"}},
		"over TLS":        {[]string{"https_proxy=https://proxy.test:3128"}, nil, []string{through, "note: https_proxy starts with https://, so the connection to the proxy itself uses TLS", plain}},
		"port 443":        {[]string{"http_proxy=proxy.test:443"}, []string{"http://idp.test:443"}, []string{"ok: https:// URLs go through the proxy proxy.test:443 (http_proxy)", "note: http_proxy names port 443, which is usually for TLS, but does not start with https://", "warning: http://idp.test:443 starts with http://, but port 443 is for https://", "ok: http://idp.test:443 goes through the proxy proxy.test:443 (http_proxy)"}},
		"excluded":        {[]string{proxy, "no_proxy=a.test,.Corp.test"}, []string{"https://idp.corp.test"}, []string{through, plain, `warning: https://idp.corp.test does not use the proxy: ".corp.test" in no_proxy excludes it`}},
		"comment":         {[]string{"https_proxy=http://jane:hunter@proxy.test:3128 # ours"}, nil, []string{"error: https_proxy is not a valid proxy URL: it contains white space", plain}},
		"no host left":    {[]string{proxy, "no_proxy=*:443"}, nil, []string{through, plain, `warning: no https:// URL uses the proxy: "*:443" in no_proxy excludes all hosts`}},
		"npm's":           {[]string{"npm_config_proxy=http://jane:hunter@proxy.test:3128"}, nil, []string{"warning: no proxy variable is set, so no request uses a proxy", "note: only npm uses npm_config_proxy"}},
		"all excluded":    {[]string{proxy, "NO_PROXY=*"}, []string{"https://idp.corp.test"}, []string{through, plain, `warning: https://idp.corp.test does not use the proxy: "*" in NO_PROXY excludes it`}},
		"loopback":        {[]string{proxy}, []string{"localhost:8443"}, []string{through, plain, "note: https://localhost:8443 is this machine: no proxy is used"}},
		"Node's loopback": {[]string{proxy, "NODE_USE_ENV_PROXY=1"}, []string{"https://localhost", "http://localhost"}, []string{through, plain, "warning: https://localhost is this machine, but with NODE_USE_ENV_PROXY Node.js itself sends such requests to the proxy", "note: http://localhost is this machine: no proxy is used"}},
		"and listed":      {[]string{proxy, "NODE_USE_ENV_PROXY=1", "no_proxy=a.test,localhost"}, []string{"https://localhost"}, []string{through, plain, "note: https://localhost is this machine: no proxy is used"}},
		"plain http":      {[]string{proxy}, []string{"http://idp.test"}, []string{through, plain, "warning: http://idp.test uses no proxy: only http_proxy and all_proxy apply to http:// URLs"}},
		"odd entries":     {[]string{proxy, "no_proxy=a.test,https://jane:hunter@b.test;c"}, nil, []string{through, plain, "warning: entry 2 of no_proxy excludes nothing: it contains a semicolon; separate entries with commas"}},
		"useless entries": {[]string{proxy, "no_proxy=keycloak*,a.test,10.*,<local>,k?y.corp.test"}, nil, []string{
			through, plain, "warning: entry 1 of no_proxy excludes nothing: it ends with a *; only *.domain works, so write the whole name", "warning: entry 3 of no_proxy excludes nothing: it has a * in an address; write a block such as 10.0.0.0/8",
			"warning: entry 4 of no_proxy excludes nothing: it is a word that only Windows and browsers know; list the names that it means", "warning: entry 5 of no_proxy excludes nothing: it contains a ?, which replaces no letter; write each name",
		}},
		"own proxy":      {[]string{proxy, "NEXTAUTH_PROXY=http://jane:hunter@own.test:8080"}, []string{"idp.test", "http://idp.test"}, []string{"ok: https:// URLs go through the proxy own.test:8080 (NEXTAUTH_PROXY)", "ok: https://idp.test goes through the proxy own.test:8080 (NEXTAUTH_PROXY)", "ok: http://idp.test goes through the proxy own.test:8080 (NEXTAUTH_PROXY)"}},
		"own, excluded":  {[]string{"NEXTAUTH_PROXY=own.test:8080", "no_proxy=idp.test"}, []string{"idp.test"}, []string{"ok: https:// URLs go through the proxy own.test:8080 (NEXTAUTH_PROXY)", `warning: https://idp.test does not use the proxy: "idp.test" in no_proxy excludes it`}},
		"own, blank":     {[]string{proxy, "NEXTAUTH_PROXY= "}, nil, []string{"note: NEXTAUTH_PROXY is empty and counts as unset", through, plain}},
		"off":            {[]string{proxy, "NEXTAUTH_PROXY=direct"}, []string{"idp.test"}, []string{"warning: NEXTAUTH_PROXY is direct, so the patch uses no proxy"}},
		"off, but Node":  {[]string{proxy, "NEXTAUTH_PROXY=direct", "NODE_USE_ENV_PROXY=1"}, nil, []string{"warning: NEXTAUTH_PROXY is direct, so the patch uses no proxy", "note: NODE_USE_ENV_PROXY is set, so Node.js itself may still use a proxy"}},
		"longer":         {[]string{proxy, "NEXTAUTH_HTTP_TIMEOUT=20000"}, nil, []string{"ok: next-auth's requests may take 20000 ms (NEXTAUTH_HTTP_TIMEOUT)", through, plain}},
		"no number":      {[]string{proxy, "NEXTAUTH_HTTP_TIMEOUT=http://jane:hunter@proxy.test"}, nil, []string{"error: NEXTAUTH_HTTP_TIMEOUT is not a number of milliseconds, so every sign-in fails", through, plain}},
		"PAC file":       {[]string{"https_proxy=http://jane:hunter@proxy.test:8080/hunter/proxy.pac", "http_proxy=file:///etc/proxy.pac"}, []string{"idp.test"}, []string{"error: https_proxy " + pacFile, "warning: http_proxy " + pacFile, "error: https://idp.test can't be reached: https_proxy applies to it, but is invalid"}},
		"PAC's answer":   {[]string{"NEXTAUTH_PROXY=PROXY proxy.test:3128; DIRECT"}, []string{"http://idp.test"}, []string{"error: NEXTAUTH_PROXY " + pacText, "error: http://idp.test can't be reached: NEXTAUTH_PROXY applies to it, but is invalid"}},
		"npm's PAC file": {[]string{"npm_config_https_proxy=http://wpad/wpad.dat"}, nil, []string{"warning: no proxy variable is set, so no request uses a proxy", "error: npm_config_https_proxy " + pacFile}},
		"no_proxy twice": {[]string{proxy, "no_proxy=a.test", "NO_PROXY=b.test"}, nil, []string{"warning: NO_PROXY differs from no_proxy, which wins", through, plain}},
	} {
		t.Run(name, func(t *testing.T) {
			got := environmentWith("", test.env...).Proxies(targets(t, test.urls...))
			if diff := cmp.Diff(test.want, lines(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPAC expects hints that lead from a PAC file to the proxy in it.
func TestPAC(t *testing.T) {
	const look = "find PROXY HOST:PORT in the file, which a browser or an editor shows, and export https_proxy=http://HOST:PORT\n" +
		"if it chooses between proxies, run px, a local proxy that reads such files: px --pac=URL"
	for setting, want := range map[string]string{
		"https_proxy=http://proxy.test:8080/proxy.pac":                                         look,
		"https_proxy=function FindProxyForURL(url, host) { return \"PROXY proxy.test:3128\" }": look,
		"https_proxy=PROXY jane:hunter@proxy.test:3128":                                        look,
		"https_proxy=SOCKS proxy.test:1080":                                                    look,
		"HTTP_PROXY=PROXY proxy.test:3128; DIRECT":                                             "export HTTP_PROXY=http://proxy.test:3128",
		"NEXTAUTH_PROXY=HTTPS [fd00::1]:3128;PROXY x:1":                                        "export NEXTAUTH_PROXY=https://[fd00::1]:3128",
		"https_proxy=DIRECT":                                                                   "to use no proxy: unset https_proxy",
		"NEXTAUTH_PROXY=DIRECT":                                                                "to use no proxy: export NEXTAUTH_PROXY=direct",
	} {
		for place, e := range map[string]*Environment{"environment": environmentWith("", setting), ".env": environmentWith(tree(t, map[string]string{".env": setting}))} {
			if got := e.Proxies(nil)[0]; got.Severity != Error || got.Text != want {
				t.Errorf("%s in %s: %s, got %q, want %q", setting, place, got.Severity, got.Text, want)
			}
			if name := e.SecureProxy(); name != "" {
				t.Errorf("%s counts as an https:// proxy", name)
			}
		}
	}
}

// TestDotenv holds the variables to those that Next.js reads from .env files.
func TestDotenv(t *testing.T) {
	dir := tree(t, map[string]string{
		".env":             "https_proxy=http://first.test:1\nHTTP_PROXY='http://proxy.test:1'\nNODE_USE_ENV_PROXY=1\nNODE_EXTRA_CA_CERTS=ca.pem\n",
		".env.production":  "export https_proxy = \"http://second.test:2\" # ours\nno_proxy=a.test\n",
		".env.development": "all_proxy=x\n",
		".env.local":       "NO_PROXY: b.test\n# HTTPS_PROXY=no\nOTHER=1\nKEYCLOAK_ISSUER=https://jane:hunter@idp.test/realms/x?hunter\n",
	})
	e := environmentWith(dir, "no_proxy=", "NEXTAUTH_URL=https://app.test", "AUTH_ISSUER=https://idp.test/realms/x", "OKTA_ISSUER=hunter")
	for name, want := range map[string]string{
		"https_proxy": "http://second.test:2", "HTTP_PROXY": "http://proxy.test:1", "no_proxy": "", "NO_PROXY": "b.test", "HTTPS_PROXY": "", "all_proxy": "",
	} {
		if got := e.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	want := []string{
		"note: .env.local sets NO_PROXY; variables of the environment take precedence",
		"note: .env.production sets https_proxy, no_proxy; variables of the environment take precedence",
		"note: .env sets HTTP_PROXY, https_proxy; variables of the environment take precedence",
		"note: .env.development sets all_proxy; only next dev reads it",
	}
	if diff := cmp.Diff(want, lines(t, e.Dotenv(App{Dir: dir}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []string{
		"note: no_proxy is empty and counts as unset",
		"ok: https:// URLs go through the proxy second.test:2 (https_proxy in .env.production)",
		"ok: http:// URLs go through the proxy proxy.test:1 (HTTP_PROXY in .env)",
		"ok: https://idp.test/realms/x goes through the proxy second.test:2 (https_proxy in .env.production)",
	}
	if diff := cmp.Diff(want, lines(t, e.Proxies(e.Issuers()))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = []string{"warning: NODE_EXTRA_CA_CERTS in .env has no effect: Node.js reads it at startup, before Next.js loads .env files"}
	if diff := cmp.Diff(want, lines(t, e.Certificates())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	all := environmentWith(dir, "https_proxy=http://p.test:1", "HTTP_PROXY=http://p.test:1", "no_proxy=", "NO_PROXY=")
	if got := lines(t, all.Dotenv(App{Dir: dir}))[0]; got != "note: .env.local sets NO_PROXY, but the environment or another file takes precedence" {
		t.Error(got)
	}
}

// TestElsewhere expects notes on proxies that only npm uses, and on .env files of other apps.
func TestElsewhere(t *testing.T) {
	t.Setenv("HOME", tree(t, map[string]string{".npmrc": "https-proxy = http://jane:hunter@proxy.test\n"}))
	e := NewEnvironment(nil)
	if got := lines(t, e.Proxies(nil)); len(got) != 2 || got[1] != "note: ~/.npmrc names a proxy, but only npm uses it" {
		t.Error(got)
	}
	t.Setenv("HOME", t.TempDir())
	project := tree(t, map[string]string{".npmrc": "proxy=http://jane:hunter@proxy.test\n"})
	e = NewEnvironment(nil)
	e.LoadNpmrc(filepath.Join(project, ".npmrc"), ".npmrc")
	if got := lines(t, e.Proxies(nil)); len(got) != 2 || got[1] != "note: .npmrc names a proxy, but only npm uses it" {
		t.Error(got)
	}
	for proxy, want := range map[string]string{
		"file:///etc/proxy.pac":     "error: .npmrc names a PAC file, ",
		`"PROXY proxy.test:3128"`:   "error: .npmrc contains the text of a PAC file, ",
		"http://pac.test:3128/ ; x": "note: .npmrc names a proxy, ",
	} {
		e.LoadNpmrc(filepath.Join(tree(t, map[string]string{".npmrc": "registry=x\r\nhttps-proxy = " + proxy + "\r\n"}), ".npmrc"), ".npmrc")
		if got := lines(t, e.Proxies(nil)); len(got) != 2 || !strings.HasPrefix(got[1], want) {
			t.Errorf("%s: %q", proxy, got)
		}
	}
	e.LoadNpmrc(filepath.Join(tree(t, map[string]string{".npmrc": "proxy=null\n"}), ".npmrc"), ".npmrc")
	if got := lines(t, e.Proxies(nil)); len(got) != 1 {
		t.Errorf("proxy=null: %q", got)
	}
	app := App{tree(t, map[string]string{".env": "HTTPS_PROXY=x\n"}), "web"}
	want := []string{"note: web/.env sets HTTPS_PROXY; run doctor in web to include this file"}
	if diff := cmp.Diff(want, lines(t, e.Dotenv(app))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestParseDotenv expects the values that Next.js 15 sets, apart from the order of
// references inside a file.
func TestParseDotenv(t *testing.T) {
	got := map[string]string{}
	e := NewEnvironment(nil)
	dir := tree(t, map[string]string{".env": strings.Join([]string{
		"export A=1", `B = "http://u:p$x@h:1"`, "C=http://u:p#w@h:1", "D='http://u:p$x@h'", `E=http://u:p\$x@h`, "F: yaml", `G="quoted" # c`,
		"H=`back`", "I=", `J="http://u:p#w@h:1"`, `K='a"b`, "L=\"multi\nline\"", "M=http://u:pa$A@h", "N=x ${Z:-def} y", "not a line", "O = o \r", "P=p # c",
	}, "\n")})
	e.LoadApp(App{Dir: dir})
	for name := range e.files {
		got[name] = e.Get(name)
	}
	want := map[string]string{
		"A": "1", "B": "http://u:p@h:1", "C": "http://u:p", "D": "http://u:p@h", "E": "http://u:p$x@h", "F": "yaml", "G": "quoted",
		"H": "back", "I": "", "J": "http://u:p#w@h:1", "K": `'a"b`, "L": "multi\nline", "M": "http://u:pa1@h", "N": "x def y", "O": "o", "P": "p",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"https_proxy=http://jane:1#hunter@proxy.test:1":    "warning: https_proxy in .env: an unquoted # starts a comment, so the rest is cut off",
		"https_proxy=\"http://jane:1$hunter@proxy.test\"":  "warning: https_proxy in .env: Next.js replaces a $ and the name after it with nothing, because that variable is not set",
		"https_proxy=http://jane:1\\$hunter@proxy.test:31": "ok: https:// URLs go through the proxy proxy.test:31 (https_proxy in .env)",
		"https_proxy=http://proxy.test:31 # hunter":        "ok: https:// URLs go through the proxy proxy.test:31 (https_proxy in .env)",
		"P=proxy.test\nhttps_proxy=http://jane:h@$P:31":    "ok: https:// URLs go through the proxy proxy.test:31 (https_proxy in .env)",
	} {
		e := environmentWith(tree(t, map[string]string{".env": text}))
		if got := lines(t, e.Proxies(nil))[0]; got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestNode(t *testing.T) {
	const (
		unneeded = "note: with NODE_USE_ENV_PROXY=1 this Node.js uses the proxy itself, and next-auth needs no patch"
		nothing  = "warning: NODE_USE_ENV_PROXY has no effect in Node.js "
		itself   = "ok: NODE_USE_ENV_PROXY: Node.js itself uses the proxy, and next-auth needs no patch"
	)
	proxy := "HTTPS_PROXY=http://proxy.test:3128"
	for name, test := range map[string]struct {
		version string
		env     []string
		want    string // after the version
		native  bool
	}{
		"18":          {"18.0.0", nil, "", false},
		"20":          {"20.20.2", nil, "", false},
		"22.20":       {"22.20.0", nil, "", false},
		"22.21":       {"22.21.0", nil, unneeded, false},
		"23":          {"23.11.0", nil, "", false},
		"24.4":        {"24.4.1", []string{proxy, "NODE_USE_ENV_PROXY=1"}, nothing + "24.4.1", false},
		"24.5":        {"24.5.0", []string{proxy, "NODE_USE_ENV_PROXY=1"}, itself, true},
		"26":          {"26.1.0", []string{proxy, "NODE_OPTIONS=--max-old-space-size=1 --use-env-proxy"}, itself, true},
		"not 1":       {"24.5.0", []string{proxy, "NODE_USE_ENV_PROXY=0"}, unneeded, false},
		"http_proxy":  {"24.5.0", []string{"http_proxy=proxy.test", "NODE_USE_ENV_PROXY=1"}, "warning: NODE_USE_ENV_PROXY is set, but Node.js itself reads only https_proxy for https:// URLs, and it is not set", false},
		"20, but set": {"20.20.2", []string{"NODE_USE_ENV_PROXY=1"}, nothing + "20.20.2", false},
	} {
		e := environmentWith("", test.env...)
		n := &Node{"node", semver.MustParse(test.version)}
		got := lines(t, e.Node(n))
		if test.want == "" && len(got) != 1 || test.want != "" && got[len(got)-1] != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if e.Native(n) != test.native {
			t.Errorf("%s: native is %v", name, !test.native)
		}
	}
	dir := tree(t, map[string]string{".env": "NODE_USE_ENV_PROXY=1\n"})
	n := &Node{"node", semver.MustParse("24.5.0")}
	if got := lines(t, environmentWith(dir, proxy).Node(n))[1]; got != "warning: NODE_USE_ENV_PROXY in .env has no effect: Node.js reads it at startup, before Next.js loads .env files" {
		t.Error(got)
	}
	dir = tree(t, map[string]string{".env": proxy})
	e := environmentWith(dir, "NODE_USE_ENV_PROXY=1")
	if got := lines(t, e.Node(n))[1]; got != "warning: NODE_USE_ENV_PROXY is set, but Node.js itself does not see HTTPS_PROXY in .env" || e.Native(n) {
		t.Error(got)
	}
}

func TestNoNode(t *testing.T) {
	for want, err := range map[string]error{
		"warning: node is not on the PATH": fmt.Errorf("no usable Node.js: %w", &exec.Error{Name: "node", Err: exec.ErrNotFound}),
		"error: node is Node.js 16":        errors.New("node is Node.js 16"),
	} {
		if diff := cmp.Diff([]string{want}, lines(t, NoNode(err, 18))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestRoots(t *testing.T) {
	n := &Node{Path: nodetest.Node(t)}
	if roots, node := NewEnvironment(nil).roots(t.Context(), n); !node || roots.Equal(x509.NewCertPool()) {
		t.Error("Node.js trusts nobody")
	}
}

// TestHooks expects a finding for each script that init would change, if there is a hook.
// Without any, it expects one note. Nothing is said of hooks that init would only add.
func TestHooks(t *testing.T) {
	const (
		none       = "note: no script runs proxypatch, so run it again after each install"
		unchecked  = "note: no script runs proxypatch check, so an unpatched app can be built"
		install    = "warning: package.json: postinstall does not run proxypatch, so the next install restores the unpatched files"
		add        = "note: package.json: dependencies does not run proxypatch, so npm install PACKAGE may restore the unpatched files"
		perhaps    = "note: package.json: dependencies does not run proxypatch, which npm would need"
		check      = "note: package.json: build does not run proxypatch check, so an unpatched app can be built"
		dependency = "warning: proxypatch is not a dependency of the project, so on every other machine without it on the PATH, installs and builds fail with exit code 127"
		noBuild    = "warning: no script runs next build, so no build checks that next-auth is patched"
		ok         = "ok: every install patches, and every build checks the patch"
		all        = `{"scripts": {"postinstall": "proxypatch", "dependencies": "proxypatch", "build": "proxypatch check && next build"}, "dependencies": {"proxypatch": "1"}}`
		unhooked   = `{"scripts": {"build": "next build"}}`
		built      = `{"scripts": {"build": "proxypatch check && next build"}}`
	)
	buildsFail := strings.Replace(dependency, "installs and builds", "builds", 1)
	for name, test := range map[string]struct {
		files  map[string]string
		native string
		want   []string
	}{
		"no package.json": {map[string]string{}, "", []string{"warning: no package.json in ."}},
		"no JSON":         {map[string]string{"package.json": "{"}, "", []string{"warning: package.json:1: is not valid JSON: unexpected end of JSON input"}},
		"all":             {map[string]string{"package.json": all}, "", []string{ok}},
		"no hooks":        {map[string]string{"package.json": strings.NewReplacer(`"postinstall": "proxypatch"`, `"postinstall": "proxypatch verify"`, "proxypatch check &&", "proxypatch diff;").Replace(all)}, "", []string{check, "warning: package.json: postinstall runs proxypatch, but does not patch"}},
		"deno":            {map[string]string{"deno.lock": "", "package.json": strings.Replace(all, "proxypatch check", "proxypatch apply", 1)}, "", []string{"ok: every build patches, because Deno's installs run no hook"}},
		"ignored":         {map[string]string{"package.json": all, ".npmrc": "registry=x\nignore-scripts = true\n"}, "", []string{"warning: .npmrc: because of ignore-scripts, installs do not run postinstall"}},
		"devDependencies": {map[string]string{"package-lock.json": "", "package.json": strings.Replace(all, `"dependencies": {`, `"devDependencies": {`, 1)}, "", []string{"warning: package.json: proxypatch is only in devDependencies, so installs without them (npm ci --omit=dev) fail in postinstall"}},

		"nothing":                {map[string]string{"package-lock.json": "", "package.json": unhooked}, "", []string{none}},
		"nothing, no manager":    {map[string]string{"package.json": unhooked}, "", []string{none}},
		"nothing, deno":          {map[string]string{"deno.lock": "", "package.json": unhooked}, "", []string{none}},
		"nothing, yarn":          {map[string]string{".yarnrc.yml": "", "package.json": unhooked}, "", []string{none}},
		"nothing, no scripts":    {map[string]string{"package-lock.json": "", "package.json": "{}"}, "", []string{none}},
		"nothing, ignored":       {map[string]string{"package-lock.json": "", "package.json": unhooked, ".npmrc": "ignore-scripts=true\n"}, "", []string{none}},
		"nothing, a comment":     {map[string]string{"package-lock.json": "", "package.json": `{"scripts": {"build": "next build # all"}}`}, "", []string{none}},
		"nothing, published":     {map[string]string{"package-lock.json": "", "package.json": `{"exports": "./x.js"}`}, "", []string{none}},
		"nothing, but installed": {map[string]string{"package-lock.json": "", "package.json": `{"devDependencies": {"proxypatch": "1"}}`}, "", []string{none}},
		"nothing, native":        {map[string]string{"package-lock.json": "", "package.json": unhooked}, "patchedDependencies", []string{unchecked}},
		"nothing, patch-package": {map[string]string{"package-lock.json": "", "package.json": `{"scripts": {"postinstall": "patch-package"}}`, ".npmrc": "ignore-scripts=true\n"}, "patch-package", []string{noBuild, "warning: .npmrc: because of ignore-scripts, installs do not run postinstall"}},

		"only the build":             {map[string]string{"package-lock.json": "", "package.json": built}, "", []string{install, add, buildsFail}},
		"only the build, no manager": {map[string]string{"package.json": built}, "", []string{install, perhaps, buildsFail}},
		"only the install":           {map[string]string{"package-lock.json": "", "package.json": `{"scripts": {"postinstall": "proxypatch", "build": "next build"}}`}, "", []string{add, check, dependency}},
		"only another script":        {map[string]string{"package-lock.json": "", "package.json": `{"scripts": {"build": "next build", "prove": "proxypatch verify"}}`}, "", []string{install, add, check}},
		"only another script, deno":  {map[string]string{"deno.lock": "", "package.json": `{"scripts": {"build": "next build", "prove": "proxypatch verify"}}`}, "", []string{"warning: package.json: build does not run proxypatch apply, and no install does"}},
		"only a task":                {map[string]string{"deno.json": `{"tasks": {"build": "proxypatch apply && next build"}}`, "package.json": unhooked}, "", []string{"warning: package.json: build does not run proxypatch apply, and no install does", buildsFail}},
		"only a published build":     {map[string]string{"package-lock.json": "", "package.json": `{"exports": "./x.js", "scripts": {"prove": "proxypatch verify"}}`}, "", []string{install, add, noBuild}},
		"a flag that is not taken":   {map[string]string{"package-lock.json": "", "package.json": `{"scripts": {"postinstall": "proxypatch -C x", "build": "proxypatch check && next build"}, "dependencies": {"proxypatch": "1"}}`}, "", []string{add}},
		"only before the build":      {map[string]string{".yarnrc.yml": "", "package.json": `{"scripts": {"postinstall": "proxypatch", "prebuild": "proxypatch check", "build": "next build"}, "dependencies": {"proxypatch": "1"}}`}, "", []string{check}},
	} {
		test.files[".git/x"] = ""
		t.Chdir(tree(t, test.files))
		w, err := detect.Open(".")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, lines(t, Hooks(w, nil, test.native, "proxypatch init"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNoPasswordIsShown puts a password into every place where it could be, in every form.
func TestNoPasswordIsShown(t *testing.T) {
	const password = "hunter2hunter2"
	forms := []string{password, base64.StdEncoding.EncodeToString([]byte("jane:" + password)), url.QueryEscape(password)}
	urls := map[string]string{
		"plain": "http://jane:" + password + "@proxy.test:3128", "bare": "jane:" + password + "@proxy.test:3128",
		"hash": "http://jane:1#" + password + "@proxy.test:3128", "slash": "http://jane:1/" + password + "@proxy.test:3128",
		"question": "http://jane:1?" + password + "@proxy.test", "percent": "http://jane:%zz" + password + "@proxy.test",
		"quotes": `"http://jane:` + password + `@proxy.test"`, "socks": "socks5://jane:" + password + "@proxy.test", "scheme": password + "://x",
		"placeholder": "http://${USER}:" + password + "@proxy.test", "spaces": "http://jane:" + password + " 2@proxy.test:1 x",
		"at": "http://jane:a@" + password + "@proxy.test", "port": "http://proxy.test:" + password, "path": "http://proxy.test/" + password,
		"user": "http://" + password + "@proxy.test", "control": "http://jane:\x01" + password + "@proxy.test", "no host": "jane:" + password,
		"backslash": `http://jane:1\` + password + "@proxy.test", "query": "http://proxy.test/?token=" + password, "block": "0.0.0.0/0/" + password,
		"PAC file": "http://jane:" + password + "@proxy.test/" + password + "/proxy.pac?" + password, "PAC answer": "PROXY jane:" + password + "@proxy.test:3128", "star": "jane:" + password + "@proxy.test*",
	}
	names := append(slices.Clone(variables), "NEXTAUTH_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
	others := []string{
		extraCerts, "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_USE_ENV_PROXY", "NODE_OPTIONS", "npm_config_proxy", "npm_config_https_proxy",
		"SSL_CERT_FILE", "NEXTAUTH_URL", "DATABASE_URL", "KEYCLOAK_SECRET", "AZURE_AD_TENANT_ID",
	}
	for kind, value := range urls {
		others := others
		if kind == "block" { // elsewhere it is a path, or a host and a path
			others = nil
		}
		for place, names := range map[string][]string{"proxies": names, "others": others, "no proxy": append(others, "no_proxy")} {
			for _, dotenv := range []bool{false, true} {
				var env []string
				for i, name := range names {
					env = append(env, fmt.Sprintf("%s=%s%s", name, value, strings.Repeat(" ", i)))
				}
				env = append(env, "KEYCLOAK_ISSUER=https://jane:"+password+"@idp.test/?"+password, "OKTA_ISSUER=https://jane:1?"+password+"@idp.test")
				if kind != "path" && kind != "block" && kind != "PAC file" { // the path of an issuer is no secret
					env = append(env, "AUTH_ISSUER="+value)
				}
				if place == "no proxy" {
					env = append(env, "https_proxy=http://proxy.test")
				}
				npmrc := tree(t, map[string]string{".npmrc": "proxy=" + value + "\nhttps-proxy=" + value + "\n//registry.test/:_authToken=" + password + "\nignore-scripts=true\n"})
				dir := ""
				if dotenv {
					dir, env = tree(t, map[string]string{".env": strings.Join(env, "\n")}), nil
				}
				e := environmentWith(dir, env...)
				e.LoadNpmrc(filepath.Join(npmrc, ".npmrc"), ".npmrc")
				targets := append(e.Issuers(), targets(t, "https://jane:"+password+"@idp.test/x#"+password, "http://a.test", "https://10.0.0.1")...)
				found := slices.Concat(e.Proxies(targets), e.Node(&Node{"node", semver.MustParse("24.5.0")}), e.Certificates(), e.Dotenv(App{Dir: dir}))
				found = append(found, hooksWith(t, value, npmrc)...)
				shown, err := json.Marshal(found)
				if err != nil {
					t.Fatal(err)
				}
				for _, form := range forms {
					if strings.Contains(string(shown), form) {
						t.Errorf("%s in %s shows %s: %s", kind, place, form, shown)
					}
				}
			}
		}
	}
}

// hooksWith returns the findings of a project whose scripts hold a value.
func hooksWith(t *testing.T, value, dir string) Findings {
	t.Helper()
	text, err := json.Marshal(map[string]any{"scripts": map[string]string{
		"postinstall": "https_proxy=" + value + " x", "build": "https_proxy='" + value + "' next build", "dependencies": "proxypatch -C '" + value + "'",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"package.json": text, ".git": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w, err := detect.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return Hooks(w, nil, "", "proxypatch init")
}

// TestSlow expects an error if an answer takes longer than next-auth waits.
func TestSlow(t *testing.T) {
	dir := nodetest.TLS(t, "idp.test")
	tunnel := proxytest.Tunnel{Certificates: dir, Answer: proxytest.Discovery("https://idp.test"), Delay: 30 * time.Millisecond}
	e := environmentWith("", "https_proxy="+tunnel.Start(t), "NODE_EXTRA_CA_CERTS="+filepath.Join(dir, "ca.pem"))
	roots, node := e.roots(t.Context(), nil)
	if node {
		t.Error("without Node.js, its authorities are reported as known")
	}
	for patience, want := range map[time.Duration]string{
		20 * time.Millisecond: `^error: https://idp\.test: (connecting|the answer) took `, // on a busy machine both do
		time.Hour:             `^ok: https://idp\.test took `,
	} {
		got := lines(t, e.try(t.Context(), trial{roots, time.Minute, patience}, targets(t, "idp.test")))
		if len(got) != 2 || !regexp.MustCompile(want).MatchString(got[1]) {
			t.Errorf("with %v got %q, want %s", patience, got, want)
		}
	}
}

// TestLines expects what differs between release lines: next-auth 3 reads no discovery
// documents, and each line has its own patience.
func TestLines(t *testing.T) {
	issuer := targets(t, "https://idp.test/realms/x")[0]
	for i, want := range []struct {
		issuer   bool
		patience time.Duration
	}{{true, 3500 * time.Millisecond}, {true, 30 * time.Second}, {false, 10 * time.Second}} {
		e := environmentWith("")
		e.For(line.All[i])
		if e.isIssuer(issuer) != want.issuer || e.httpPatience() != want.patience {
			t.Errorf("%s: issuer %v, patience %v; want %+v", line.All[i].Name, e.isIssuer(issuer), e.httpPatience(), want)
		}
	}
}

// TestSlowWithoutProxy expects no blame for a proxy that is not used.
func TestSlowWithoutProxy(t *testing.T) {
	address := proxytest.Answering(t, proxytest.Discovery("http://idp.test"))
	for name, env := range map[string][]string{"unset": nil, "loopback": {"http_proxy=proxy.test:3128"}} {
		f := environmentWith("", env...).try(t.Context(), trial{nil, time.Minute, time.Nanosecond}, targets(t, "http://"+address))
		if last := f[len(f)-1]; last.Severity != Error || last.Text != "set NEXTAUTH_HTTP_TIMEOUT=10000 where the app starts" {
			t.Errorf("%s: %s %q", name, last.Message, last.Text)
		}
	}
}

// TestLongerTimeout expects a time that is longer than next-auth waits now, and than the
// answer took.
func TestLongerTimeout(t *testing.T) {
	for _, test := range []struct {
		opened, answered, patience time.Duration
		want                       string
	}{
		{time.Second, 11 * time.Second, 15 * time.Second, "NEXTAUTH_HTTP_TIMEOUT=30000"},
		{11100 * time.Millisecond, time.Second, line.All[0].Patience, "NEXTAUTH_HTTP_TIMEOUT=23000"},
		{time.Second, 5 * time.Second, line.All[0].Patience, "NEXTAUTH_HTTP_TIMEOUT=10000"},
		{0, 2 * time.Second, line.All[0].Patience, "NEXTAUTH_HTTP_TIMEOUT=10000"},
	} {
		var f Findings
		attempt{Environment: NewEnvironment(nil), target: targets(t, "idp.test")[0], trial: trial{patience: test.patience}}.judgeTime(&f, probe.Result{Opened: test.opened, Answered: test.answered})
		if want := "set " + test.want + " where the app starts"; len(f) != 1 || f[0].Text != want {
			t.Errorf("%+v: got %+v, want %s", test, f, want)
		}
	}
}

// TestQuotedIssuer expects a word about an issuer in quotation marks, which docker run
// --env-file keeps. The URL is tried nevertheless.
func TestQuotedIssuer(t *testing.T) {
	e := environmentWith("", "https_proxy=http://proxy.test:3128", `OIDC_ISSUER_URL="https://jane:hunter@idp.test/x"`, "AZURE_AD_TENANT_ID='common'", `NAME_ISSUER="acme"`, `OTHER="https://a.test"`, "KEYCLOAK_ISSUER=https://b.test")
	want := []string{
		"warning: AZURE_AD_TENANT_ID contains quotation marks",
		"warning: OIDC_ISSUER_URL contains quotation marks",
		"ok: https:// URLs go through the proxy proxy.test:3128 (https_proxy)",
		"note: http:// URLs use no proxy: neither http_proxy nor all_proxy is set",
		"ok: https://login.microsoftonline.com/common/v2.0 goes through the proxy proxy.test:3128 (https_proxy)",
		"ok: https://b.test goes through the proxy proxy.test:3128 (https_proxy)",
		"ok: https://idp.test/x goes through the proxy proxy.test:3128 (https_proxy)",
	}
	found := e.Proxies(e.Issuers())
	if diff := cmp.Diff(want, lines(t, found)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := "remove them; docker run --env-file, for example, keeps them in the value"; found[1].Text != want {
		t.Errorf("got %q, want %q", found[1].Text, want)
	}
}

// TestUnknownLocalhost expects no word about starting a provider whose name is unknown.
func TestUnknownLocalhost(t *testing.T) {
	unknown := &probe.Failure{At: probe.AtTarget, Kind: probe.UnknownName}
	for url, want := range map[string]string{
		"http://keycloak.localhost:9201": "use localhost instead of keycloak.localhost, or add keycloak.localhost to this machine's hosts file",
		"http://localhost:9201":          "start the identity provider on port 9201 of this machine",
	} {
		var f Findings
		target := targets(t, url)[0]
		attempt{NewEnvironment(nil), target, nil, trial{limit: time.Minute}, proxyenv.Decision{Reason: proxyenv.Loopback}}.failed(&f, unknown)
		if first := f[0].First().Text; first != want || !strings.Contains(f[0].Text, "\nin a container, "+target.Host+" is") {
			t.Errorf("%s: got %q, want %q", url, f[0].Text, want)
		}
	}
}

// TestDirect expects the true reason for which a target is tried without a proxy.
func TestDirect(t *testing.T) {
	const (
		refused   = "error: %s: it can't be reached (connection refused), and "
		container = "\nin a container, 127.0.0.1 is the container itself: use a host name that works in the container and in the browser"
	)
	local := "https://" + proxytest.Refusing(t)
	port := local[strings.LastIndex(local, ":")+1:]
	decided := func(reason proxyenv.Reason) proxyenv.Decision {
		name := "no_proxy"
		if reason == proxyenv.Off {
			name = "NEXTAUTH_PROXY"
		}
		by, _ := proxyenv.Env{Get: func(string) string { return "idp.test" }}.Lookup(name)
		return proxyenv.Decision{Reason: reason, By: by, Entry: "idp.test"}
	}
	unreachable := &probe.Failure{At: probe.AtTarget, Kind: probe.Unreachable, Reason: "connection refused"}
	for name, test := range map[string]struct {
		url        string
		reason     proxyenv.Reason
		want, hint string
	}{
		"loopback":        {local, proxyenv.Loopback, refused + "the patch never uses a proxy for this machine", "start the identity provider on port " + port + " of this machine" + container},
		"excluded":        {"https://idp.test", proxyenv.Excluded, refused + `"idp.test" in no_proxy excludes it from the proxy`, "if only the proxy reaches it, remove \"idp.test\" from no_proxy\ncheck the URL"},
		"off":             {"https://idp.test", proxyenv.Off, refused + "NEXTAUTH_PROXY=direct switches the proxy off", "if only the proxy reaches it: unset NEXTAUTH_PROXY\ncheck the URL"},
		"unset":           {"https://idp.test", proxyenv.Unset, refused + "no proxy is set for this URL", "if only a proxy reaches it, where the app starts: export https_proxy=http://proxy.example.com:3128\ncheck the URL"},
		"unset, http://":  {"http://idp.test", proxyenv.Unset, refused + "no proxy is set for this URL", "if only a proxy reaches it, where the app starts: export http_proxy=http://proxy.example.com:3128\ncheck the URL"},
		"really loopback": {local, -1, refused + "the patch never uses a proxy for this machine", "start the identity provider on port " + port + " of this machine" + container},
	} {
		e, target := environmentWith("", "https_proxy=http://proxy.test:3128"), targets(t, test.url)[0]
		var f Findings
		if attempt := (attempt{e, target, nil, trial{limit: time.Minute}, decided(test.reason)}); test.reason >= 0 {
			attempt.failed(&f, unreachable)
		} else {
			f = e.try(t.Context(), attempt.trial, []*proxyenv.Target{target})
		}
		if got := lines(t, f); len(got) != 1 || got[0] != fmt.Sprintf(test.want, target) || f[0].Text != test.hint {
			t.Errorf("%s: got %q, %q", name, got, f[0].Text)
		}
	}
	note := environmentWith("", "https_proxy=http://proxy.test:3128").Proxies(targets(t, "http://localhost:8080/realms/x"))
	if last := note[len(note)-1]; last.Severity != Note || !strings.HasPrefix(last.Text, "in a container, localhost is the container itself") {
		t.Errorf("%+v", last)
	}
}

// The time that next-auth waits is the one of the variable, where that is valid.
func TestPatience(t *testing.T) {
	for value, want := range map[string]time.Duration{"": line.All[0].Patience, "20000": 20 * time.Second, " 500 ": 500 * time.Millisecond, "1s": line.All[0].Patience, "-1": line.All[0].Patience, "99999999999999": line.All[0].Patience} {
		if got := environmentWith("", "NEXTAUTH_HTTP_TIMEOUT="+value).httpPatience(); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestCertificates(t *testing.T) {
	dir := nodetest.TLS(t, "idp.test")
	authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(authority)
	der := block.Bytes
	key, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(tree(t, map[string]string{
		"ca.pem": "a comment\n" + string(authority) + string(key), "two.pem": string(authority) + string(authority), "ca.der": string(der), "key.pem": string(key),
		"broken.pem": string(authority) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "dir/x": "",
	}))
	for value, want := range map[string]string{
		"NODE_EXTRA_CA_CERTS=ca.pem":       "ok: NODE_EXTRA_CA_CERTS: 1 certificate in ca.pem",
		"NODE_EXTRA_CA_CERTS=two.pem":      "ok: NODE_EXTRA_CA_CERTS: 2 certificates in two.pem",
		"NODE_EXTRA_CA_CERTS=ca.der":       "error: NODE_EXTRA_CA_CERTS: ca.der is a certificate, but not in PEM format, so Node.js ignores it",
		"NODE_EXTRA_CA_CERTS=key.pem":      "error: NODE_EXTRA_CA_CERTS: key.pem contains no PEM certificate, so Node.js ignores it",
		"NODE_EXTRA_CA_CERTS=broken.pem":   "warning: NODE_EXTRA_CA_CERTS: broken.pem contains an invalid certificate; Node.js ignores it and what follows",
		"NODE_EXTRA_CA_CERTS=dir":          "error: NODE_EXTRA_CA_CERTS: dir is a directory, not a regular file",
		"NODE_EXTRA_CA_CERTS=nowhere":      "error: NODE_EXTRA_CA_CERTS: nowhere can't be read: no such file or directory",
		"NODE_TLS_REJECT_UNAUTHORIZED=0":   "warning: NODE_TLS_REJECT_UNAUTHORIZED=0: anyone between the app and the identity provider can read and change its requests",
		"NODE_EXTRA_CA_CERTS=":             "",
		"NODE_TLS_REJECT_UNAUTHORIZED=yes": "",
	} {
		if got := strings.Join(lines(t, environmentWith("", value).Certificates()), "\n"); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

// In an image, the release of Node.js decides whether there is a way without a new one.
func TestRebuild(t *testing.T) {
	e := NewEnvironment(nil)
	e.Image = true
	for version, want := range map[string]string{
		"":        "note: without a new image, only Node.js 22.21, 24.5 or newer can use the proxy, with NODE_USE_ENV_PROXY=1",
		"20.20.2": "note: NODE_USE_ENV_PROXY has no effect in Node.js 20.20.2, so only a new image helps",
		"22.20.0": "note: NODE_USE_ENV_PROXY has no effect in Node.js 22.20.0, so only a new image helps",
		"22.21.0": "note: Node.js 22.21.0 can use the proxy without a new image",
		"24.4.1":  "note: NODE_USE_ENV_PROXY has no effect in Node.js 24.4.1, so only a new image helps",
		"26.10.0": "note: Node.js 26.10.0 can use the proxy without a new image",
	} {
		var n *Node
		if version != "" {
			n = &Node{"node", semver.MustParse(version)}
			for _, f := range e.Node(n) {
				if strings.Contains(f.Hint.Text, "revert") {
					t.Errorf("%s: %s", version, f.Hint.Text)
				}
			}
		}
		if got := lines(t, e.Rebuild(n)); got[0] != want {
			t.Errorf("%s: %q", version, got)
		}
	}
}

// TestVariablesOfALine holds to the line which variables count.
func TestVariablesOfALine(t *testing.T) {
	for name, test := range map[string]struct {
		setting string
		want    []string // by line
	}{
		"a proxy":  {"AUTH_PROXY=http://proxy.test:1", []string{"no proxy variable is set", "https:// URLs go through the proxy proxy.test:1 (AUTH_PROXY)"}},
		"direct":   {"AUTH_PROXY=direct", []string{"no proxy variable is set", "AUTH_PROXY is direct, so the patch uses no proxy"}},
		"blank":    {"AUTH_PROXY=", []string{"no proxy variable is set", "AUTH_PROXY is empty and counts as unset"}},
		"a time":   {"AUTH_HTTP_TIMEOUT=20000", []string{"no proxy variable is set", "next-auth's requests may take 20000 ms (AUTH_HTTP_TIMEOUT)"}},
		"no time":  {"AUTH_HTTP_TIMEOUT=soon", []string{"no proxy variable is set", "AUTH_HTTP_TIMEOUT is not a number of milliseconds"}},
		"for both": {"NEXTAUTH_PROXY=direct", []string{"NEXTAUTH_PROXY is direct", "NEXTAUTH_PROXY is direct"}},
	} {
		for i, want := range test.want {
			e := environmentWith("", test.setting)
			e.For(line.All[i])
			var texts []string
			for _, finding := range e.Proxies(nil) {
				texts = append(texts, finding.Message)
			}
			if text := strings.Join(texts, "\n"); !strings.Contains(text, want) || i == 0 && strings.Contains(text, " AUTH_") {
				t.Errorf("%s, %s: got %s, want %s", name, line.All[i].Name, text, want)
			}
		}
	}
}
