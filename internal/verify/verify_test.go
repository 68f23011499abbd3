package verify_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proxypatch/proxypatch/internal/line"
	"github.com/proxypatch/proxypatch/internal/testkit/gate"
	"github.com/proxypatch/proxypatch/internal/testkit/nodetest"
	"github.com/proxypatch/proxypatch/internal/testkit/prooftest"
	"github.com/proxypatch/proxypatch/internal/verify"
)

// nextAuth and authCore are the calls of the two kinds of stand-ins.
var (
	nextAuth = &prooftest.NextAuth.Calls
	authCore = &prooftest.AuthCore.Calls
)

// standIn makes a copy of next-auth of which each call of client.js does what
// the code says.
func standIn(t *testing.T, code string) verify.Copy {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, nextAuth.Always, "exports.openidClient = async () => {\n"+code+"\n};")
	return verify.Copy{Dir: dir, Calls: nextAuth}
}

// coreStandIn makes a copy of @auth/core of which each request to Auth() does what the
// code says.
func coreStandIn(t *testing.T, code string) verify.Copy {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "package.json", `{"type": "module"}`)
	write(t, dir, "index.js", `import { createRequire } from "module";
const require = createRequire(import.meta.url);
export const raw = Symbol(), skipCSRFCheck = Symbol();
export async function Auth(_, { logger }) {
`+code+"\n}")
	return verify.Copy{Dir: dir, Calls: authCore}
}

func write(t *testing.T, dir, file, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// prove makes the calls of stand-ins.
func prove(t *testing.T, node string, copies ...verify.Copy) []verify.Proof {
	t.Helper()
	found, err := verify.FindNode(t.Context(), node, t.TempDir(), 18)
	if err != nil {
		t.Fatal(err)
	}
	proofs, err := verify.Copies(t.Context(), found, copies, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return proofs
}

// waysOut lead out of the process beside the proxy, by what they are called.
var waysOut = map[string]string{
	"a.test:443":                  `await fetch("https://a.test/")`,
	"b.test:443":                  `await over(require("https").get("https://b.test/"))`,
	"c.test:80":                   `await over(require("http").get("http://c.test/"))`,
	"localhost:1":                 `await over(require("net").connect(1))`,
	"d.test:2":                    `await over((await import("net")).connect(2, "d.test"))`,
	"127.0.0.1:3":                 `await over((await import("tls")).connect({ host: "127.0.0.1", port: 3 }))`,
	"e.test:443":                  `await over(require("http2").connect("https://e.test"))`,
	"/a/pipe":                     `await over(require("net").connect("/a/pipe"))`,
	"dns.lookup f.test":           `require("dns").lookup("f.test", () => {})`,
	"dns.lookup g.test":           `await (await import("dns/promises")).lookup("g.test")`,
	"dns.resolve h.test":          `new (require("dns").Resolver)().resolve("h.test", () => {})`,
	"dns.resolve4 i.test":         `await new (require("dns").promises.Resolver)().resolve4("i.test")`,
	"dgram.send text":             `require("dgram").createSocket("udp4").send("text", 4, "j.test")`,
	"child_process.spawn":         `require("child_process").exec("true")`,
	"child_process.spawnSync one": `require("child_process").spawnSync("one")`,
	"worker_threads.Worker two":   `new (require("worker_threads").Worker)("two", { eval: true })`,
	"k.test:443":                  `await (await import(undici)).fetch("https://k.test/")`,
	"l.test:443":                  `await over(new (await import("net")).Socket().connect(443, "l.test"))`,
	"dns.lookup m.test":           `(await import("node:dns")).lookup("m.test", () => {})`,
	"child_process.spawnSync n":   `(await import("node:child_process")).spawnSync("n")`,
	"worker_threads.Worker o":     `new (await import("node:worker_threads")).Worker("o", { eval: true })`,
}

// Every way out is refused and named, on every Node.js, in both kinds of modules.
func TestOnlyTheProxyCanBeReached(t *testing.T) {
	t.Parallel()
	undici := filepath.ToSlash(filepath.Join(nodetest.Project(t, "undici-6"), "node_modules", "undici", "index.js"))
	code := "const over = stream => new Promise((resolve, reject) => stream.on('error', reject).on('close', resolve));\n"
	code += fmt.Sprintf("const undici = require('url').pathToFileURL(%q);\n", undici)
	for _, way := range waysOut {
		code += "try { " + way + " } catch {}\n"
	}
	copies := []verify.Copy{standIn(t, code), coreStandIn(t, code)}
	nodes := []string{nodetest.Node(t)}
	if gate.Wanted(t, "verify") {
		for _, name := range []string{"node-18", "node-22", "node-24", "node-26"} {
			nodes = append(nodes, nodetest.PinnedNode(t, name))
		}
	}
	detail := "tried " + strings.Join(slices.Sorted(maps.Keys(waysOut)), ", ") + " without the proxy"
	for _, node := range nodes {
		for i, proof := range prove(t, node, copies...) {
			want := verify.Result{Call: copies[i].Calls.Kinds[0], Outcome: verify.Leaked, Detail: detail}
			if diff := cmp.Diff(want, proof.Results[0]); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", node, copies[i].Calls.Driver, diff)
			}
		}
	}
}

// With Plug'n'Play, Node.js loads what yarn wrote first. The process still reaches nothing
// but the proxy.
func TestPlugAndPlay(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "50% of #1")
	write(t, dir, ".pnp.cjs", "process.plugged = __dirname;")
	write(t, dir, ".pnp.loader.mjs", `export const resolve = (name, context, next) => next(name === "plugged" ? "node:os" : name, context);`)
	const code = "if (!process.plugged || process.cwd() !== process.plugged) throw new Error('not plugged in');\n" +
		"await import('plugged');\nawait fetch('https://a.test/');\n"
	copies := []verify.Copy{standIn(t, code), coreStandIn(t, code)}
	for i := range copies {
		copies[i].Loader = filepath.Join(dir, ".pnp.cjs")
	}
	nodes := []string{nodetest.Node(t)}
	if gate.Wanted(t, "verify") {
		for _, name := range []string{"node-18", "node-22", "node-24", "node-26"} {
			nodes = append(nodes, nodetest.PinnedNode(t, name))
		}
	}
	for _, node := range nodes {
		for i, proof := range prove(t, node, copies...) {
			want := verify.Result{Call: copies[i].Calls.Kinds[0], Outcome: verify.Leaked, Detail: "tried a.test:443 without the proxy"}
			if diff := cmp.Diff(want, proof.Results[0]); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", node, copies[i].Calls.Driver, diff)
			}
		}
	}
}

// A call counts only if the proxy saw its request.
func TestJudgement(t *testing.T) {
	t.Parallel()
	const request = `const { hostname: host, port } = new URL(process.env.http_proxy);
		await new Promise((resolve, reject) => {
			const asking = require("http").request({ host, port, method: "CONNECT", path: "idp.corp.test:443" });
			asking.on("connect", (_, socket) => {
				const { request } = require("https");
				const createConnection = () => require("tls").connect({ socket, servername: "idp.corp.test" });
				request("https://idp.corp.test/.well-known/openid-configuration", { createConnection, headers: { host: "idp.corp.test" } }, resolve).on("error", reject).end();
			}).end();
		});`
	tests := map[string]struct {
		code string
		want verify.Result
	}{
		"proxied": {
			request + `return { issuer: { token_endpoint: "https://idp.corp.test/token" } };`,
			verify.Result{Outcome: verify.Proxied},
		},
		"another answer": {
			request + `return { issuer: { token_endpoint: "https://other.test/token" } };`,
			verify.Result{Outcome: verify.Failed, Detail: "reached the proxy, but did not return the service's answer"},
		},
		"lost on the way": {
			request + `throw new Error("no\nreason");`,
			verify.Result{Outcome: verify.Failed, Detail: "reached the proxy, but then: no"},
		},
		"made up": {
			`return { issuer: { token_endpoint: "https://idp.corp.test/token" } };`,
			verify.Result{Outcome: verify.Failed, Detail: "never reached the proxy"},
		},
		"both ways": {
			`fetch("https://other.test/").catch(() => {});` + request + `return { issuer: { token_endpoint: "https://idp.corp.test/token" } };`,
			verify.Result{Outcome: verify.Leaked, Detail: "tried other.test:443 without the proxy"},
		},
		"nothing to say": {
			`throw undefined;`,
			verify.Result{Outcome: verify.Failed, Detail: "for no reason"},
		},
		"an error with a number": {
			`throw new DOMException("too late", "TimeoutError");`,
			verify.Result{Outcome: verify.Failed, Detail: "too late"},
		},
		"too slow": {
			request + `throw new Error("outgoing request timed out after 3500ms");`,
			verify.Result{Outcome: verify.Slow, Detail: "outgoing request timed out after 3500ms"},
		},
		"too slow for the helper": {
			`throw new Error("proxy 127.0.0.1:1 did not answer within 900 ms; check http_proxy and the proxy");`,
			verify.Result{Outcome: verify.Slow, Detail: "proxy 127.0.0.1:1 did not answer within 900 ms; check http_proxy and the proxy"},
		},
		"too slow, but leaks": {
			`fetch("https://other.test/").catch(() => {}); throw new Error("outgoing request timed out after 3500ms");`,
			verify.Result{Outcome: verify.Leaked, Detail: "tried other.test:443 without the proxy"},
		},
		"no error": {
			`const thrown = { message: 42 }; thrown.self = thrown; throw thrown;`,
			verify.Result{Outcome: verify.Failed, Detail: "42"},
		},
		"nothing that can be told": {
			`throw { size: 1n };`,
			verify.Result{Outcome: verify.Failed, Detail: "for no reason that can be told"},
		},
		"prints past process.stdout": {
			`require("fs").writeSync(1, "{}\n[]\nwithout an end");` + request + `return { issuer: { token_endpoint: "https://idp.corp.test/token" } };`,
			verify.Result{Outcome: verify.Proxied},
		},
	}
	var names []string
	var copies []verify.Copy
	for name, test := range tests {
		names, copies = append(names, name), append(copies, standIn(t, test.code))
	}
	for i, proof := range prove(t, nodetest.Node(t), copies...) {
		got := proof.Results[0]
		want := tests[names[i]].want
		want.Call = nextAuth.Kinds[0]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", names[i], diff)
		}
	}
}

// @auth/core logs and wraps what happened. verify says the innermost of the first error.
func TestJudgementOfAuthCore(t *testing.T) {
	gate.Need(t, "verify") // TestJudgement is the same for next-auth 4
	t.Parallel()
	tests := map[string]struct{ code, detail string }{
		"wrapped":         {`throw Object.assign(new Error("Read more"), { cause: { err: new Error("the reason") } });`, "the reason"},
		"with a cause":    {`throw new TypeError("fetch failed", { cause: new Error("no answer") });`, "fetch failed: no answer"},
		"logged":          {`logger.error(new Error("the reason")); return { redirect: "http://localhost:3000/auth/error" };`, "the reason"},
		"logged, thrown":  {`const error = new Error("the reason"); logger.error(error); throw new Error("another");`, "the reason"},
		"a response":      {`throw new Error("unexpected status", { cause: new Response() });`, "unexpected status"},
		"without a page":  {`return {};`, "Auth() did not redirect"},
		"another page":    {`return { redirect: "https://idp.corp.test/authorize" };`, "never reached the proxy"},
		"nothing to say":  {`throw undefined;`, "for no reason"},
		"a text as cause": {`throw new Error("no answer", { cause: "none" });`, "no answer: none"},
	}
	var names []string
	var copies []verify.Copy
	for name, test := range tests {
		names, copies = append(names, name), append(copies, coreStandIn(t, test.code))
	}
	for i, proof := range prove(t, nodetest.Node(t), copies...) {
		got := proof.Results[0]
		want := verify.Result{Call: authCore.Kinds[0], Outcome: verify.Failed, Detail: tests[names[i]].detail}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", names[i], diff)
		}
	}
}

// A leak that belongs to no call is reported too.
func TestLeakOutsideOfTheCalls(t *testing.T) {
	t.Parallel()
	copy := standIn(t, `process.once("exit", () => require("net").connect(9, "late.test"));`)
	results := prove(t, nodetest.Node(t), copy)[0].Results
	want := verify.Result{Call: line.Call{Kind: "outside of the calls"}, Outcome: verify.Leaked, Detail: "tried late.test:9 without the proxy"}
	if diff := cmp.Diff(want, results[len(results)-1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFindNode(t *testing.T) {
	t.Parallel()
	node := nodetest.Node(t)
	if found, err := verify.FindNode(t.Context(), node, t.TempDir(), 18); err != nil || found.Version == "" || !filepath.IsAbs(found.Path) {
		t.Errorf("got %+v, %v", found, err)
	}
	for name, answer := range map[string]string{
		"other program": "usage: node",
		"bun":           `{"path": "/bun", "version": "24.3.0", "bun": "1.3.0"}`,
		"too old":       `{"path": "/node", "version": "16.20.2"}`,
	} {
		path := filepath.Join(t.TempDir(), "node")
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+answer+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if found, err := verify.FindNode(t.Context(), path, t.TempDir(), 18); !errors.Is(err, verify.ErrNoNode) {
			t.Errorf("%s: got %+v, %v", name, found, err)
		}
	}
	shim := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(shim, []byte("#!/bin/sh\necho 'Now using Node.js'\nexec '"+node+"' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if found, err := verify.FindNode(t.Context(), shim, t.TempDir(), 18); err != nil || found.Path == shim {
		t.Errorf("shim that says what it does: got %+v, %v", found, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := verify.FindNode(ended, node, t.TempDir(), 18); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: got %v", err)
	}
}
