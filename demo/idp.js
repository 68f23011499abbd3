// The identity provider https://idp.corp.test, which signs in everyone as Ada. Prints its port when it is ready.
// Working directory: where cert.pem and key.pem are.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const https = require("https");

const issuer = "https://idp.corp.test";
const { privateKey, publicKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });

// Makes a JSON Web Token.
function sign(claims) {
  const parts = [{ alg: "RS256", kid: "1" }, claims].map(part => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signature = crypto.sign("sha256", parts.join("."), privateKey).toString("base64url");
  return [...parts, signature].join(".");
}

const answers = {
  "/.well-known/openid-configuration": () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`
  }),
  "/jwks": () => ({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] }),
  "/token": () => {
    const now = Math.floor(Date.now() / 1000);
    const user = { sub: "1", name: "Ada Lovelace", email: "ada@corp.test" };
    const id_token = sign({ iss: issuer, aud: "app", iat: now, exp: now + 300, ...user });
    return { access_token: "token", token_type: "Bearer", id_token };
  }
};

const certificate = { cert: fs.readFileSync("cert.pem"), key: fs.readFileSync("key.pem") };
const server = https.createServer(certificate, (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (pathname === "/authorize") {
    const back = new URL(searchParams.get("redirect_uri"));
    back.search = new URLSearchParams({ code: "code", state: searchParams.get("state") });
    return response.writeHead(302, { Location: back.href }).end();
  }
  const answer = answers[pathname];
  if (!answer) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer()));
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
