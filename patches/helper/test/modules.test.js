// What the helper loads, and when: bundles for browsers and the Edge runtime must not get any of it.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { test, after } = require("node:test");
const { agentMajor, failure, isModule, project, setProxy } = require("./support");

after(() => setProxy({}));

const file = path.join(__dirname, "..", isModule ? "proxy.mjs" : "proxy.js");
const source = fs.readFileSync(file, "utf8");
const url = "https://api.corp.test/";

// The helper from its source, with what it requires or imports in `required`.
function evaluate(source) {
  const required = [];
  const helper = {};
  const load = name => {
    required.push(name);
    return require(name);
  };
  if (!isModule) new Function("exports", "require", source)(helper, load);
  else Object.assign(helper, new Function("imported", asFunction(source))(async name => ({ default: load(name) })));
  return { helper, required };
}

// The body of a function that returns what an ES module exports.
function asFunction(source) {
  const [line, names] = /^export (\{.*\});\n/m.exec(source);
  return `${source.replace(line, "").replaceAll("import(", "imported(")}return ${names};`;
}

// A copy of the helper in a directory of its own.
async function fresh(dir) {
  const copy = path.join(dir, path.basename(file));
  fs.copyFileSync(file, copy);
  return isModule ? import(pathToFileURL(copy)) : require(copy);
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
    const { OAuth2 } = helper.throughProxy({ OAuth: class {}, OAuth2: class {} });
    const { request } = new OAuth2()._chooseHttpLibrary({ protocol: "https:" });
    assert.strictEqual(request({ host: "api.corp.test", method: "GET", path: "/", headers: {} }), undefined);
    assert.deepStrictEqual(required, []);
  });
}

test("all that loads stands where a bundler drops it", () => {
  const code = source.replace(/\/\*\*[^]*?\*\/|^ *\/\/.*/gm, "");
  assert.match(code, /\bimport\(/);
  const rest = code.replace(/^( *)if \(!process\.browser && process\.env\.NEXT_RUNTIME !== "edge" && process\.env\.NEXT_RUNTIME !== ""\) \{\n[^]*?^\1\}\n/gm, "");
  assert.doesNotMatch(rest, /\b(require|import)\b/);
});

test("the ES module loads before its first call, and for all calls that come meanwhile", { skip: !isModule }, async () => {
  setProxy({ HTTP_PROXY: "http://proxy.test:3128" });
  const { helper, required } = evaluate(source);
  assert.throws(() => helper.proxyAgent(url), /proxyFetch was not called yet/);
  for (const { message } of await Promise.all([1, 2].map(() => failure(helper.proxyFetch(url))))) assert.match(message, /^fetch failed: https-proxy-agent cannot be loaded/);
  assert.ok(required.includes("https"));
  assert.strictEqual(helper.proxyAgent(url), helper.proxyAgent(url));
});

test("a missing https-proxy-agent is named", async t => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "helper-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  setProxy({ HTTPS_PROXY: "http://jane:hunter@127.0.0.1:1" });
  const { proxyFetch } = await fresh(dir);
  const { message } = await failure(proxyFetch(url), ["hunter"]);
  const code = isModule ? "ERR_MODULE_NOT_FOUND" : "MODULE_NOT_FOUND";
  assert.ok(message.endsWith(`https-proxy-agent cannot be loaded (${code}); install https-proxy-agent 7 or newer`), message);
});

test("a broken https-proxy-agent is loaded once, and its error has a name", async t => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "helper-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const agent = path.join(dir, "node_modules", "https-proxy-agent");
  fs.mkdirSync(agent, { recursive: true });
  globalThis.timesLoaded = 0;
  t.after(() => delete globalThis.timesLoaded);
  fs.writeFileSync(path.join(agent, "index.js"), 'timesLoaded++; throw Object.assign(new Error("broken"), { code: "EBROKEN" });');
  setProxy({ HTTPS_PROXY: "http://jane:hunter@127.0.0.1:1" });
  const { proxyFetch } = await fresh(dir);
  const { message } = await failure(proxyFetch(url), ["hunter"]);
  assert.ok(message.endsWith("https-proxy-agent cannot be loaded (EBROKEN); install https-proxy-agent 7 or newer"), message);
  assert.strictEqual(globalThis.timesLoaded, 1);
});

// As .pnp.cjs does it, which teaches require() alone where packages are. Nothing can load an ES module there.
test("with Plug'n'Play and without its loader, what can be required works, and else the release that can is named", { skip: isModule }, async t => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "helper-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
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
  const { proxyFetch } = await fresh(dir);
  const { message } = await failure(proxyFetch(url), ["hunter"]);
  assert.match(message, required ? /could not be used \(ECONNREFUSED\)/ : /cannot be loaded \(ERR_[A-Z_]+\); install https-proxy-agent 7$/);
});
