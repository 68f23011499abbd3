// What goes through the proxy, and what a proxy can do to a request.
"use strict";

const assert = require("node:assert");
const http = require("node:http");
const https = require("node:https");
const tls = require("node:tls");
const { test, before, after, beforeEach } = require("node:test");
const { agentMajor, assertNoSecret, basic, calls, closeIdle, failure, helper, hold, hurry, login, project, setProxy } = require("./support");
const { certificate, established, refuse, reply, reset, silent, startProxy, startTarget } = require("./support/servers");

const target = "https://api.corp.test/data";
const forged = JSON.stringify([{ email: "ceo@corp.test", primary: true, verified: true }]);
const page = "<h1>Access denied</h1>\n";
let proxy, secureProxy, server, plainServer, forward;

before(async () => {
  const answer = (request, response) => {
    response.end(JSON.stringify({ issuer: target, url: request.url, genuine: true }));
  };
  server = await startTarget(answer);
  plainServer = await startTarget(answer, { plain: true });
  const routes = {
    "api.corp.test:443": server.port,
    "[fd00::1]:443": server.port,
    "10.1.2.3:8443": server.port,
    "wrong.example.test:443": server.port,
    "api.corp.test:80": plainServer.port,
    "[fd00::1]:8080": plainServer.port
  };
  proxy = await startProxy({ routes });
  secureProxy = await startProxy({ routes, secure: true });
  forward = proxy.forward;
});
after(() => Promise.all([proxy, secureProxy, server, plainServer].map(server => server.close())));

beforeEach(() => {
  setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  for (const { connects, forwarded } of [proxy, secureProxy]) connects.length = forwarded.length = 0;
  server.requests.length = plainServer.requests.length = 0;
  for (const used of [proxy, secureProxy]) Object.assign(used, { behave: used.tunnel, forward, greeting: established });
});

for (const [name, call] of Object.entries(calls)) {
  test(`${name} goes through the proxy`, async () => {
    assert.strictEqual((await call(target)).genuine, true);
    assert.deepStrictEqual(proxy.connects.map(connect => connect.target), ["api.corp.test:443"]);
    assert.strictEqual(proxy.connects[0].headers["proxy-authorization"], basic);
    assert.strictEqual(server.requests.length, 1);
    assertNoSecret(server.requests);
    closeIdle();
    await proxy.closed();
  });

  for (const status of [201, 204, 302, 403, 407, 502]) {
    for (const body of ["", forged, page]) {
      test(`${name}: ${status} to CONNECT with ${JSON.stringify(body)} is no answer`, async () => {
        proxy.behave = refuse(status, { headers: "Location: https://evil.corp.test/\r\n", body });
        const error = await failure(call(target));
        assert.ok(error.message.includes(`proxy ${proxy.label} answered CONNECT api.corp.test:443 with ${status}`), error.message);
        assert.deepStrictEqual(server.requests, []);
        assert.deepStrictEqual(proxy.connects.map(connect => connect.target), ["api.corp.test:443"]);
        assert.deepStrictEqual(proxy.forwarded, []);
        await proxy.closed();
      });
    }
  }

  test(`${name}: an answer in plain text after 200, or with it, is no answer`, async () => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${forged.length}\r\n\r\n${forged}`;
    for (const behave of [
      socket => {
        socket.write(established);
        socket.once("data", () => socket.end(answer));
      },
      socket => {
        socket.write(established + answer);
        socket.once("data", () => socket.end());
      },
      socket => {
        socket.write(answer);
        socket.once("data", () => socket.end());
      }
    ]) {
      proxy.behave = behave;
      const { message } = await failure(call(target));
      assert.ok(/TLS failed|TLS handshake|no valid status/.test(message) && message.includes(`proxy ${proxy.label} `), message);
      await proxy.closed();
    }
  });

  test(`${name}: a tunnel to somebody else is refused`, async () => {
    const error = await failure(call("https://wrong.example.test/"));
    assert.match(error.message, /TLS failed.*wrong\.example\.test/);
    assert.deepStrictEqual(server.requests, []);
    await proxy.closed();
  });

  test(`${name}: a proxy that resets the connection is named`, async () => {
    proxy.behave = reset;
    assert.ok((await failure(call(target))).message.includes(`proxy ${proxy.label} `));
    await proxy.closed();
  });

  test(`${name}: a proxy that closes the connection, or talks nonsense, is named`, async t => {
    hurry(t, 500); // no less: on a busy machine the proxy has to be asked before time is up
    for (const nonsense of ["", "\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 407 No\r\nnonsense\r\n\r\n"]) {
      proxy.behave = reply(nonsense);
      proxy.connects.length = 0;
      assert.ok((await failure(call(target))).message.includes(`proxy ${proxy.label} `));
      assert.strictEqual(proxy.connects.length, 1, JSON.stringify(nonsense));
      await proxy.closed();
    }
  });

  test(`${name}: a proxy that cannot be reached is named`, async () => {
    const gone = await startProxy();
    await gone.close();
    setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${gone.port}` });
    const error = await failure(call(target));
    assert.ok(error.message.includes(`proxy ${gone.label} could not be used (ECONNREFUSED); check HTTPS_PROXY`), error.message);
  });

  test(`${name}: a silent proxy is named, and its connection closed`, async t => {
    hurry(t, 100);
    proxy.behave = silent;
    const error = await failure(call(target));
    assert.match(error.message, new RegExp(`proxy ${proxy.label} did not answer within (10000|3500) ms`));
    await proxy.closed();
  });

  test(`${name}: a proxy URL that cannot be read fails the request`, async () => {
    setProxy({ HTTPS_PROXY: `http://jane:1234#hunter@127.0.0.1:${proxy.port}` });
    const { message } = await failure(call(target), ["jane", "1234", "hunter"]);
    assert.ok(message.endsWith("HTTPS_PROXY is not a valid proxy URL; percent-encode the characters of user and password"), message);
    assert.strictEqual(proxy.open.size, 0);
  });

  test(`${name}: what NO_PROXY names is direct, and no password is sent there`, async () => {
    setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}`, NO_PROXY: "corp.test,127.0.0.1" });
    assert.ok((await call(`https://127.0.0.1:${server.port}/`)).genuine);
    if (call !== calls["https.get"]) assert.ok((await call(`http://127.0.0.1:${plainServer.port}/`)).genuine);
    await failure(call(target));
    assert.deepStrictEqual([...proxy.connects, ...proxy.forwarded], []);
    for (const { headers } of [...server.requests, ...plainServer.requests]) assert.ok(!("proxy-authorization" in headers));
  });

  test(`${name}: socks5:// is refused`, async () => {
    setProxy({ ALL_PROXY: `socks5://${login}@127.0.0.1:${proxy.port}` });
    assert.match((await failure(call(target))).message, /ALL_PROXY must be an http:\/\/ or https:\/\/ proxy.*socks5/);
    assert.strictEqual(proxy.open.size, 0);
  });
}

test("a target that is silent after 200 is named", async () => {
  proxy.behave = socket => socket.write("HTTP/1.1 200 OK\r\n\r\n");
  const error = await failure(calls["https.get"](target, 1000));
  const says = `proxy ${proxy.label} opened a connection to api.corp.test:443, which did not answer within 1000 ms; if it is only slow, set NEXTAUTH_HTTP_TIMEOUT=2000`;
  assert.ok(error.message.startsWith(says), error.message);
  await proxy.closed();
});

// Twenty requests, all waiting for the proxy, all timed out at once. Gives the proxy's ends of the connections.
async function twentyTimeouts(t, call) {
  const timeOut = hold(t);
  const sockets = [];
  const allWait = new Promise(resolve => {
    proxy.behave = socket => sockets.push(socket) === 20 && resolve();
  });
  const errors = Promise.all(Array.from({ length: 20 }, () => failure(call(target))));
  await allWait;
  timeOut();
  for (const { message } of await errors) assert.match(message, /did not answer within (3500|10000) ms/);
  return sockets;
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name}: twenty timeouts leave no connection`, async t => {
    await twentyTimeouts(t, call);
    await proxy.closed();
  });

  test(`${name}: a reset after the timeout does no harm`, async t => {
    (await twentyTimeouts(t, call)).forEach(reset);
    await proxy.closed();
  });
}

test("the replies to CONNECT that proxies in use give", async () => {
  for (const greeting of [
    "HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 \r\nVia: 1.1 a\r\nVia: 1.1 b\r\n\r\n"
  ]) {
    proxy.greeting = greeting;
    assert.ok((await calls.fetch(target)).genuine, greeting);
  }
});

test("user and password reach the proxy as they are", async () => {
  for (const [written, meant] of [
    ["jane:hunter2", "jane:hunter2"],
    ["jane", "jane:"],
    [":hunter2", ":hunter2"],
    ["jane:p@ss", "jane:p@ss"],
    ["jane:p ss", "jane:p ss"],
    ["jane:a:b", "jane:a:b"],
    ["jane:%25%23%2F%40%20%3A", "jane:%#/@ :"],
    ["corp%5Cjane:p%c3%a9", "corp\\jane:p\u00e9"]
  ]) {
    setProxy({ HTTP_PROXY: `http://${written}@127.0.0.1:${proxy.port}` });
    await calls.fetch(target);
    await calls.fetch("http://api.corp.test/");
    for (const { headers } of [proxy.connects.pop(), proxy.forwarded.pop()]) {
      assert.strictEqual(headers["proxy-authorization"], "Basic " + Buffer.from(meant).toString("base64"), written);
    }
  }
});

test("a proxy without user and password gets none", async () => {
  setProxy({ HTTP_PROXY: `127.0.0.1:${proxy.port}` });
  await calls.fetch(target);
  await calls.fetch("http://api.corp.test/");
  for (const { headers } of [...proxy.connects, ...proxy.forwarded]) assert.ok(!("proxy-authorization" in headers));
});

test("a proxy that is an IPv6 address", async t => {
  const other = await startProxy({ routes: proxy.routes, host: "::1" }).catch(() => t.skip("this machine has no IPv6"));
  if (!other) return;
  t.after(() => other.close());
  setProxy({ HTTP_PROXY: `http://${login}@[::1]:${other.port}` });
  assert.ok((await calls.fetch(target)).genuine);
  assert.ok((await calls.fetch("http://api.corp.test/")).genuine);
  closeIdle();
  other.behave = refuse(403);
  assert.ok((await failure(calls.fetch(target))).message.includes(`proxy ${other.label} answered CONNECT api.corp.test:443 with 403`));
});

test("one agent per proxy is kept", () => {
  const agent = helper.proxyAgent(target);
  assert.ok(agent);
  assert.strictEqual(helper.proxyAgent(new URL("https://idp.corp.test")), agent);
  setProxy({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
  assert.notStrictEqual(helper.proxyAgent(target), agent);
  assertNoSecret(agent);
});

test("a user's own agent wins", () => {
  assert.deepStrictEqual(helper.httpOptions(new URL(target), { agent: new https.Agent() }), {});
  assert.deepStrictEqual(helper.httpOptions(new URL(target), {}), { agent: helper.proxyAgent(target) });
});

test("without a proxy there is no agent, and fetch is fetch", async t => {
  setProxy({});
  const { fetch } = globalThis;
  t.after(() => (globalThis.fetch = fetch));
  globalThis.fetch = (...args) => Promise.resolve(args);
  const init = {};
  assert.strictEqual(helper.proxyAgent(target), undefined);
  const args = await helper.proxyFetch(target, init);
  assert.deepStrictEqual(args, [target, init]);
  assert.strictEqual(args[1], init);
});

test("targets that are IP addresses", async () => {
  // Some releases of Node 22 accept no IPv6 address in any certificate.
  const refusedByNode = tls.checkServerIdentity("fd00::1", { subject: {}, subjectaltname: "IP Address:FD00:0:0:0:0:0:0:1" });
  if (refusedByNode) await failure(calls.fetch("https://[fd00::1]/"));
  else assert.ok((await calls.fetch("https://[fd00::1]/")).genuine);
  assert.ok((await calls.fetch("https://10.1.2.3:8443/")).genuine);
  assert.deepStrictEqual(proxy.connects.map(connect => connect.target), ["[fd00::1]:443", "10.1.2.3:8443"]);
});

test("TLS options that Node refuses fail the request and close the tunnel", async () => {
  const request = https.get(target, { agent: helper.proxyAgent(target), minVersion: "nonsense" });
  const error = await failure(new Promise((resolve, reject) => request.on("response", resolve).on("error", reject)));
  assert.strictEqual(error.code, "ERR_TLS_INVALID_PROTOCOL_VERSION");
  await proxy.closed();
});

test("TLS options of the request reach the target", async () => {
  const request = https.get(target, { agent: helper.proxyAgent(target), ca: certificate.cert });
  const error = await failure(new Promise((resolve, reject) => request.on("response", resolve).on("error", reject)));
  assert.match(error.message, /TLS failed/);
});

test("an https:// proxy", async () => {
  setProxy({ HTTPS_PROXY: `https://${login}@localhost:${secureProxy.port}` });
  if (agentMajor < 6) {
    const error = await failure(calls.fetch(target));
    assert.ok(error.message.includes(`proxy ${secureProxy.label} is an https:// proxy; upgrade https-proxy-agent to 7 or newer`));
    return assert.deepStrictEqual(secureProxy.connects, []);
  }
  for (const call of Object.values(calls)) assert.ok((await call(target)).genuine);
  assert.ok(secureProxy.connects.every(({ headers }) => headers["proxy-authorization"] === basic));
  closeIdle();
  secureProxy.behave = refuse(407, { body: forged });
  for (const call of Object.values(calls)) assert.match((await failure(call(target))).message, /with 407; check user and password in HTTPS_PROXY/);
});

test("an https:// proxy that proves another name is refused", { skip: agentMajor < 6 }, async () => {
  setProxy({ HTTPS_PROXY: `https://${login}@127.0.0.2:${secureProxy.port}` });
  const error = await failure(calls.fetch(target));
  assert.match(error.message, /proxy 127\.0\.0\.2:\d+ could not be used/);
});

for (const secure of [false, true]) {
  test(`a plain http target is asked for by its absolute URL, of ${secure ? "an https" : "an http"}:// proxy`, async () => {
    const used = secure ? secureProxy : proxy;
    setProxy({ HTTP_PROXY: `${secure ? "https" : "http"}://${login}@${used.label}` });
    for (const url of ["http://api.corp.test/data?x=1", "http://[fd00::1]:8080/data"]) {
      assert.ok((await calls.fetch(url)).genuine);
      assert.ok((await calls["OAuth 1.0A"](url)).genuine);
      assert.ok((await calls["openid-client"](url)).genuine);
    }
    assert.deepStrictEqual(used.connects, []);
    assert.deepStrictEqual([...new Set(used.forwarded.map(({ url }) => url))], [
      "http://api.corp.test/data?x=1", "http://api.corp.test/data/.well-known/openid-configuration?x=1",
      "http://[fd00::1]:8080/data", "http://[fd00::1]:8080/data/.well-known/openid-configuration"
    ].filter(url => used.forwarded.some(request => request.url === url)));
    assert.strictEqual(used.forwarded.length, 6);
    assert.ok(used.forwarded.every(({ headers }) => headers["proxy-authorization"] === basic));
  });
}

test("a plain http target behind a silent proxy fails, and the proxy is named", async () => {
  const url = "http://api.corp.test/";
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  proxy.forward = silent;
  const viaHttpGet = () => new Promise((resolve, reject) => {
    http.get(url, { timeout: 50, agent: helper.proxyAgent(url) }, resolve).on("error", reject);
  });
  for (const call of [viaHttpGet, calls["openid-client"]]) {
    const { message } = await failure(call(url, 50));
    assert.ok(message.includes(`proxy ${proxy.label} did not answer within 50 ms; check HTTP_PROXY`), message);
    await proxy.closed();
  }
});

for (const [name, call] of Object.entries(calls).filter(([name]) => name !== "https.get")) {
  test(`${name}: 407 to a plain http request is the proxy's, and no answer`, async () => {
    setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
    for (const body of ["", forged]) {
      proxy.forward = (request, response) => response.writeHead(407, { "proxy-authenticate": "Basic" }).end(body);
      const { message } = await failure(call("http://api.corp.test/data?code=1"));
      assert.ok(message.includes(`proxy ${proxy.label} answered a request for http://api.corp.test with 407; check user and password in HTTP_PROXY`), message);
      await proxy.closed();
    }
    assert.strictEqual(proxy.forwarded.length, 2);
  });
}

test("errors that hold the request show no credential", async t => {
  const { Issuer, custom } = project("openid-client");
  Issuer[custom.http_options] = helper.httpOptions;
  const denied = (request, response) => response.writeHead(403).end("{}");
  const [tls, plain] = [await startTarget(denied), await startTarget(denied, { plain: true })];
  t.after(() => Promise.all([tls.close(), plain.close()]));
  Object.assign(proxy.routes, { "denied.corp.test:443": tls.port, "denied.corp.test:80": plain.port });
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  for (const url of ["https://denied.corp.test", "http://denied.corp.test"]) {
    const error = await failure(Issuer.discover(url));
    assert.ok(error.response, "this must hold the response to prove something");
  }
});
