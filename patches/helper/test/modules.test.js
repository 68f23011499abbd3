// What the helper loads, and when: bundles for browsers and the Edge runtime must not get any of it.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { test, after } = require("node:test");
const { agentMajor, failure, project, setProxy } = require("./support");

after(() => setProxy({}));

const file = path.join(__dirname, "..", "proxy.js");
const source = fs.readFileSync(file, "utf8");
const url = "https://api.corp.test/";

// The helper from its source, with what it requires in `required`.
function evaluate(source) {
  const required = [];
  const helper = {};
  new Function("exports", "require", source)(helper, name => {
    required.push(name);
    return require(name);
  });
  return { helper, required };
}

function fakeFetch(t) {
  const { fetch } = globalThis;
  t.after(() => (globalThis.fetch = fetch));
  globalThis.fetch = (...args) => Promise.resolve(args);
}

test("without a proxy nothing is loaded", async t => {
  fakeFetch(t);
  setProxy({});
  const { helper, required } = evaluate(source);
  assert.deepStrictEqual(await helper.proxyFetch(url, undefined), [url, undefined]);
  assert.deepStrictEqual(helper.httpOptions(new URL(url), {}), { agent: undefined });
  assert.strictEqual(helper.proxyFor(url), "");
  assert.deepStrictEqual(required, []);
});

// Next.js puts the values of these in their places at build time.
for (const [variable, value] of [["env.NEXT_RUNTIME", "edge"], ["env.NEXT_RUNTIME", ""], ["browser", true]]) {
  test(`where process.${variable} is ${JSON.stringify(value)} nothing is loaded, and fetch is fetch`, async t => {
    fakeFetch(t);
    setProxy({ HTTP_PROXY: "http://proxy.test:3128" });
    const { helper, required } = evaluate(source.replaceAll(`process.${variable}`, JSON.stringify(value)));
    assert.deepStrictEqual(await helper.proxyFetch(url, undefined), [url, undefined]);
    assert.deepStrictEqual(helper.httpOptions(new URL(url), {}), { agent: undefined });
    assert.strictEqual(helper.oauth1Request(443, "api.corp.test", "GET", "/", {}, true), undefined);
    assert.deepStrictEqual(required, []);
  });
}

test("all that loads stands where a bundler drops it", () => {
  const code = source.replace(/\/\*\*[^]*?\*\/|^ *\/\/.*/gm, "");
  assert.match(code, /\bimport\(/);
  const rest = code.replace(/^( *)if \(!process\.browser && process\.env\.NEXT_RUNTIME !== "edge" && process\.env\.NEXT_RUNTIME !== ""\) \{\n[^]*?^\1\}\n/gm, "");
  assert.doesNotMatch(rest, /\b(require|import)\b/);
});

test("a missing https-proxy-agent is named", async t => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "helper-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.copyFileSync(file, path.join(dir, "proxy.js"));
  setProxy({ HTTPS_PROXY: "http://jane:hunter@127.0.0.1:1" });
  const { proxyFetch } = require(path.join(dir, "proxy.js"));
  const { message } = await failure(proxyFetch(url), ["hunter"]);
  assert.ok(message.endsWith("https-proxy-agent cannot be loaded (MODULE_NOT_FOUND); install https-proxy-agent 7 or newer"), message);
});

test("a broken https-proxy-agent is loaded once, and its error has a name", async t => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "helper-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.copyFileSync(file, path.join(dir, "proxy.js"));
  const agent = path.join(dir, "node_modules", "https-proxy-agent");
  fs.mkdirSync(agent, { recursive: true });
  globalThis.timesLoaded = 0;
  t.after(() => delete globalThis.timesLoaded);
  fs.writeFileSync(path.join(agent, "index.js"), 'timesLoaded++; throw Object.assign(new Error("broken"), { code: "EBROKEN" });');
  setProxy({ HTTPS_PROXY: "http://jane:hunter@127.0.0.1:1" });
  const { proxyFetch } = require(path.join(dir, "proxy.js"));
  const { message } = await failure(proxyFetch(url), ["hunter"]);
  assert.ok(message.endsWith("https-proxy-agent cannot be loaded (EBROKEN); install https-proxy-agent 7 or newer"), message);
  assert.strictEqual(globalThis.timesLoaded, 1);
});

// As .pnp.cjs does it, which teaches require() alone where packages are.
test("with Plug'n'Play and without its loader, what can be required works, and else the release that can is named", async t => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "helper-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.copyFileSync(file, path.join(dir, "proxy.js"));
  const { _resolveFilename: resolve } = Module;
  t.after(() => (Module._resolveFilename = resolve));
  const paths = Module._nodeModulePaths(process.env.HELPER_PROJECT);
  Module._resolveFilename = (name, from, ...rest) =>
    resolve(name, name === "https-proxy-agent" ? { ...from, paths } : from, ...rest);
  let required;
  try {
    required = project("https-proxy-agent");
  } catch (error) {
    assert.ok(agentMajor > 7, error);
  }
  setProxy({ HTTPS_PROXY: "http://jane:hunter@127.0.0.1:1" });
  const { proxyFetch } = require(path.join(dir, "proxy.js"));
  const { message } = await failure(proxyFetch(url), ["hunter"]);
  assert.match(message, required ? /could not be used \(ECONNREFUSED\)/ : /cannot be loaded \(ERR_[A-Z_]+\); install https-proxy-agent 7$/);
});
