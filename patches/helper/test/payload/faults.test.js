// Everything that a proxy or a target may do, at once: each call ends, with the genuine answer or with an error that
// shows no credential, and nothing else happens in the process.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const zlib = require("node:zlib");
const { test, before, after } = require("node:test");
const { agentMajor, assertNoSecret, calls, login, setProxy } = require("../support");
const { established, flood, reset, startProxy, startTarget } = require("../support/servers");

const genuine = JSON.stringify({ genuine: true, issuer: "https://api.corp.test" });
const forgery = '{"issuer":"forged","forged":true}';
const forged = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${forgery.length}\r\n\r\n${forgery}`;
const limit = "1500"; // ms, for what is silent

const ends = { "is reset": reset, "is closed": socket => socket.end(), "is silent": () => {} };
const drip = (socket, text, done) => {
  if (!text || socket.destroyed) return done();
  socket.write(text[0]);
  setTimeout(drip, 1, socket, text.slice(1), done);
};

// What a proxy does with a CONNECT, by name. `tunnel(socket)` is what a proxy should do.
const proxies = {
  "works": (socket, tunnel) => tunnel(socket),
  "drips": (socket, tunnel) => drip(socket, established.slice(0, -1), () => {
    proxy.greeting = secureProxy.greeting = "\n";
    tunnel(socket);
    proxy.greeting = secureProxy.greeting = established;
  }),
  "says 100 two thousand times": (socket, tunnel) => {
    socket.write("HTTP/1.1 100 Continue\r\n\r\n".repeat(2000));
    tunnel(socket);
  },
  "answers for the target, with the reply": socket => socket.write(established + forged),
  "answers for the target, to the first bytes": socket => {
    socket.write(established);
    socket.once("data", () => socket.end(forged));
  },
  "answers for the target, instead of a reply": socket => socket.end(forged),
  "sends a header of 1 MB": (socket, tunnel) => {
    socket.write(`HTTP/1.1 200 OK\r\nX-Big: ${"x".repeat(1 << 20)}\r\n\r\n`);
    tunnel(socket);
  },
  "never ends its headers": socket => {
    socket.write("HTTP/1.1 200 OK\r\n");
    flood(socket, `X-More: ${"x".repeat(60_000)}\r\n`);
  },
  "never ends a header": socket => flood(socket, "x".repeat(60_000))
};
for (const reply of ["", "H", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nVia: a", established]) {
  for (const [end, behave] of Object.entries(ends)) {
    proxies[`says ${JSON.stringify(reply)} and ${end}`] = socket => {
      if (reply) socket.write(reply);
      setTimeout(behave, 5, socket);
    };
  }
}
for (const [end, behave] of Object.entries(ends)) {
  proxies[`opens a tunnel and ${end} with its first bytes`] = socket => {
    socket.write(established);
    socket.once("data", () => behave(socket));
  };
  for (const length of [1, 100, 1000, 1800]) {
    proxies[`${end} after ${length} bytes of the target's`] = (socket, tunnel, port) => {
      let left = length;
      const upstream = net.connect(port, "127.0.0.1", () => socket.write(established));
      socket.on("data", data => upstream.write(data)).on("close", () => upstream.destroy());
      upstream.on("error", () => {}).on("data", data => {
        if (left > 0) socket.write(data.subarray(0, left));
        if (left > 0 && (left -= data.length) <= 0) behave(socket);
      });
    };
  }
}
const statuses = [100, 101, 102, 199, 201, 204, 205, 299, 301, 302, 304, 307, 400, 401, 403, 404, 407, 429, 500, 502, 503, 511, 999];
for (const status of statuses) {
  proxies[`refuses with ${status}`] = socket => {
    socket.end(`HTTP/1.1 ${status} No\r\nLocation: https://evil.corp.test/\r\nContent-Length: ${forgery.length}\r\n\r\n${forgery}`);
  };
}
for (const head of [
  "\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "\0\0\r\n\r\n",
  "HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n", "HTTP/1.1 200 OK\r\n__proto__: x\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 407 No\r\nno colon\r\n\r\n",
  `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(2000)}\r\n`, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n"
]) {
  proxies[`says ${JSON.stringify(head.slice(0, 40))} ${head.length}`] = socket => socket.end(head);
}

const raw = text => request => request.socket.end(text);
// What a target does with a request.
const targets = {
  "works": (request, response) => response.end(genuine),
  "is silent": () => {},
  "is reset": request => reset(request.socket),
  "is closed": request => request.socket.end(),
  "switches protocols": request => request.socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
  "says 100 two thousand times": request => request.socket.end("HTTP/1.1 100 Continue\r\n\r\n".repeat(2000)),
  "says 103 and nothing else": request => request.socket.write("HTTP/1.1 103 Early Hints\r\n\r\n"),
  "talks nonsense": raw("SSH-2.0-x\r\n\r\n"),
  "breaks off in its headers": raw("HTTP/1.1 200 OK\r\nX: "),
  "breaks off in its body": raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
  "has two lengths": raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
  "sends too much": raw(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}${forged}`),
  "sends chunks that are none": raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  "sends a header of 1 MB": raw(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1 << 20)}\r\n\r\n{}`),
  "never ends its headers": request => flood(request.socket, `X-More: ${"x".repeat(60_000)}\r\n`),
  "never ends its body": (request, response) => flood(response.writeHead(200), "x".repeat(60_000)),
  "stops in its body": (request, response) => response.writeHead(200).write("{"),
  "sends a bomb": (request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(zlib.gzipSync(Buffer.alloc(50 << 20))),
  "sends what is not gzip": (request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("{}"),
  "redirects in a circle": (request, response) => response.writeHead(302, { location: request.url }).end(),
  "redirects to nowhere": (request, response) => response.writeHead(302, { location: "http://:::/" }).end(),
  "wants a proxy's login": (request, response) => response.writeHead(407).end(),
  "answers 999": (request, response) => response.writeHead(999).end("{}")
};

let proxy, secureProxy, target, hostile, plain;

before(async () => {
  target = await startTarget((request, response) => response.end(genuine));
  const answer = (request, response) => {
    request.socket.on("error", () => {});
    targets[names(targets)[number(request.headers.host)]](request, response);
  };
  hostile = await startTarget(answer);
  plain = await startTarget(answer, { plain: true });
  proxy = await startProxy();
  secureProxy = await startProxy({ secure: true });
  for (const used of [proxy, secureProxy]) {
    used.server.maxHeadersCount = 0;
    used.behave = (socket, { url }) => {
      const port = url.startsWith("target") ? hostile.port : target.port;
      used.routes[url] = port;
      const tunnel = socket => used.tunnel(socket, { url });
      if (url.startsWith("target")) tunnel(socket);
      else proxies[names(proxies)[number(url)]](socket, tunnel, port);
    };
  }
});
after(async () => {
  setProxy({});
  await Promise.all([proxy, secureProxy, target, hostile, plain].map(server => server.close()));
});

// What the packages do with and without the patch: they collect an answer without a limit, and oauth parses the URL of a
// redirect in a callback, in which Node.js 26 throws.
const leftOut = { "never ends its body": ["openid-client", "OAuth 1.0A"], "redirects to nowhere": ["OAuth 1.0A"] };

const { keys: names } = Object;
const number = host => Number(/\d+/.exec(host)[0]);
const made = [];

// Every call to every host, some at once. An answer is genuine, or a hostile target's own. The calls to the first host,
// which works, come first: beside floods, a busy machine may not answer them in time.
async function callAll(kind, hosts) {
  let answered = 0;
  const pairs = hosts.flatMap(({ host, name }) => ["fetch", "openid-client", "OAuth 1.0A"]
    .filter(call => !leftOut[name]?.includes(call)).map(call => [call, host]));
  const outcomes = pairs.map(([call, host]) => async () => {
    try {
      const answer = await calls[call](`https://${host}/`, Number(limit));
      assert.ok(!answer?.forged, `${call} to ${host} was given a forged answer`);
      answered++;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assertNoSecret(error);
    }
  });
  for (const outcome of outcomes.slice(0, 3)) await outcome();
  const left = outcomes.slice(3).values();
  await Promise.all(Array.from({ length: 30 }, async () => {
    for (const outcome of left) await outcome();
  }));
  made.push(`${outcomes.length} calls through ${kind}, ${answered} of them answered`);
  return { all: outcomes.length, answered };
}

for (const secure of [false, true]) {
  const kind = secure ? "an https:// proxy" : "an http:// proxy";
  const skip = secure && agentMajor < 6 && "it works with https-proxy-agent 6 and newer";
  const useProxy = () => {
    const { label } = secure ? secureProxy : proxy;
    setProxy({ HTTPS_PROXY: `${secure ? "https" : "http"}://${login}@${label}`, NEXTAUTH_HTTP_TIMEOUT: limit });
  };

  test(`${kind} that does what it likes`, { skip }, async () => {
    useProxy();
    const { all, answered } = await callAll(kind, names(proxies).map((name, i) => ({ name, host: `proxy${i}.corp.test` })));
    assert.ok(all >= 3 * 75, `only ${all} calls`);
    assert.ok(answered >= 1 && answered <= 3 * 6, `${answered} calls were answered`);
  });

  test(`targets that do what they like, behind ${kind}`, { skip }, async () => {
    useProxy();
    const { all, answered } = await callAll(`${kind} to hostile targets`, names(targets).map((name, i) => ({ name, host: `target${i}.corp.test` })));
    assert.ok(all >= 3 * 21, `only ${all} calls`);
    assert.ok(answered >= 3, `${answered} calls were answered, and not even those of the target that works`);
  });
}

test("all connections are closed", async () => {
  setProxy({});
  for (const used of [proxy, secureProxy]) {
    for (const socket of used.open) if (socket.readyState !== "open") socket.destroy();
  }
  await Promise.all([proxy, secureProxy].map(used => used.closed()));
});

test("what was tried is put on record", t => {
  for (const line of made) t.diagnostic(line);
  const { PROXYPATCH_COUNTS: dir } = process.env;
  const total = made.reduce((sum, line) => sum + parseInt(line, 10), 0);
  const what = `calls with faulty proxies and targets, Node.js ${process.versions.node.split(".")[0]} and https-proxy-agent ${agentMajor}`;
  if (dir) fs.mkdirSync(dir, { recursive: true });
  if (dir) fs.writeFileSync(path.join(dir, what), `${String(total).padStart(8)} ${what}\n`);
});
