package printable

import (
	"strings"
	"testing"
)

func TestMayHoldLogin(t *testing.T) {
	for value, want := range map[string]bool{
		"http%3A%2F%2Fjane%3Ahunter%40h":       true,
		"jane%3ahunter%40h":                    true,
		"packages/%40scope":                    false,
		"http://jane:hunter@host":              true,
		"http://hunter@host:3128":              true,
		"https://host/?token=hunter":           true,
		"http:/jane:hunter@host":               true,
		"http:jane:hunter@host":                true,
		"//jane:hunter@host":                   true,
		"jane:hunter@host":                     true,
		" jane:hun/ter@host":                   true,
		"jane:hunter":                          true,
		"./jane:hunter@host":                   true,
		`"http://jane:hunter@host"`:            true,
		"a=http://jane:hunter@host":            true,
		"file:///etc/hunter.pem":               true,
		"x:y":                                  true,
		"":                                     false,
		".":                                    false,
		"../app":                               false,
		"/etc/ssl/ca.pem":                      false,
		"4.24.x":                               false,
		">=4.24.0 <5":                          false,
		`C:\app\ca.pem`:                        false,
		`C:\app\node_modules\@scope\next-auth`: false,
		"c:/app/next-auth@4":                   false,
		"node_modules/@scope/next-auth":        false,
		"node_modules/.pnpm/next-auth@4.24.5_next@13.0.0/x/y": false,
		"tutorial": false,
	} {
		if got := MayHoldLogin(value); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

func TestWithoutLogins(t *testing.T) {
	for text, want := range map[string]string{
		"next build":                                  "next build",
		"https_proxy=http://jane:hunter@h:1 x":        "https_proxy=http://…@h:1 x",
		"https_proxy=jane:hunter@h:1 x":               "https_proxy=…@h:1 x",
		"x='http://jane:hun@ter@h:1' y":               "x='http://…@h:1' y",
		`x="https://jane:hun"ter/=@h"`:                `x="https://…@h"`,
		"connect to http://hunter@h failed":           "connect to …@h failed",
		"a jane:hunter@h b http://ann:hunter@i":       "a …@h b http://…@i",
		"Cannot find module '@panva/hkdf'":            "Cannot find module '@panva/hkdf'",
		"in file:///app/node_modules/@panva/hkdf":     "in file:///app/node_modules/@panva/hkdf",
		`no 'C:\app\node_modules\@panva\hkdf'`:        `no 'C:\app\node_modules\@panva\hkdf'`,
		"https://idp.corp.test/token: timeout 3500ms": "https://idp.corp.test/token: timeout 3500ms",
	} {
		got := WithoutLogins(text)
		if got != want || strings.Contains(got, "hunter") {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	for line, want := range map[string]string{
		`  const p = 'http://bob:hunter2@p.corp:80';`:               `  const p = 'http://…@p.corp:80';`,
		`new HttpsProxyAgent("http://bob:hun@ter2@p.corp");`:        `new HttpsProxyAgent("http://…@p.corp");`,
		"const p = `http://bob:hunter2@${host}`;":                   "const p = `http://…@${host}`;",
		`'http://' + 'bob:hunter2@' + host`:                         `'http://' + '…@' + host`,
		`p = "{p:\"http://bob:hunter2@h\"}"`:                        `p = "…@h\"}"`,
		`host: 'p', auth: 'bob:hunter2', port: 80`:                  `host: 'p', auth: …, port: 80`,
		`"password": "it's hunter\"hunter", x`:                      `"password": …, x`,
		"proxyPassword = `hunter2`;":                                "proxyPassword = …;",
		`env['PROXY_PASS'] = 'hunter2';`:                            `env['PROXY_PASS'] = …;`,
		`secret: 'hunter2\`:                                         `secret: …`,
		`'Proxy-Authorization': 'Basic aHVudGVyMg=='`:               `'Proxy-Authorization': …`,
		`h['X'] = "Basic aHVudGVyMg=="`:                             `h['X'] = "Basic …"`,
		`  let agent = new HttpsProxyAgent(process.env.http_proxy)`: `  let agent = new HttpsProxyAgent(process.env.http_proxy)`,
		`  client_secret: provider.clientSecret,`:                   `  client_secret: provider.clientSecret,`,
	} {
		got := WithoutSecrets(line)
		if got != want || strings.Contains(got, "hunter") || strings.Contains(got, "aHVu") {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestWithoutTokens(t *testing.T) {
	for text, want := range map[string]string{
		"+npmAuthToken: hunter2\r\n a: b\n":                            "+npmAuthToken: …\r\n a: b\n",
		`    npmAuthIdent: "bob:hunter\"2"`:                            `    npmAuthIdent: …`,
		`{npmAuthToken: 'hunter2', a: b}`:                              `{npmAuthToken: …, a: b}`,
		`{"_auth": "hunter2", "next-auth": "4.24.15"}`:                 `{"_auth": …, "next-auth": "4.24.15"}`,
		`httpsProxy: "http://bob:hunter2@proxy.corp:80"`:               `httpsProxy: "http://…@proxy.corp:80"`,
		`"a": "git+https://hunter2@git.corp/a.git", "b": "1"`:          `"a": "git+https://…@git.corp/a.git", "b": "1"`,
		`"next-auth@npm:4.x": "patch:next-auth@npm%3A4.2.1#~/a.patch"`: `"next-auth@npm:4.x": "patch:next-auth@npm%3A4.2.1#~/a.patch"`,
		"+  \"@auth/core\":\n+    dependencies:":                       "+  \"@auth/core\":\n+    dependencies:",
	} {
		if got := WithoutTokens(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
