package proxyenv

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/repotest"
)

const helper = "../../../patches/helper"

// question is the input of both the Go code and the helper.
type question struct {
	Env map[string]string `json:"env"`
	URL string            `json:"url"`
}

func (q question) env(l *line.Line) Env {
	return Env{func(name string) string { return q.Env[name] }, l.Variables("PROXY")}
}

// answer returns what proxyFor of a line's helper returns or throws.
func (q question) answer(l *line.Line) string {
	target, err := ParseTarget(q.URL)
	if err != nil {
		return err.Error()
	}
	decision := q.env(l).Decide(target)
	if decision.Proxy == nil {
		return ""
	}
	proxy, err := decision.Proxy.Proxy()
	if err != nil {
		return err.Error()
	}
	if proxy.Secure {
		return "https://" + proxy.Label
	}
	return "http://" + proxy.Label
}

// noProxyTable reads the table that the helper's own tests use.
func noProxyTable(t *testing.T) [][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(helper, "test", "no_proxy.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n")[1:] {
		rows = append(rows, strings.Split(line, "\t"))
	}
	return rows
}

func TestNoProxyTable(t *testing.T) {
	for _, row := range noProxyTable(t) {
		url, noProxy, want, reason := row[0], row[1], row[2], row[3]
		for _, name := range []string{"NO_PROXY", "no_proxy"} {
			got := "direct"
			if (question{map[string]string{"HTTP_PROXY": "http://proxy.test:3128", name: noProxy}, url}).answer(line.All[0]) != "" {
				got = "proxy"
			}
			if got != want {
				t.Errorf("%s: %s with %s=%s: got %s, want %s", reason, url, name, noProxy, got, want)
			}
		}
	}
}

var order = []string{"NEXTAUTH_PROXY", "AUTH_PROXY", "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}

// values are those of choice.test.js and more.
var values = []string{
	"http://proxy.test:3128", "http://proxy.test:3128/", "  http://proxy.test:3128\n", "HTTP://Proxy.Test",
	"https://proxy.test:443", "https://proxy.test", "proxy.test:3128", "proxy.test", "jane:secret@proxy.test:3128",
	"http://jane:p@ss@proxy.test:3128", "http://[fd00::1]:3128", "http://jane@proxy.test", "   ", "",
	"http://jane:hunter%@proxy.test:3128", "http://jane:100%hunter@proxy.test:3128", "http://jane:1234#hunter@proxy.test:3128",
	"http://jane:1234/hunter@proxy.test:3128", "http://jane:1234?hunter@proxy.test:3128", `http://jane:1234\hunter@proxy.test:3128`,
	"http://jane:#hunter@proxy.test:3128", "jane:hunter/2@proxy.test:3128", "http://jane:hunter\u0001@proxy.test",
	"http://jane:%ffhunter@proxy.test", "http://jane:hunter@", "http://jane:hunter@proxy.test:99999",
	"socks5://jane:hunter@proxy.test", "SOCKS4://proxy.test", "ftp://proxy.test", "hunter://x@proxy.test",
	`"http://proxy.test:3128"`, `'http://jane:hunter@proxy.test:3128'`, "http://jane:hun ter@proxy.test", "http://pro xy.test",
	"http://10.0.0.1:3128", "http://010.1:80", "http://256.256.256.256", "http://bücher.test:1", "http:proxy.test", "http:/proxy.test:1",
	"http://proxy.test:0", "http://proxy.test:", "http://:3128", "//proxy.test:3128", "http://${PROXY}:3128", "http://jane:<hunter>@proxy.test",
	"direct", "DIRECT", " direct ", "direct:80",
	"http://jane:hunter@proxy.test:3128 # ours", "http://proxy.test\t:1", "\ufeffhttp://proxy.test:1", "http://ja%6ee:%68@proxy.test", "http://%70roxy.test",
}

func questions(t *testing.T) []question {
	var all []question
	for _, row := range noProxyTable(t) {
		all = append(all, question{map[string]string{"HTTP_PROXY": "http://proxy.test:3128", "NO_PROXY": row[1]}, row[0]})
	}
	for first := range order {
		env := map[string]string{}
		for i, name := range order {
			if env[name] = fmt.Sprintf("http://p%d.test:1", i); i < first {
				env[name] = " "
			}
		}
		all = append(all, question{env, "https://a.test"}, question{env, "http://a.test/x"})
	}
	for _, value := range values {
		for _, name := range order {
			all = append(all, question{map[string]string{name: value}, "https://a.test"})
		}
	}
	for _, noProxy := range []string{"b.test", "B.TEST:443", " a.test", "a.test;b.test", "https://a.test", "a.test/8", "10.1.2.3/8/9", "::ffff:10.0.0.0/104", "[::ffff:10.1.2.3]", "10.1.2.3/008", "10.1.2.3/99999999999999999999", "*", "*:0443"} {
		for _, url := range []string{"https://a.test", "https://b.test", "https://10.1.2.3", "https://[::ffff:10.1.2.3]"} {
			all = append(all, question{map[string]string{"all_proxy": "p.test", "no_proxy": noProxy, "NO_PROXY": "a.test"}, url})
		}
	}
	return all
}

// askHelper returns what the helper's proxyFor returns or throws for each question.
func askHelper(t *testing.T, l *line.Line, all []question) []string {
	t.Helper()
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	// In an ES module, the first call for which a proxy may count loads what the others need.
	cmd := exec.CommandContext(t.Context(), nodetest.Node(t), "--input-type=module", "-e", `
		import fs from "node:fs";
		import { pathToFileURL } from "node:url";
		const helper = await import(pathToFileURL(process.argv[1]));
		const { proxyFor, proxyFetch } = helper.default || helper;
		process.env.NEXTAUTH_PROXY = "http://proxy.invalid";
		await proxyFetch("data:,");
		const ask = ({ env, url }) => {
			for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];
			Object.assign(process.env, env);
			try { return proxyFor(url); } catch (error) { return error.message; }
		};
		console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(ask)));`, filepath.Join("..", l.Source()))
	cmd.Dir, cmd.Stdin, cmd.Stderr = helper, bytes.NewReader(input), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// TestSameAsHelper requires the same answers from the helper and from the Go code.
func TestSameAsHelper(t *testing.T) {
	all := questions(t)
	for _, l := range line.All {
		want := askHelper(t, l, all)
		for i, q := range all {
			if got := q.answer(l); got != want[i] {
				t.Errorf("%s: %q with %q: got %q, the helper says %q", l.Name, q.URL, q.Env, got, want[i])
			}
		}
	}
}

func TestDecideSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		url  string
		want string
	}{
		"proxy":           {map[string]string{"https_proxy": "p"}, "https://a.test", "through https_proxy"},
		"unset":           {nil, "https://a.test", "direct 0"},
		"not for http":    {map[string]string{"https_proxy": "p"}, "http://a.test", "direct 0"},
		"loopback":        {map[string]string{"https_proxy": "p"}, "localhost", "direct 1"},
		"always loopback": {map[string]string{"https_proxy": "p", "no_proxy": "localhost"}, "http://localhost:8080", "direct 1"},
		"without a proxy": {nil, "http://127.0.0.1", "direct 1"},
		"off":             {map[string]string{"NEXTAUTH_PROXY": "direct", "no_proxy": "a.test"}, "https://a.test", "direct 3 NEXTAUTH_PROXY"},
		"excluded http":   {map[string]string{"https_proxy": "p", "no_proxy": "a.test"}, "http://a.test", "direct 2 no_proxy a.test"},
		"excluded":        {map[string]string{"https_proxy": "p", "NO_PROXY": "x,.Test"}, "https://a.test", "direct 2 NO_PROXY .test"},
		"without scheme":  {map[string]string{"https_proxy": "p"}, "a.test:8443/realm/", "through https_proxy"},
		"lower-case wins": {map[string]string{"https_proxy": "p", "NO_PROXY": "a.test", "no_proxy": "b"}, "https://a.test", "through https_proxy"},
	} {
		target, err := ParseTarget(test.url)
		if err != nil {
			t.Fatal(err)
		}
		d := Env{func(name string) string { return test.env[name] }, line.All[0].Variables("PROXY")}.Decide(target)
		got := fmt.Sprint("direct ", int(d.Reason), " ", d.By.Name, " ", d.Entry)
		if d.Proxy != nil {
			got = "through " + d.Proxy.Name
		}
		if got = strings.TrimSpace(got); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]string{
		"https://jane:hunter@Idp.Test/realms/x/?q=hunter#hunter": "https://idp.test/realms/x idp.test:443",
		"idp.test":              "https://idp.test idp.test:443",
		"idp.test:8443":         "https://idp.test:8443 idp.test:8443",
		"http://[fd00::1]/":     "http://[fd00::1] [fd00::1]:80",
		"ftp://hunter.test":     "is not an http:// or https:// URL",
		"https://":              "is not an http:// or https:// URL",
		"https://hunter hunter": "is not an http:// or https:// URL",
		"":                      "is not an http:// or https:// URL",

		"https:/jane:hunter@idp.test":          "is not an http:// or https:// URL",
		"http//jane:hunter@idp.test":           "is not an http:// or https:// URL",
		"https/:jane:hunter@idp.test":          "is not an http:// or https:// URL",
		"https:/idp.test":                      "is not an http:// or https:// URL",
		"https:///jane:hunter@idp.test":        "https://idp.test idp.test:443",
		"https://https://jane:hunter@idp.test": "is not an http:// or https:// URL",
		"https://jane:1#hunter@idp.test":       "is not an http:// or https:// URL",
		"https://jane:1?hunter@idp.test":       "is not an http:// or https:// URL",
		"idp.test/jane:hunter@x":               "is not an http:// or https:// URL",
		"https:jane:hunter@idp.test":           "https://idp.test idp.test:443",
		"jane:hunter@idp.test":                 "https://idp.test idp.test:443",
	} {
		target, err := ParseTarget(text)
		got := fmt.Sprint(err)
		if err == nil {
			got = target.String() + " " + target.Address()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestFlaws(t *testing.T) {
	for value, want := range map[string][]Flaw{
		"http://proxy.test:3128":                   nil,
		"http://jane:p%40ss@proxy.test:3128":       nil,
		"http://proxy.test:80/":                    nil,
		"http://proxy.test:80/x":                   nil,
		"http://proxy.test:080":                    nil,
		"http://proxy.test":                        {NoPort},
		"http://proxy.test:":                       {NoPort},
		"http://jane:80@proxy.test":                {NoPort},
		"proxy.test":                               {NoPort},
		"https://proxy.test":                       {NoPort, OverTLS},
		"http://jane:secret@proxy.test":            {NoPort},
		"https://proxy.test:3128":                  {OverTLS},
		"http://proxy.test:443":                    {TLSPort},
		"https://proxy.test:443":                   {OverTLS},
		`"http://proxy.test:3128"`:                 {Quoted},
		"'http://jane:p@proxy.test:3128":           {Quoted},
		"http://${USER}:${PASS}@proxy.test":        {Placeholder},
		"http://<user>:<password>@proxy.test:3128": {Placeholder},
		"http://jane:p@ss@proxy.test:3128":         {Unencoded},
		"http://jane:pa ss@proxy.test:3128":        {Unencoded},
		"jane:pä@proxy.test:3128":                  {Unencoded},
		"socks5://proxy.test":                      nil,
		"http://proxy.test:3128 # ours":            {Spaced},
		"http://jane:1#2@proxy.test":               nil,
	} {
		if diff := cmp.Diff(want, (Setting{Name: "https_proxy", value: value}).Flaws()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
}

func TestPAC(t *testing.T) {
	address, content := PAC{}, PAC{Content: true}
	for value, want := range map[string]*PAC{
		"http://proxy.test:8080/proxy.pac":        &address,
		"https://jane:hunter@proxy.test/x.PAC?v=": &address,
		" http://wpad/wpad.dat ":                  &address,
		"wpad.dat":                                &address,
		"http://127.0.0.1:9000/pac":               &address,
		"file:///etc/proxy.pac":                   &address,
		`C:\proxy.pac`:                            &address,
		"file://server/share/settings":            &address,
		"pac+https://proxy.test/settings":         &address,
		"data:application/x-ns-proxy-autoconfig,": &address,
		`"file:///etc/proxy.pac"`:                 &address,

		"function FindProxyForURL(url, host) {": &content,
		"SOCKS5 proxy.test:1080":                &content,
		"PROXY jane:hunter@proxy.test:3128":     &content,
		"PROXY proxy.test:3128; DIRECT":         {Content: true, Proxy: "http://proxy.test:3128"},
		"'proxy proxy.test:3128'":               {Content: true, Proxy: "http://proxy.test:3128"},
		"HTTPS proxy.test:443;PROXY x.test:1":   {Content: true, Proxy: "https://proxy.test:443"},
		"PROXY [fd00::1]:3128":                  {Content: true, Proxy: "http://[fd00::1]:3128"},
		"DIRECT":                                {Content: true, Direct: true},

		"http://proxy.test:3128":              nil,
		"http://proxy.pac.test:3128":          nil,
		"http://pac":                          nil,
		"http://jane:p.pac@proxy.test:3128":   nil,
		"http://jane:x/proxy.pac?@proxy.test": nil,
		"http://direct:3128":                  nil,
		"proxy proxy":                         {Content: true},
		"proxy.test:3128 # PROXY x:1":         nil,
		"":                                    nil,
	} {
		s := Setting{Name: "https_proxy", value: value}
		got, found := s.PAC()
		if found != (want != nil) || found && got != *want {
			t.Errorf("%s: got %+v, %v", value, got, found)
		}
		if _, err := s.Usable(); errors.Is(err, ErrPAC) != found {
			t.Errorf("%s: %v", value, err)
		}
	}
	for _, value := range values { // what the helper's tests use is a proxy, or is not valid
		if _, found := ParsePAC(value); found != strings.EqualFold(strings.TrimSpace(value), "direct") {
			t.Errorf("%s counts as a PAC file", value)
		}
	}
}

func TestEntryFlaws(t *testing.T) {
	got := Setting{Name: "no_proxy", value: `a.test, *.b.test,10.0.0.0/8 https://c.test,d;e,f.*.test,10.0.0.0/33,"g",*,[fd00::]/8,h/8,:443`}.EntryFlaws()
	want := map[int]EntryFlaw{4: EntryURL, 5: EntrySemicolon, 6: EntryStar, 7: EntryBlock, 8: EntryQuoted, 11: EntryBlock, 12: EntryNoHost}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// entryFlaws are entries of no_proxy, and why each excludes nothing.
var entryFlaws = map[string]EntryFlaw{
	"keycloak*": EntryStarLast, "keycloak.*": EntryStarLast, "key*cloak": EntryStar, "*corp.test": EntryStarFirst, "*.*.corp.test": EntryStar,
	"10.*": EntryStarAddress, "10*": EntryStarAddress, "192.168.*.*": EntryStarAddress, "10.*.0.1": EntryStarAddress, "10.*:443": EntryStarAddress,
	"k?y.corp.test": EntryQuestion, "<local>": EntryWindows, "<-loopback>": EntryWindows,
	"10.": EntryPart, "10": EntryPart, "192.168.1": EntryPart, ".168.1.": EntryPart, "10.0.0.1-10.0.0.9": EntryRange, "10.0.0.0/255.0.0.0": EntryMask,
	"10.0.0.0/33": EntryBlock, "10.0.0.0/": EntryBlock, "10.0.0.0/x": EntryBlock, "10.0/16": EntryBlock, "fd00::/129": EntryBlock, "corp.test/8": EntryBlock, "010.0.0.0/8": EntryBlock,
	"corp.test/x": EntryPath, "corp.test/": EntryPath, "corp.test:80/x": EntryPath, "https://corp.test:443": EntryURL, "//corp.test": EntryPath,
	"corp.test:http": EntryPort, "corp.test:*": EntryPort, "*:*": EntryPort, "corp.test:0443": EntryPort, "corp.test:65536": EntryPort, "*:0": EntryPort, "corp.test:": EntryPort,
	":443": EntryNoHost, ".": EntryNoHost, "*.": EntryNoHost, "[]": EntryNoHost,
	"a|b": EntryPipe, "localhost|127.*": EntryPipe, "a;b": EntrySemicolon, "'a'": EntryQuoted, "bücher.test": EntryUnicode, ".bücher.test": EntryUnicode,
	"${NO_PROXY}": EntryPlaceholder, "$NO_PROXY": EntryPlaceholder, "%no_proxy%": EntryPlaceholder, "{{.NoProxy}}": EntryPlaceholder,
	"jane@corp.test": EntryOther, `.*\.corp\.test`: EntryPattern, "^corp.test": EntryPattern, "(corp)": EntryPattern, "fe80::1%eth0": EntryOther, "1.2.3.4.5": EntryOther, "1.2.3.400": EntryOther, "corp.123": EntryOther,

	"corp.test": "", ".corp.test": "", "*.corp.test": "", "corp.test.": "", "corp": "", "a_b.test": "", "-corp.test": "", "10.corp.test": "", "xn--bcher-kva.test": "",
	"corp.test:8443": "", "*": "", "*:443": "", "10.1.2.3": "", "*.10.1.2.3": "", "10.0.0.0/8": "", "10.1.2.3/8": "", "10.1.2.3/008": "", "10.0.0.0/8:443": "", "0.0.0.0/0": "",
	"::1": "", "[::1]": "", "[fd00::]/8": "", "[fd00::1]:443": "", "::ffff:10.1.2.3": "", "localhost": "", "127.0.0.1": "", "CORP.test": "",
}

// TestEntriesThatWork requires that the helper agrees: an entry with a flaw excludes no
// URL that is made from it, and every other entry excludes one.
func TestEntriesThatWork(t *testing.T) {
	var all []question
	for e, want := range entryFlaws {
		if got := (Setting{Name: "no_proxy", value: e}).EntryFlaws()[1]; got != want {
			t.Errorf("%s: got %q, want %q", e, got, want)
		}
		for _, url := range urlsOf(e) {
			all = append(all, question{map[string]string{"https_proxy": "http://proxy.test:3128", "no_proxy": e}, url})
		}
	}
	excludes := map[string]bool{}
	for i, answer := range askHelper(t, line.All[0], all) {
		if answer == "" {
			excludes[all[i].Env["no_proxy"]] = true
		}
	}
	for e, flaw := range entryFlaws {
		if local := e == "::1" || e == "[::1]" || e == "localhost" || e == "127.0.0.1"; excludes[e] == (flaw != "") && !local {
			t.Errorf("%s: the flaw is %q, but whether the helper excludes a URL is %v", e, flaw, excludes[e])
		}
	}
}

// TestDocumentedEntries requires that each entry that doctor.md replaces is useless.
func TestDocumentedEntries(t *testing.T) {
	tried := 0
	for _, section := range repotest.Document(t, "docs/doctor.md") {
		if section.Title != "Entries of no_proxy" {
			continue
		}
		for _, row := range section.Rows[1:] {
			for e := range strings.SplitSeq(row[0], ", ") {
				if len((Setting{Name: "no_proxy", value: e}).EntryFlaws()) != 1 {
					t.Errorf("%s works", e)
				}
				tried++
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d entries were tried", tried)
	}
}

// urlsOf returns URLs that an entry of no_proxy may exclude. Node.js can parse them.
func urlsOf(e string) []string {
	urls := []string{"https://10.1.2.3", "https://corp.test", "https://key-cloak.corp.test:8443", "https://keycloak", "https://key.corp.test", "https://a", "https://[fd00::1]", "https://any.test"}
	host := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(e), "*"), ".")
	address, _, _ := strings.Cut(strings.Trim(host, "[]"), "/")
	for _, text := range []string{host, address, "[" + address + "]", "[" + strings.TrimSuffix(address, "]") + "]"} {
		if target, err := ParseTarget("https://" + text); err == nil && !isLoopback(target.Host) && !strings.ContainsAny(target.Host, "*';$(){}\"") {
			urls = append(urls, target.String())
		}
	}
	return urls
}

// TestNothingIsShown prints settings and proxies with every verb.
func TestNothingIsShown(t *testing.T) {
	for _, value := range values {
		s := Setting{Name: "https_proxy", value: value + "hunter"}
		p, err := s.Proxy()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			shown := fmt.Sprintf(verb+" "+verb+" "+verb+" %+v", s, p, err, struct {
				S Setting
				P *Proxy
			}{s, p})
			if p != nil && strings.Contains(p.Label, "hunter") {
				continue // the word is at the place of the host, so it is a host
			}
			if strings.Contains(shown, "hunter") {
				t.Errorf("%q shows as %s", value, shown)
			}
		}
		if err != nil && !errors.Is(err, ErrKind) && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestLogin(t *testing.T) {
	p, err := Setting{Name: "https_proxy", value: "http://ja%6ee:p%40ss@proxy.test"}.Proxy()
	if err != nil || p.Authorization() != "Basic amFuZTpwQHNz" {
		t.Errorf("got %q, %v", p.Authorization(), err)
	}
	p, err = Setting{Name: "https_proxy", value: "proxy.test"}.Proxy()
	if err != nil || p.Authorization() != "" || p.HasLogin() {
		t.Errorf("got %q, %v", p.Authorization(), err)
	}
}
