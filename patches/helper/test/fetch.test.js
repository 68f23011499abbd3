// proxyFetch beside Node's own fetch: each case goes through both, over the same servers, and must end the same way.
"use strict";

const assert = require("node:assert");
const zlib = require("node:zlib");
const { test, before, after } = require("node:test");
const { agentMajor, closeIdle, failure, helper, hurry, login, setProxy } = require("./support");
const { startProxy, startTarget } = require("./support/servers");

// What a fetch does with an answer does not depend on who opened the tunnel: one release of the agent is enough.
const options = { skip: agentMajor !== 7 && "tested with https-proxy-agent 7" };
const node = Number(process.versions.node.split(".")[0]);
// These ended with an older fetch than Node 18 and 20 have today.
const oldFetch = [19, 21].includes(node);
const text = "proxy ".repeat(1000);
const limit = 10 * 1024 * 1024;
let proxy, first, second, plain;

const encodings = {
  gzip: zlib.gzipSync(text),
  "x-gzip": zlib.gzipSync(text),
  GZIP: zlib.gzipSync(text),
  deflate: zlib.deflateSync(text),
  br: zlib.brotliCompressSync(text),
  "gzip, br": zlib.brotliCompressSync(zlib.gzipSync(text)),
  identity: text,
  constructor: text,
  "gzip, unknown": text
};

// What the paths of the targets answer.
const pages = {
  echo(request, response) {
    const chunks = [];
    request.on("data", chunk => chunks.push(chunk)).on("end", () => {
      // accept-encoding: fetch offers br to https:// only, and newer releases of Node may offer more.
      const { connection, host, "accept-encoding": _, ...headers } = request.headers;
      const sorted = Object.fromEntries(Object.entries(headers).sort());
      response.end(JSON.stringify({ method: request.method, headers: sorted, body: Buffer.concat(chunks).toString() }));
    });
  },
  redirect(request, response, query) {
    response.writeHead(Number(query.get("status")), { location: query.get("to") }).end("moved");
  },
  status(request, response, query) {
    const status = Number(query.get("status"));
    response.writeHead(status, "Reason", { "x-page": "status" }).end([204, 304].includes(status) ? undefined : "body");
  },
  headers(request, response) {
    const headers = ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Twice", "1", "x-twice", "2", "X-Latin", "caf\u00e9"];
    response.writeHead(200, headers).end("{}");
  },
  encoded(request, response, query) {
    const encoding = query.get("as");
    response.writeHead(200, { "content-encoding": encoding });
    response.end(encodings[encoding].slice(0, Number(query.get("length")) || undefined));
  },
  garbled(request, response, query) {
    response.writeHead(200, { "content-encoding": query.get("as") }).end("this is not compressed");
  },
  rawDeflate(request, response) {
    response.writeHead(200, { "content-encoding": "deflate" }).end(zlib.deflateRawSync(text));
  },
  cut(request, response) {
    response.writeHead(200, { "content-length": 100 });
    response.write("ten bytes.", () => response.destroy());
  },
  hangUp: (request, response) => response.destroy(),
  silent: () => {},
  big(request, response, query) {
    const body = Buffer.alloc(Number(query.get("size")));
    if (query.get("gzip")) response.setHeader("content-encoding", "gzip");
    response.end(query.get("gzip") ? zlib.gzipSync(body) : body);
  },
  drip(request, response) {
    const timer = setInterval(() => response.write("."), 20);
    response.on("close", () => clearInterval(timer));
  }
};

function serve(request, response) {
  const { pathname, searchParams } = new URL(request.url, "https://target");
  pages[pathname.slice(1)](request, response, searchParams);
}

before(async () => {
  if (options.skip) return;
  [first, second] = [await startTarget(serve), await startTarget(serve)];
  plain = await startTarget(serve, { plain: true });
  proxy = await startProxy({
    routes: { "first.corp.test:443": first.port, "second.corp.test:443": second.port, "plain.corp.test:80": plain.port }
  });
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
});
after(async () => {
  if (options.skip) return;
  setProxy({});
  await Promise.all([proxy, first, second, plain].map(server => server.close()));
});

// The origins of the three targets, directly and by the names that only the proxy knows.
const direct = () => ({
  first: `https://localhost:${first.port}`, second: `https://127.0.0.1:${second.port}`, plain: `http://localhost:${plain.port}`
});
const proxied = () => ({ first: "https://first.corp.test", second: "https://second.corp.test", plain: "http://plain.corp.test" });

// How a fetch ended, without what differs by design: which server it was, and connection handling.
async function outcome(fetch, origins, [url, init]) {
  const neutral = value => Object.entries(origins).reduce((value, [name, origin]) => value.replaceAll(origin, name), value);
  const fill = url => url.replace(/(first|second|plain):/g, (match, name) => origins[name]);
  try {
    const response = await fetch(fill(url), typeof init === "function" ? init() : init);
    const { status, statusText, ok, type, redirected } = response;
    const headers = [...response.headers].filter(([name]) => !/^(date|connection|keep-alive|transfer-encoding|content-length|location)$/.test(name));
    const body = await response.text();
    return { status, statusText, ok, type, redirected, url: neutral(response.url), headers, body: neutral(body) };
  } catch (error) {
    return { error: error.name, own: error.message === "the caller's reason" };
  }
}

const to = url => encodeURIComponent(url);
const post = { method: "POST", body: "payload", headers: { "Content-Language": "de", "X-Kept": "1" } };
const secret = { authorization: "Bearer t", cookie: "s=1", "x-kept": "1" };
const aborted = () => {
  const controller = new AbortController();
  controller.abort(new Error("the caller's reason"));
  return { signal: controller.signal };
};
const abortedSoon = () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("the caller's reason")), 50);
  return { signal: controller.signal };
};

const cases = [
  ["first:/echo"],
  ["first:/echo#fragment"],
  ["plain:/echo"],
  ["first:/echo", { method: "post" }],
  ["first:/echo", { method: "PUT", body: new URLSearchParams({ a: "ü" }) }],
  ["first:/echo", { method: "DELETE" }],
  ["first:/echo", { method: "HEAD" }],
  ["plain:/echo", { method: "POST", body: "plain" }],
  ["first:/echo", { method: "POST", body: Buffer.from("bytes") }],
  ["first:/echo", { method: "GET", body: "not allowed" }],
  ["first:/echo", { headers: { "X-Mixed": "1", ACCEPT: "text/plain", "User-Agent": "me" } }],
  ["first:/echo", { headers: [["X-Mixed", "1"], ["x-mixed", "2"]] }],
  ["first:/echo", { headers: new Headers({ Authorization: "Bearer t" }) }],
  ["first:/echo", { headers: { "bad header": "1" } }],
  ["first:/echo", { headers: { "X-Latin": "caf\u00e9" } }],
  ["first:/echo", { headers: [["Cookie", "a=1"], ["cookie", "b=2"]] }],
  ["first:/echo", { method: "TRACE" }],
  ["https://u:hidden@first.corp.test/"],
  ...[301, 302, 303, 307, 308].flatMap(status => [
    [`first:/redirect?status=${status}&to=/echo`],
    [`first:/redirect?status=${status}&to=/echo`, post],
    [`first:/redirect?status=${status}&to=/echo`, { method: "PUT", body: "payload" }],
    [`first:/redirect?status=${status}&to=/echo`, { method: "HEAD" }],
    [`first:/redirect?status=${status}&to=${to("second:/echo")}`, { headers: secret }],
    [`first:/redirect?status=${status}&to=${to("plain:/echo")}`, { headers: new Headers(secret) }],
    [`first:/redirect?status=${status}&to=/echo`, { headers: Object.entries(secret) }],
    [`first:/redirect?status=${status}&to=/echo`, { redirect: "error" }],
    [`first:/redirect?status=${status}&to=/echo`, { redirect: "manual" }]
  ]),
  ["first:/redirect?status=300&to=/echo"],
  ["first:/redirect?status=302&to=" + to("second:/redirect?status=302&to=" + to("first:/echo")), { headers: secret }],
  ["first:/redirect?status=302&to=" + to("/redirect?status=302&to=/echo"), { redirect: "follow" }],
  ["first:/redirect?status=302&to=" + to("data:text/plain,x")],
  ["first:/redirect?status=302&to=" + to("ftp://first/")],
  ["first:/redirect?status=302&to=" + to("http://:::/")],
  ["first:/redirect?status=302&to=" + to("/echo#there")],
  ["first:/redirect?status=302&to="],
  ...[200, 201, 204, 205, 206, 300, 304, 400, 401, 404, 407, 500, 599, 600, 999].map(status => [`first:/status?status=${status}`]),
  ["first:/headers"],
  ...Object.keys(encodings).map(name => ["first:/encoded?as=" + to(name)]),
  ["first:/encoded?as=gzip&length=20"],
  ["first:/encoded?as=deflate&length=20"],
  ["first:/encoded?as=gzip", { method: "HEAD" }],
  ["first:/garbled?as=gzip"],
  ["first:/garbled?as=br"],
  ["first:/rawDeflate"],
  ["first:/cut"],
  ["first:/hangUp"],
  ["first:/echo", aborted],
  ["first:/silent", abortedSoon]
];
// What Node 18 cannot decode itself, and later releases can.
const beyondNode18 = ["first:/rawDeflate", "first:/encoded?as=gzip%2C%20br", "first:/encoded?as=deflate&length=20"];

test("each case ends as with Node's own fetch", { skip: options.skip || (oldFetch && "this Node's fetch is outdated") }, async t => {
  for (const example of cases) {
    if (node < 20 && beyondNode18.includes(example[0])) continue;
    await t.test(decodeURIComponent(example[0]) + " " + JSON.stringify(example[1] || ""), async () => {
      // The targets in a redirect are the server's to name: it gets them spelled out.
      const spell = origins => [example[0].replace(/(first|second|plain)%3A/g, (match, name) => to(origins[name])).replace(/(first|second|plain)%253A/g, (match, name) => to(to(origins[name]))), example[1]];
      const wanted = await outcome(fetch, direct(), spell(direct()));
      const got = await outcome(helper.proxyFetch, proxied(), spell(proxied()));
      assert.deepStrictEqual(got, wanted);
    });
  }
  assert.ok(proxy.connects.length > cases.length / 2);
});

for (const redirects of [20, 21]) {
  test(`${redirects} redirects`, options, async () => {
    pages.chain = (request, response, query) => {
      const left = Number(query.get("left"));
      if (left) response.writeHead(302, { location: `/chain?left=${left - 1}` }).end();
      else response.end("arrived");
    };
    const ends = async (fetch, { first }) => fetch(`${first}/chain?left=${redirects}`).then(response => response.text(), error => error.name);
    const wanted = await ends(fetch, direct());
    assert.strictEqual(wanted, redirects > 20 ? "TypeError" : "arrived");
    assert.strictEqual(await ends(helper.proxyFetch, proxied()), wanted);
  });
}

test("a Request as input, and a URL", options, async () => {
  const input = new Request("https://first.corp.test/echo", { method: "POST", body: "x", headers: { "x-kept": "1" } });
  const { method, headers, body } = await (await helper.proxyFetch(input)).json();
  assert.deepStrictEqual([method, headers["x-kept"], body], ["POST", "1", "x"]);
  assert.ok((await helper.proxyFetch(new URL("https://first.corp.test/echo"))).ok);
});

test("what speaks for the user stays at the origin", options, async () => {
  const headers = { ...secret, HOST: "first.corp.test", "Trakt-Api-Key": "k", "X-Postmark-Server-Token": "k", "Proxy-Authorization": "Basic x" };
  const response = await helper.proxyFetch("https://first.corp.test/redirect?status=307&to=" + to("https://second.corp.test/echo"), { headers });
  const arrived = Object.keys((await response.json()).headers);
  assert.ok(arrived.includes("x-kept"));
  for (const name of ["authorization", "cookie", "trakt-api-key", "x-postmark-server-token", "proxy-authorization"]) assert.ok(!arrived.includes(name), name);
  assert.strictEqual(second.requests.at(-1).headers.host, "second.corp.test");
});

test("a redirect to a URL with user and password is refused", options, async () => {
  const error = await failure(helper.proxyFetch("https://first.corp.test/redirect?status=302&to=" + to("https://u:hidden@first.corp.test/")), ["hidden"]);
  assert.strictEqual(error.name, "TypeError");
});

test("each hop of a redirect chooses its proxy", options, async t => {
  t.after(() => delete process.env.NO_PROXY);
  process.env.NO_PROXY = "second.corp.test";
  const before = proxy.connects.length;
  await failure(helper.proxyFetch("https://first.corp.test/redirect?status=302&to=" + to("https://second.corp.test/")));
  assert.deepStrictEqual(proxy.connects.slice(before).map(connect => connect.target), ["first.corp.test:443"]);
});

test("a body may have 10 MB, as sent and as decoded, and no more", options, async () => {
  for (const gzip of ["", "&gzip=1"]) {
    const response = await helper.proxyFetch(`https://first.corp.test/big?size=${limit}${gzip}`);
    assert.strictEqual((await response.arrayBuffer()).byteLength, limit);
    const error = await failure(helper.proxyFetch(`https://first.corp.test/big?size=${limit + 1}${gzip}`));
    assert.match(error.message, /10485760 bytes/);
  }
  closeIdle();
  await proxy.closed();
});

test("an answer that never ends fails after 30 s", options, async t => {
  hurry(t, 200, [30_000]);
  const error = await failure(helper.proxyFetch("https://first.corp.test/drip"));
  assert.ok(error.message.endsWith("first.corp.test began to answer, but did not finish within 30000 ms; if it is only slow, set NEXTAUTH_HTTP_TIMEOUT=60000"), error.message);
  closeIdle();
  await proxy.closed();
});

test("a signal ends the wait for a silent proxy, and its connection", options, async t => {
  t.after(() => (proxy.behave = proxy.tunnel));
  const controller = new AbortController();
  proxy.behave = () => controller.abort(new Error("the caller's reason"));
  const error = await failure(helper.proxyFetch("https://first.corp.test/echo", { signal: controller.signal }));
  assert.strictEqual(error.message, "the caller's reason");
  closeIdle();
  await proxy.closed();
});

test("URLs that are not http are left to fetch", options, async () => {
  assert.strictEqual(await (await helper.proxyFetch("data:text/plain,x")).text(), "x");
});
