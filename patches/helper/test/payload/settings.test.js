// NEXTAUTH_PROXY and NEXTAUTH_HTTP_TIMEOUT.
"use strict";

const assert = require("node:assert");
const { test, before, after } = require("node:test");
const { calls, failure, helper, isModule, login, setProxy } = require("../support");
const { silent, startProxy, startTarget } = require("../support/servers");

const target = "https://api.corp.test/";
const url = new URL(target);
let proxy;

before(async () => {
  proxy = await startProxy();
});
after(async () => {
  setProxy({});
  await proxy.close();
});

test("NEXTAUTH_PROXY wins over the others, for both kinds of targets", () => {
  for (const value of ["http://jane:hunter@own.test:8080", "own.test:8080"]) {
    setProxy({ NEXTAUTH_PROXY: value, https_proxy: "http://a.test:1", http_proxy: "http://b.test:1", all_proxy: "http://c.test:1" });
    for (const target of ["https://a.test", "http://a.test"]) assert.strictEqual(helper.proxyFor(target), "http://own.test:8080");
  }
});

test("NEXTAUTH_PROXY alone is enough, and empty counts as unset", () => {
  setProxy({ NEXTAUTH_PROXY: "own.test:8080" });
  assert.strictEqual(helper.proxyFor(target), "http://own.test:8080");
  setProxy({ NEXTAUTH_PROXY: " ", HTTP_PROXY: "a.test:1" });
  assert.strictEqual(helper.proxyFor(target), "http://a.test:1");
});

test("AUTH_PROXY counts in the ES module alone, where NEXTAUTH_PROXY is not set", async () => {
  setProxy({ AUTH_PROXY: "auth.test:8080", HTTPS_PROXY: "a.test:1" });
  assert.strictEqual(helper.proxyFor(target), isModule ? "http://auth.test:8080" : "http://a.test:1");
  setProxy({ AUTH_PROXY: "auth.test:8080", NEXTAUTH_PROXY: "own.test:8080" });
  assert.strictEqual(helper.proxyFor(target), "http://own.test:8080");
  setProxy({ AUTH_PROXY: "auth.test:8080", NEXTAUTH_PROXY: "direct" });
  assert.strictEqual(helper.proxyFor(target), "");
  setProxy({ AUTH_PROXY: "direct", HTTPS_PROXY: "a.test:1" });
  assert.strictEqual(helper.proxyFor(target), isModule ? "" : "http://a.test:1");
  setProxy({ AUTH_PROXY: "socks5://jane:hunter@auth.test:1", HTTPS_PROXY: "socks5://jane:hunter@a.test:1" });
  const { message } = await failure(helper.proxyFetch(target), ["jane", "hunter"]);
  assert.ok(message.includes(`${isModule ? "AUTH_PROXY" : "HTTPS_PROXY"} must be an http:// or https:// proxy`), message);
});

test("AUTH_HTTP_TIMEOUT counts in the ES module alone, where NEXTAUTH_HTTP_TIMEOUT is not set", async () => {
  setProxy({ AUTH_HTTP_TIMEOUT: "20000" });
  assert.strictEqual(helper.httpOptions(url, { timeout: 3500 }).timeout, isModule ? 20000 : undefined);
  setProxy({ AUTH_HTTP_TIMEOUT: "20000", NEXTAUTH_HTTP_TIMEOUT: "10000" });
  assert.strictEqual(helper.httpOptions(url, { timeout: 3500 }).timeout, 10000);
  setProxy({ AUTH_HTTP_TIMEOUT: "soon", HTTPS_PROXY: `127.0.0.1:${proxy.port}` });
  const { message } = await failure(helper.proxyFetch(target));
  assert.strictEqual(message.includes("AUTH_HTTP_TIMEOUT must be a number of milliseconds"), isModule, message);
});

test("no_proxy and loopback count as ever", () => {
  setProxy({ NEXTAUTH_PROXY: "own.test:8080", NO_PROXY: "corp.test" });
  for (const url of [target, "http://api.corp.test", "http://localhost:3000", "https://127.0.0.1"]) assert.strictEqual(helper.proxyFor(url), "");
});

test("NEXTAUTH_PROXY=direct switches the helper off", async t => {
  setProxy({ NEXTAUTH_PROXY: "direct", HTTPS_PROXY: "http://a.test:1" });
  assert.strictEqual(helper.proxyFor(target), "");
  assert.deepStrictEqual(helper.httpOptions(url, {}), { agent: undefined });
  const { fetch } = globalThis;
  t.after(() => (globalThis.fetch = fetch));
  globalThis.fetch = (...args) => Promise.resolve(args);
  assert.deepStrictEqual(await helper.proxyFetch(target, undefined), [target, undefined]);
});

test("an agent of the user's wins over NEXTAUTH_PROXY", () => {
  setProxy({ NEXTAUTH_PROXY: "own.test:8080" });
  assert.deepStrictEqual(helper.httpOptions(url, { agent: {} }), {});
});

test("a NEXTAUTH_PROXY that can't be read is named, and its value is not", async () => {
  setProxy({ NEXTAUTH_PROXY: "http://jane:1234#hunter@own.test" });
  for (const call of Object.values(calls)) {
    const { message } = await failure(call(target), ["jane", "1234", "hunter"]);
    assert.ok(message.endsWith("NEXTAUTH_PROXY is not a valid proxy URL; percent-encode the characters of user and password"), message);
  }
});

test("NEXTAUTH_HTTP_TIMEOUT replaces the default of openid-client, with and without a proxy", () => {
  for (const variables of [{}, { HTTPS_PROXY: "a.test:1" }]) {
    setProxy({ ...variables, NEXTAUTH_HTTP_TIMEOUT: "20000" });
    const agent = helper.proxyAgent(target);
    assert.deepStrictEqual(helper.httpOptions(url, { timeout: 3500 }), { agent, timeout: 20000 });
    assert.deepStrictEqual(helper.httpOptions(url, { timeout: 5000 }), { agent });
    assert.deepStrictEqual(helper.httpOptions(url, { timeout: 3500, agent: {} }), { timeout: 20000 });
    setProxy(variables);
    assert.deepStrictEqual(helper.httpOptions(url, { timeout: 3500 }), { agent });
  }
});

test("NEXTAUTH_HTTP_TIMEOUT is the limit of every call through the proxy", async () => {
  proxy.behave = silent;
  setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}`, NEXTAUTH_HTTP_TIMEOUT: "150" });
  for (const call of Object.values(calls)) {
    const { message } = await failure(call(target));
    assert.ok(message.includes(`proxy ${proxy.label} did not answer within 150 ms`), message);
  }
  await proxy.closed();
});

for (const kind of ["OAuth 1.0A", "OAuth 2"]) test(`NEXTAUTH_HTTP_TIMEOUT is the limit of ${kind} without a proxy`, async t => {
  const server = await startTarget(silent);
  t.after(() => server.close());
  setProxy({ NEXTAUTH_HTTP_TIMEOUT: "150" });
  const { message } = await failure(calls[kind](`https://localhost:${server.port}/`));
  assert.strictEqual(message, "localhost did not answer within 150 ms, the limit in NEXTAUTH_HTTP_TIMEOUT");
});

test("a NEXTAUTH_HTTP_TIMEOUT that is no number is an error that names the variable", async () => {
  for (const value of ["10s", "0", "-1", "1e4", "1.5", "http://jane:hunter@own.test"]) {
    setProxy({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NEXTAUTH_HTTP_TIMEOUT: value });
    for (const call of Object.values(calls)) {
      const { message } = await failure(call(target), ["hunter"]);
      assert.ok(message.endsWith("NEXTAUTH_HTTP_TIMEOUT must be a number of milliseconds, such as 10000"), message);
    }
  }
  assert.strictEqual(proxy.open.size, 0);
});

test("a NEXTAUTH_HTTP_TIMEOUT that is longer than a timer may be is the longest", () => {
  setProxy({ NEXTAUTH_HTTP_TIMEOUT: "99999999999" });
  assert.strictEqual(helper.httpOptions(url, { timeout: 3500 }).timeout, 2147483647);
});
