// Which proxy a URL goes through, if any.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { test, after } = require("node:test");
const { failure, helper, setProxy } = require("./support");

after(() => setProxy({}));

const [, ...rows] = fs.readFileSync(path.join(__dirname, "no_proxy.tsv"), "utf8").trimEnd().split("\n");

test("the table of NO_PROXY", async t => {
  for (const row of rows) {
    const [url, noProxy, expected, reason] = row.split("\t");
    await t.test(`${reason}: ${url} with NO_PROXY=${noProxy}`, () => {
      for (const name of ["NO_PROXY", "no_proxy"]) {
        setProxy({ HTTP_PROXY: "http://proxy.test:3128", [name]: noProxy });
        assert.strictEqual(helper.proxyFor(url) ? "proxy" : "direct", expected);
        assert.strictEqual(helper.proxyAgent(url) ? "proxy" : "direct", expected);
      }
    });
  }
});

const order = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

test("the order of the variables", () => {
  for (const [url, names] of [["https://a.test", order], ["http://a.test", order.slice(2)]]) {
    for (let first = 0; first < names.length; first++) {
      const variables = Object.fromEntries(names.slice(first).map(name => [name, `http://${name.replace("_", "-")}-${first}:1`]));
      for (const empty of names.slice(0, first)) variables[empty] = "";
      setProxy(variables);
      // On Windows both cases are one variable.
      if (process.platform === "win32" && first % 2) continue;
      assert.strictEqual(helper.proxyFor(url), `http://${names[first].replace("_", "-").toLowerCase()}-${first}:1`);
    }
  }
});

test("https_proxy says nothing about plain http", () => {
  setProxy({ HTTPS_PROXY: "http://proxy.test:3128" });
  assert.strictEqual(helper.proxyFor("http://a.test"), "");
});

test("no_proxy in lower case comes first", () => {
  setProxy({ HTTPS_PROXY: "http://proxy.test:3128", no_proxy: "a.test", NO_PROXY: "b.test" });
  assert.strictEqual(helper.proxyFor("https://a.test"), "");
});

test("forms of a proxy URL", () => {
  for (const [value, expected] of [
    ["http://proxy.test:3128", "http://proxy.test:3128"],
    ["http://proxy.test:3128/", "http://proxy.test:3128"],
    ["  http://proxy.test:3128\n", "http://proxy.test:3128"],
    ["HTTP://Proxy.Test", "http://proxy.test"],
    ["https://proxy.test:443", "https://proxy.test"],
    ["proxy.test:3128", "http://proxy.test:3128"],
    ["jane:secret@proxy.test:3128", "http://proxy.test:3128"],
    ["http://jane:p@ss@proxy.test:3128", "http://proxy.test:3128"],
    ["http://[fd00::1]:3128", "http://[fd00::1]:3128"],
    ["http://jane@proxy.test", "http://proxy.test"],
    ["   ", ""]
  ]) {
    setProxy({ HTTPS_PROXY: value });
    assert.strictEqual(helper.proxyFor("https://a.test"), expected, value);
  }
});

for (const [secrets, value] of [
  [["hunter"], "http://jane:hunter%@proxy.test:3128"],
  [["hunter"], "http://jane:100%hunter@proxy.test:3128"],
  [["hunter", "1234"], "http://jane:1234#hunter@proxy.test:3128"],
  [["hunter", "1234"], "http://jane:1234/hunter@proxy.test:3128"],
  [["hunter", "1234"], "http://jane:1234?hunter@proxy.test:3128"],
  [["hunter", "1234"], "http://jane:1234\\hunter@proxy.test:3128"],
  [["hunter"], "http://jane:#hunter@proxy.test:3128"],
  [["hunter"], "jane:hunter/2@proxy.test:3128"],
  [["hunter"], "http://jane:hunter\u0001@proxy.test"],
  [["hunter"], "http://jane:%ffhunter@proxy.test"],
  [["hunter"], "http://jane:hunter@"],
  [["hunter"], "http://jane:hunter@proxy.test:99999"]
]) {
  for (const name of ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"]) {
    test(`not a proxy URL: ${name}=${JSON.stringify(value)}`, async () => {
      setProxy({ [name]: value });
      const wanted = `${name} is not a valid proxy URL; percent-encode the characters of user and password`;
      const proxyFor = async () => helper.proxyFor("https://a.test");
      assert.strictEqual((await failure(proxyFor(), secrets)).message, wanted);
      const error = await failure(helper.proxyFetch("https://a.test"), secrets);
      assert.ok(error.message.includes(wanted), error.message);
    });
  }
}

test("kinds of proxy that do not work", async () => {
  for (const value of ["socks5://jane:hunter@proxy.test", "SOCKS4://proxy.test", "ftp://proxy.test", "hunter://x@proxy.test"]) {
    setProxy({ HTTPS_PROXY: value });
    const proxyFor = async () => helper.proxyFor("https://a.test");
    assert.match((await failure(proxyFor(), ["hunter"])).message, /^HTTPS_PROXY must be an http:\/\/ or https:\/\/ proxy/);
  }
});
