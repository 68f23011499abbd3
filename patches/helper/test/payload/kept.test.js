// Connections that are kept for the next request: how many there are, who may use them, and what happens when they die.
"use strict";

const assert = require("node:assert");
const { once } = require("node:events");
const fs = require("node:fs");
const https = require("node:https");
const net = require("node:net");
const path = require("node:path");
const { test, before, after, beforeEach } = require("node:test");
const { basic, calls, closeIdle, failure, helper, login, project, setProxy } = require("../support");
const { startIdp } = require("../support/idp");
const { certificate, established, reset, startProxy, startTarget } = require("../support/servers");

const signIns = process.env.HELPER_THOROUGH ? 200 : 10;
const target = "https://api.corp.test/data";
let idp, proxy, server, other, plain;

// The clock of the helper, and of the proxy that closes idle tunnels. Only a test moves it.
const { performance } = globalThis;
let time = 0;

before(async () => {
  globalThis.performance = { now: () => time, eventLoopUtilization: performance.eventLoopUtilization };
  const answer = (request, response) => response.end(JSON.stringify({ issuer: target, genuine: true }));
  server = await startTarget(answer);
  other = await startTarget(answer);
  plain = await startTarget(answer, { plain: true });
  idp = await startIdp();
  proxy = await startProxy({
    routes: {
      "api.corp.test:443": server.port,
      "b.corp.test:443": other.port,
      "api.corp.test:8443": other.port,
      "api.corp.test:80": plain.port,
      "wrong.example.test:443": server.port,
      "idp.corp.test:443": idp.port
    }
  });
});
after(async () => {
  globalThis.performance = performance;
  setProxy({});
  await Promise.all([proxy, server, other, plain, idp].map(server => server.close()));
});
beforeEach(() => {
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  proxy.connects.length = 0;
  proxy.behave = proxy.tunnel;
});

// A GET with more options of https.request. It returns its socket, and whether TLS resumed a session.
async function get(url, options = {}) {
  const request = https.get(url, { agent: helper.proxyAgent(url), ...options });
  const [response] = await once(request, "response");
  const { socket } = response;
  const resumed = socket.isSessionReused();
  response.resume();
  await once(response, "end");
  return { socket, resumed };
}

// Closes the kept connections, but keeps the TLS sessions.
async function closeTunnels() {
  for (const socket of Object.values(helper.proxyAgent(target).freeSockets).flat()) socket.destroy();
  await proxy.closed();
}

test("twenty sign-ins in a row need one tunnel", async () => {
  for (let i = 0; i < 20; i++) await idp.signIn.oidc();
  assert.strictEqual(proxy.connects.length, 1);
});

test("a sign-in whose tunnel is closed between its halves needs a second one, with the same session", async () => {
  setProxy({ HTTP_PROXY: `http://somebody@127.0.0.1:${proxy.port}` }); // another login, so there is no session yet
  const before = idp.sessions.length;
  await idp.signIn.oidc(() => proxy.closed()); // by itself, after four seconds
  assert.strictEqual(proxy.connects.length, 2);
  assert.deepStrictEqual(idp.sessions.slice(before), [false, true]);
});

// Like a proxy that forgets tunnels: it resets the connection at the first bytes of the next request.
function forgetful(socket, { url }) {
  let last = time;
  const upstream = net.connect(proxy.routes[url], "127.0.0.1", () => socket.write(established));
  socket.removeAllListeners("data");
  socket.on("data", data => {
    if (time - last < 1500) return upstream.write(data);
    reset(socket);
    upstream.destroy();
  });
  upstream.on("error", () => {}).on("close", () => socket.destroy());
  upstream.on("data", data => {
    last = time;
    socket.write(data);
  });
  socket.on("close", () => upstream.destroy());
}

// Like a proxy that closes idle tunnels: the other side does not know this yet when it sends its next request.
const hangUp = () => {
  for (const socket of proxy.open) socket.destroy();
};

for (const [name, behave, meanwhile] of [
  ["is reset at the next request", forgetful, () => {}],
  ["is closed by the proxy", undefined, hangUp]
]) {
  for (const kind of ["oidc", "oauth2", "oauth1"]) {
    test(`${kind}: of ${signIns} sign-ins none fails where an idle tunnel ${name}`, async () => {
      if (behave) proxy.behave = behave;
      const pause = () => {
        time += 1600;
        meanwhile();
      };
      for (let i = 0; i < signIns; i++) {
        await idp.signIn[kind](pause);
        pause();
      }
      assert.ok(proxy.connects.length >= signIns, `only ${proxy.connects.length} tunnels: none was idle`);
    });
  }
}

test("what must not be repeated uses a tunnel for one second after its last answer", async () => {
  const post = () => calls["OAuth 1.0A"](target);
  await post();
  time += 999;
  await post();
  assert.strictEqual(proxy.connects.length, 1);
  time += 1000;
  await post();
  assert.strictEqual(proxy.connects.length, 2);
  time += 3000;
  await calls.fetch(target);
  assert.strictEqual(proxy.connects.length, 2);
});

// A target that sends some bytes of an answer before it hangs up, and one that hangs up again and again.
test("a request is never repeated after a byte of an answer, and once only", async () => {
  for (const [first, tunnels] of [["HTTP/1.1 2", 1], ["", 2]]) {
    const dying = await startTarget((request, response) => {
      if (dying.requests.length === 1) return response.end("{}");
      if (first) request.socket.write(first);
      request.socket.end();
    });
    proxy.routes["dying.corp.test:443"] = dying.port;
    proxy.connects.length = 0;
    await calls.fetch("https://dying.corp.test/");
    const error = await failure(calls.fetch("https://dying.corp.test/"));
    assert.strictEqual(error.cause.code, "ECONNRESET");
    assert.strictEqual(proxy.connects.length, tunnels);
    await dying.close();
  }
});

test("a POST is not repeated", async () => {
  const dying = await startTarget((request, response) => {
    if (dying.requests.length === 1) return response.end("{}");
    request.socket.end();
  });
  proxy.routes["dying.corp.test:443"] = dying.port;
  await calls.fetch("https://dying.corp.test/");
  const { cause } = await failure(helper.proxyFetch("https://dying.corp.test/", { method: "POST", body: "x" }));
  assert.strictEqual(cause.code, "ECONNRESET");
  assert.deepStrictEqual(dying.requests.map(({ method }) => method), ["GET", "POST"]);
  await dying.close();
});

for (const [name, end] of [
  ["destroy", (request, { reason }) => request.destroy(reason)],
  ["a signal", (request, { abort }) => abort()],
  ["a timeout", () => {}]
]) {
  test(`${name} reaches the repeated request`, async () => {
    let asked;
    const silent = new Promise(resolve => (asked = resolve));
    const dying = await startTarget((request, response) => {
      if (dying.requests.length === 1) response.end("{}");
      else if (dying.requests.length === 2) request.socket.destroy();
      else asked();
    });
    proxy.routes["dying.corp.test:443"] = dying.port;
    const url = "https://dying.corp.test/";
    await calls.fetch(url);
    const controller = new AbortController();
    const reason = new Error("the caller's");
    const request = https.get(url, {
      agent: helper.proxyAgent(url), timeout: name === "a timeout" ? 300 : 60_000, signal: controller.signal
    });
    const failed = failure(new Promise((resolve, reject) => request.on("response", resolve).on("error", reject)));
    await silent;
    end(request, { reason, abort: () => controller.abort(reason) });
    const error = await failed;
    if (name === "a timeout") assert.match(error.message, /dying\.corp\.test:443, which did not answer within 300 ms/);
    else if (name === "destroy") assert.strictEqual(error, reason);
    else assert.strictEqual(error.name, "AbortError");
    assert.strictEqual(dying.requests.length, 3);
    await proxy.closed();
    await dying.close();
  });
}

test("what is kept is for the same name, port, certificates and options only", async () => {
  const ca = certificate.cert;
  const first = await get(target);
  assert.strictEqual((await get(target)).socket, first.socket);
  for (const [url, options] of [
    ["https://b.corp.test/", {}],
    ["https://api.corp.test:8443/", {}],
    [target, { ca: [ca, ...require("node:tls").rootCertificates, fs.readFileSync(process.env.NODE_EXTRA_CA_CERTS)] }],
    [target, { cert: certificate.cert, key: certificate.key }],
    [target, { rejectUnauthorized: false }],
    [target, { servername: "b.corp.test" }]
  ]) {
    const { socket, resumed } = await get(url, options);
    assert.notStrictEqual(socket, first.socket, url);
    assert.strictEqual(resumed, false, `${url} ${Object.keys(options)}`);
  }
  assert.strictEqual((await get(target)).socket, first.socket);
});

test("what is kept is for the same proxy and login only", async t => {
  const second = await startProxy({ routes: proxy.routes });
  t.after(() => second.close());
  const first = await get(target);
  for (const value of [`http://jane:other@127.0.0.1:${proxy.port}`, `http://127.0.0.1:${proxy.port}`, `http://${login}@127.0.0.1:${second.port}`]) {
    process.env.HTTP_PROXY = value;
    const { socket, resumed } = await get(target);
    assert.notStrictEqual(socket, first.socket);
    assert.strictEqual(resumed, false);
    closeIdle();
  }
});

test("a false name is refused, whatever is kept of others", async () => {
  await get(target);
  await closeTunnels();
  assert.strictEqual((await get(target)).resumed, true);
  for (let i = 0; i < 2; i++) {
    const error = await failure(get("https://wrong.example.test/"));
    assert.match(error.message, /TLS failed.*wrong\.example\.test/);
  }
});

test("Keep-Alive in an answer shortens the time, to nothing if need be", async t => {
  const hints = { "timeout=2": 1000, "timeout=60": 4000, "timeout=5, max=100": 4000, "max=100": 4000 };
  for (const [hint, idleTime] of Object.entries(hints)) {
    const target = await startTarget((request, response) => {
      response.writeHead(200, { "keep-alive": hint, connection: "keep-alive" }).end("{}");
    });
    t.after(() => target.close());
    proxy.routes["hint.corp.test:443"] = target.port;
    assert.strictEqual((await get("https://hint.corp.test/")).socket.timeout, idleTime, hint);
    closeIdle();
  }
  const target = await startTarget((request, response) => {
    response.writeHead(200, { "keep-alive": "timeout=1", connection: "keep-alive" }).end("{}");
  });
  t.after(() => target.close());
  proxy.routes["hint.corp.test:443"] = target.port;
  await get("https://hint.corp.test/");
  await proxy.closed();
});

test("the number of unused connections is bounded, and not that of those in use", async () => {
  const waiting = [];
  const slow = await startTarget((request, response) => {
    if (waiting.push(response) === 80) for (const response of waiting) response.end("{}");
  });
  proxy.routes["slow.corp.test:443"] = slow.port;
  await Promise.all(Array.from({ length: 80 }, () => calls.fetch("https://slow.corp.test/")));
  await new Promise(resolve => setTimeout(resolve)); // until the last of them is put back
  assert.strictEqual(Object.values(helper.proxyAgent(target).freeSockets).flat().length, 64);
  closeIdle();
  await slow.close();
});

test("an unused connection does not keep the process alive", async () => {
  const { spawn } = require("node:child_process");
  const child = spawn(process.execPath, [path.join(__dirname, "../support/one-request.js"), target], { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = await once(child.stdout, "data");
  assert.strictEqual(String(output), "answered\n");
  // It ends before its tunnel does: the child closes that four seconds later, or when it ends.
  const [code] = await once(child, "close");
  assert.strictEqual(code, 0);
});

test("an http:// target: each request on a kept connection has the login, and no error shows it", async () => {
  const url = "http://api.corp.test/";
  const ports = new Set();
  proxy.forwarded.length = 0;
  const { forward } = proxy;
  proxy.forward = (request, response) => {
    ports.add(request.socket.remotePort);
    forward(request, response);
  };
  for (const call of [calls.fetch, calls["OAuth 1.0A"], calls["openid-client"], calls.fetch]) await call(url);
  assert.strictEqual(ports.size, 1);
  assert.deepStrictEqual(proxy.forwarded.map(({ headers }) => headers["proxy-authorization"]), Array(4).fill(basic));
  proxy.forward = (request, response) => response.writeHead(403).end("{}");
  const { Issuer, custom } = project("openid-client");
  Issuer[custom.http_options] = helper.httpOptions;
  assert.ok((await failure(Issuer.discover(url))).response);
  proxy.forward = request => request.socket.destroy();
  await failure(calls["OAuth 1.0A"](url));
  await failure(calls.fetch(url));
  proxy.forward = forward;
});

test("an http:// target: a GET on a dead connection is repeated, through the proxy and with the login", async () => {
  const url = "http://api.corp.test/";
  await calls.fetch(url);
  proxy.forwarded.length = 0;
  hangUp();
  assert.ok((await calls.fetch(url)).genuine);
  assert.deepStrictEqual(proxy.forwarded.map(({ url, headers }) => [url, headers["proxy-authorization"]]), [[url, basic]]);
});
