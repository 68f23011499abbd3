// An identity provider behind a CONNECT proxy and behind a direct port, each some time away: node server.js PROJECT. It
// prints its ports as JSON. GET /?delay=MS at the port "control" sets the round trip to MS and resets the number of
// connections, which it answers.
"use strict";

const fs = require("fs");
const http = require("http");
const https = require("https");
const net = require("net");
const path = require("path");
const { createRequire } = require("module");

const [, , project] = process.argv;
const jose = createRequire(path.join(project, "package.json"))("jose");
const read = name => fs.readFileSync(path.join(process.env.BENCH_TLS, name));
let delay = 0;
let connections = 0;

// Data takes half a round trip in each direction.
function join(from, to) {
  from.on("data", data => setTimeout(() => to.destroyed || to.write(data), delay / 2));
  from.on("close", () => setTimeout(() => to.destroy(), delay / 2)).on("error", () => {}).resume();
}

function connect(socket, port) {
  const target = net.connect(port, "127.0.0.1");
  join(socket, target);
  join(target, socket);
}

const listen = server => new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

async function main() {
  const { privateKey, publicKey } = await jose.generateKeyPair("RS256");
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: "k", alg: "RS256" };
  const answers = {
    "/.well-known/openid-configuration": issuer => ({
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`
    }),
    "/jwks": () => ({ keys: [jwk] }),
    "/token": async issuer => ({
      access_token: "access", token_type: "Bearer",
      id_token: await new jose.SignJWT({ name: "Jane" }).setProtectedHeader({ alg: "RS256", kid: "k" }).setIssuer(issuer)
        .setAudience("app").setSubject("jane").setIssuedAt().setExpirationTime("1h").sign(privateKey)
    })
  };
  const idp = await listen(https.createServer({ key: read("key.pem"), cert: read("cert.pem") }, async (request, response) => {
    const answer = await answers[request.url](`https://${request.headers.host}`);
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  }));
  const direct = await listen(net.createServer(socket => {
    connections++;
    socket.pause();
    setTimeout(connect, delay, socket, idp); // the time in which TCP connects
  }));
  const proxy = http.createServer().on("connect", (request, socket) => {
    connections++;
    setTimeout(() => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      connect(socket, idp);
    }, 2 * delay); // TCP, and CONNECT
  });
  const control = await listen(http.createServer((request, response) => {
    response.end(String(connections));
    delay = Number(new URL(request.url, "http://localhost").searchParams.get("delay"));
    connections = 0;
  }));
  console.log(JSON.stringify({ direct, proxy: await listen(proxy), control }));
}

main();
