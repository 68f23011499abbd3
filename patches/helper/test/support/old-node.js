// Runs with a Node.js that is too old for the helper: node old-node.js HELPER PROJECT. A request that a proxy applies to
// gets an error that says so. Others are made.
"use strict";

const assert = require("assert");
const http = require("http");
const path = require("path");

const [file, project] = process.argv.slice(2);
const helper = require(file);
const { OAuth, OAuth2 } = helper.throughProxy(require(path.join(project, "node_modules/oauth")));
const message = `the proxy helper needs Node.js 16 or newer; this is Node.js ${process.versions.node}`;

function ask(client, ...args) {
  return new Promise((resolve, reject) => client.get(...args, (error, data) => (error ? reject(error) : resolve(data))));
}

const server = http.createServer((request, response) => response.end("answer")).listen(0, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const oauth2 = () => ask(new OAuth2("key", "secret", url), url, "token");
  const oauth1 = () => ask(new OAuth(url, url, "key", "secret", "1.0A", null, "HMAC-SHA1"), url, "token", "secret");
  for (const call of [oauth2, oauth1]) {
    delete process.env.HTTPS_PROXY;
    assert.strictEqual(await call(), "answer");
    process.env.HTTPS_PROXY = "http://jane:hunter@127.0.0.1:1";
    await assert.rejects(call(), { message });
  }
  assert.throws(() => helper.httpOptions(new URL(url), {}), { message });
  server.close();
  console.log("done");
});
