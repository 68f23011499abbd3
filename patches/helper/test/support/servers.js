// Servers on this machine: a proxy that can be told how to behave, and targets that only it can find.
"use strict";

const fs = require("fs");
const http = require("http");
const https = require("https");
const net = require("net");
const path = require("path");

const read = name => fs.readFileSync(path.join(process.env.HELPER_TLS, name));
const certificate = { key: read("key.pem"), cert: read("cert.pem") };

// Listens on a free port of this machine. `open` holds the connections, `closed()` resolves when none is left.
async function listen(server, host = "127.0.0.1") {
  const open = new Set();
  server.on("connection", socket => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      server.emit("connectionClosed");
    });
  });
  await new Promise((resolve, reject) => server.on("error", reject).listen(0, host, resolve));
  const { port } = server.address();
  const closed = async () => {
    while (open.size) await new Promise(resolve => server.once("connectionClosed", resolve));
  };
  const close = () => {
    for (const socket of open) socket.destroy();
    return new Promise(resolve => server.close(resolve));
  };
  return { server, port, open, closed, close };
}

// A target over TLS, or in plain text. `requests` holds what arrived, as { method, url, headers }.
async function startTarget(handler, { plain = false } = {}) {
  const requests = [];
  const onRequest = (request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, url, headers });
    handler(request, response);
  };
  const server = plain ? http.createServer(onRequest) : https.createServer(certificate, onRequest);
  return { ...(await listen(server)), requests };
}

/**
 * A proxy. `routes` says on which local port a "host:port" really is. `behave(socket, head)` answers a CONNECT and may
 * be replaced at any time, and so may `forward(request, response)` for plain requests, and `greeting`, which opens a
 * tunnel. `connects` holds what was asked for, `forwarded` the plain requests.
 */
async function startProxy({ secure = false, routes = {}, host } = {}) {
  const connects = [];
  const forwarded = [];
  const server = secure ? https.createServer(certificate) : http.createServer();
  server.on("connect", (request, socket) => {
    connects.push({ target: request.url, headers: request.headers });
    // Read on, and hang up when the other side does: `open` must not hold what the client has closed.
    socket.on("error", () => {}).on("end", () => socket.destroy()).resume();
    proxy.behave(socket, request);
  });
  server.on("request", (request, response) => {
    forwarded.push({ url: request.url, headers: request.headers });
    proxy.forward(request, response);
  });
  const tunnel = (socket, { url }) => {
    if (!(url in routes)) return socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const upstream = net.connect(routes[url], "127.0.0.1", () => {
      socket.write(proxy.greeting);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => {}).on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
  };
  const forward = (request, response) => {
    const { host: name, pathname, search } = new URL(request.url);
    const port = routes[name.includes(":", name.indexOf("]")) ? name : name + ":80"];
    if (!port) return response.writeHead(502).end();
    const { "proxy-authorization": _, ...headers } = request.headers;
    const options = { host: "127.0.0.1", port, path: pathname + search, method: request.method, headers };
    request.pipe(http.request(options, answer => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }));
  };
  const proxy = { ...(await listen(server, host)), connects, forwarded, routes, tunnel, behave: tunnel, forward };
  proxy.greeting = established;
  proxy.label = `${host ? `[${host}]` : secure ? "localhost" : "127.0.0.1"}:${proxy.port}`;
  return proxy;
}

const established = "HTTP/1.1 200 Connection established\r\n\r\n";

// Behaviours of a proxy.
const reply = text => socket => socket.end(text);
const refuse = (status, { headers = "", body = "" } = {}) =>
  reply(`HTTP/1.1 ${status} Refused\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`);
const silent = () => {};
const reset = socket => (!socket.encrypted && socket.resetAndDestroy || socket.destroy).call(socket);

// Writes the text again and again, as fast as the other side reads.
const flood = (socket, text) => {
  const more = () => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on("drain", more);
  more();
};

module.exports = { certificate, established, flood, refuse, reply, reset, silent, startProxy, startTarget };
