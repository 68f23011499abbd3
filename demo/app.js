// An app that signs in with next-auth at a Keycloak. It needs no Next.js: next-auth's handler runs on node:http.
"use strict";

const http = require("http");
const NextAuth = require("next-auth").default;
const Keycloak = require("next-auth/providers/keycloak").default;

const options = {
  secret: "not a secret",
  providers: [Keycloak({ clientId: "app", clientSecret: "secret", issuer: "https://idp.corp.test" })],
  logger: { error: (code, details) => console.log(`next-auth: ${code}: ${(details.error || details).message}`) }
};

module.exports = http.createServer(async (request, response) => {
  try {
    await addWhatNextDoes(request, response);
    await NextAuth(request, response, options);
  } catch (error) {
    response.writeHead(500).end(`${error.stack}\n`);
  }
});

// Next.js parses requests for its API routes, and adds functions to responses.
async function addWhatNextDoes(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const nextauth = pathname.split("/").slice(3); // after /api/auth/
  request.query = { ...Object.fromEntries(searchParams), nextauth };
  const cookies = (request.headers.cookie || "").split("; ").map(cookie => /^([^=]*)=(.*)$/.exec(cookie)).filter(Boolean);
  request.cookies = Object.fromEntries(cookies.map(([, name, value]) => [name, decodeURIComponent(value)]));
  let body = "";
  for await (const chunk of request) body += chunk;
  request.body = Object.fromEntries(new URLSearchParams(body));

  response.status = code => Object.assign(response, { statusCode: code });
  response.json = value => response.setHeader("Content-Type", "application/json").end(JSON.stringify(value));
  response.send = value => (typeof value === "object" ? response.json(value) : response.end(value));
}
