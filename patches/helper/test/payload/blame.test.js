// Each error names who failed and what to type, and no request waits forever.
"use strict";

const assert = require("node:assert");
const { execFile } = require("node:child_process");
const https = require("node:https");
const path = require("node:path");
const { test, before, after, beforeEach } = require("node:test");
const { promisify } = require("node:util");
const { agentMajor, calls, failure, helper, login, setProxy } = require("../support");
const { established, flood, refuse, reply, reset, startProxy, startTarget } = require("../support/servers");

const target = "https://api.corp.test/data";
const plainTarget = "http://api.corp.test/data";
let proxy, server, plain, forward, answer;

before(async () => {
  const onRequest = (request, response) => answer(request, response);
  server = await startTarget(onRequest);
  plain = await startTarget(onRequest, { plain: true });
  proxy = await startProxy({ routes: { "api.corp.test:443": server.port, "api.corp.test:80": plain.port } });
  forward = proxy.forward;
});
after(async () => {
  setProxy({});
  await Promise.all([proxy, server, plain].map(server => server.close()));
});
beforeEach(() => {
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  proxy.connects.length = 0;
  Object.assign(proxy, { behave: proxy.tunnel, forward });
  answer = (request, response) => response.end(JSON.stringify({ issuer: target, genuine: true }));
});

// Makes every call and compares the errors with the text. https.get can make no calls to http:// targets.
async function everyCallSays(url, text) {
  for (const call of Object.values(calls)) {
    if (call === calls["https.get"] && url.startsWith("http:")) continue;
    const { message } = await failure(call(url));
    assert.ok(message.replace("fetch failed: ", "").startsWith(text), `${message}\nshould say\n${text}`);
  }
  await proxy.closed();
}

test("a proxy that closes the connection without a byte", async () => {
  proxy.behave = reply("");
  await everyCallSays(target, `proxy ${proxy.label} closed the connection without an answer to CONNECT api.corp.test:443; check the port and scheme in HTTP_PROXY`);
});

test("a proxy that closes the connection in the midst of its reply", async () => {
  proxy.behave = reply("HTTP/1.1 200 OK\r\nVia: x");
  await everyCallSays(target, `proxy ${proxy.label} closed the connection without an answer to CONNECT api.corp.test:443`);
});

test("a reset during the TLS handshake is no matter of certificates", async () => {
  proxy.behave = socket => {
    socket.write(established);
    socket.once("data", () => reset(socket));
  };
  await everyCallSays(target, `proxy ${proxy.label} opened a connection to api.corp.test:443, but it was closed during the TLS handshake (ECONNRESET); try again`);
});

for (const [offers, accepted, tool] of [["NTLM", "NTLM", "px or cntlm"], ["Negotiate", "Negotiate", "px"], ["Negotiate, NTLM", "Negotiate", "px or cntlm"], ["Digest realm=x", "Digest", "px"]]) {
  test(`a proxy that accepts only ${offers}: a password does not help`, async () => {
    proxy.behave = refuse(407, { headers: offers.split(", ").map(offer => `Proxy-Authenticate: ${offer}\r\n`).join("") });
    const says = asked => `proxy ${proxy.label} answered ${asked} with 407 and accepts only ${accepted}, not a password; run ${tool} and set HTTP_PROXY to its URL`;
    await everyCallSays(target, says("CONNECT api.corp.test:443"));
    proxy.forward = (request, response) => response.writeHead(407, { "proxy-authenticate": offers.split(", ") }).end();
    await everyCallSays(plainTarget, says("a request for http://api.corp.test"));
  });
}

test("a proxy that accepts NTLM or a password: the password is wrong", async () => {
  proxy.behave = refuse(407, { headers: "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm=x\r\n" });
  await everyCallSays(target, `proxy ${proxy.label} answered CONNECT api.corp.test:443 with 407; check user and password in HTTP_PROXY`);
});

test("a proxy that needs a login, and has none in its URL", async () => {
  setProxy({ HTTP_PROXY: `127.0.0.1:${proxy.port}` });
  const says = asked => `proxy ${proxy.label} answered ${asked} with 407: it needs a user and a password; set HTTP_PROXY=http://USER:PASSWORD@${proxy.label}`;
  proxy.behave = refuse(407, { headers: "Proxy-Authenticate: Basic realm=x\r\n" });
  await everyCallSays(target, says("CONNECT api.corp.test:443"));
  proxy.forward = (request, response) => response.writeHead(407).end();
  await everyCallSays(plainTarget, says("a request for http://api.corp.test"));
});

test("an https:// proxy with an unknown authority", { skip: agentMajor < 6 }, async t => {
  const secure = await startProxy({ secure: true });
  t.after(() => secure.close());
  const env = { ...process.env, HTTP_PROXY: `https://${login}@${secure.label}` };
  delete env.NODE_EXTRA_CA_CERTS;
  for (const url of [target, plainTarget]) {
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(__dirname, "../support/one-request.js"), url], { env });
    assert.match(stdout, /^failed: fetch failed: proxy localhost:\d+ could not be used \([A-Z_]+\); name its CA in NODE_EXTRA_CA_CERTS\n$/);
  }
});

test("an own event loop that is busy is named", async () => {
  let asked;
  const silent = new Promise(resolve => (asked = resolve));
  proxy.behave = asked;
  const failed = failure(calls["https.get"](target, 500));
  await silent;
  for (const end = Date.now() + 1000; Date.now() < end;);
  assert.match((await failed).message, /did not answer within 500 ms; check HTTP_PROXY and the proxy; this process was busy for \d+% of that time$/);
});

test("a reply to CONNECT that never ends is cut off", async () => {
  const sockets = [];
  proxy.behave = socket => {
    sockets.push(socket);
    socket.write("HTTP/1.1 200 OK\r\n");
    flood(socket, `X-Padding: ${"x".repeat(60_000)}\r\n`);
  };
  await everyCallSays(target, `proxy ${proxy.label} answered CONNECT api.corp.test:443 with no valid status`);
  assert.strictEqual(sockets.length, Object.keys(calls).length);
});

for (const [name, behave, status] of [
  ["a reply that never ends", socket => {
    socket.write("HTTP/1.1 200 OK\r\n");
    flood(socket, `X-Padding: ${"x".repeat(60_000)}\r\n`);
  }, "no valid status"],
  ["a refusal with a body", refuse(403, { body: "x".repeat(5000) }), "403; ask"],
  ["a refusal whose body comes later", socket => {
    socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\n\r\n", () => setTimeout(() => socket.end("x"), 50));
  }, "403; ask"]
]) {
  test(`${name}, of an https:// proxy`, { skip: agentMajor < 6 }, async t => {
    const secure = await startProxy({ secure: true });
    t.after(() => secure.close());
    setProxy({ HTTPS_PROXY: `https://${login}@${secure.label}` });
    let written = 0;
    secure.behave = socket => {
      behave(socket);
      socket.on("close", () => (written += socket.bytesWritten));
    };
    for (const call of Object.values(calls)) {
      const { message } = await failure(call(target));
      assert.ok(message.includes(`proxy ${secure.label} answered CONNECT api.corp.test:443 with ${status}`), message);
    }
    await secure.closed();
    assert.strictEqual(secure.connects.length, Object.keys(calls).length);
    assert.ok(written < 40_000_000, `${written} bytes`);
  });
}

test("101 answers no request, and none waits for more", async () => {
  const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  answer = request => request.socket.write(switching);
  await everyCallSays(target, "api.corp.test:443 answered with 101, which completes no request; ask its administrator");
  proxy.forward = request => request.socket.write(switching);
  await everyCallSays(plainTarget, `proxy ${proxy.label} answered a request for http://api.corp.test with 101`);
});

test("silence in the midst of an answer ends it, for those who set a time for silence", async () => {
  answer = (request, response) => response.writeHead(200).write("{");
  const error = await failure(calls["https.get"](target, 200));
  assert.match(error.message, /opened a connection to api\.corp\.test:443, which did not answer within 200 ms/);
  await proxy.closed();
});

test("OAuth 1.0A to a host that is none fails the request, and throws nothing at a callback", async () => {
  for (const host of [null, "", ":::", "a b"]) {
    const request = helper.oauth1Request(443, host, "GET", "/", {}, true);
    await failure(new Promise((resolve, reject) => request.on("response", resolve).on("error", reject).end()));
  }
});

for (const kind of ["OAuth 1.0A", "OAuth 2"]) test(`an answer that breaks off ends an ${kind} request`, async () => {
  answer = (request, response) => {
    response.writeHead(200, { "content-length": 10 });
    response.write("{", () => response.destroy());
  };
  assert.strictEqual((await failure(calls[kind](target))).code, "ECONNRESET");
});

test("an error after the answer has begun is left to who reads it", async () => {
  answer = (request, response) => {
    response.writeHead(200, { "content-length": 10 });
    response.write("{", () => response.destroy());
  };
  const request = https.get(target, { agent: helper.proxyAgent(target) });
  const response = await new Promise(resolve => request.on("response", resolve)); // and nobody listens for "error"
  await assert.rejects(async () => {
    for await (const chunk of response) assert.ok(chunk);
  });
});
