// Starts a CONNECT proxy that records requests and refuses them, and sets
// http_proxy to it. Then the next-auth in the working directory makes the first
// request of a sign-in. Fails unless the proxy saw what the argument expects.
"use strict";

const http = require("http");
const path = require("path");
const expected = process.argv[2];

const arrived = [];
const proxy = http.createServer();
proxy.on("connect", (request, socket) => {
  arrived.push(`CONNECT ${request.url}`);
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});

proxy.listen(0, "127.0.0.1", async () => {
  process.env.http_proxy = `http://127.0.0.1:${proxy.address().port}`;
  const { openidClient } = require(path.resolve("node_modules/next-auth/core/lib/oauth/client.js"));
  const wellKnown = "https://idp.corp.test/.well-known/openid-configuration";
  const error = await openidClient({ provider: { wellKnown } }).catch(error => error);
  console.log(`the proxy saw: ${arrived.join(", ") || "nothing"}`);
  console.log(`the sign-in got: ${error.message}`);
  proxy.close();
  const want = expected === "patched" ? "CONNECT idp.corp.test:443" : "";
  process.exitCode = arrived.join() === want ? 0 : 1;
});
