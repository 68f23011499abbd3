// Serves the pages and the API of next-auth without Next.js: node server.js DIRECTORY, with the directory of next-auth.
// Prints its port when it is ready. It does what next-auth needs from Next.js in an API route.
"use strict";

const http = require("http");
const path = require("path");
const options = require("./options.js");

const load = file => require(path.resolve(process.argv[2], file)).default;

async function read(request) {
  let body = "";
  for await (const chunk of request) body += chunk;
  return Object.fromEntries(new URLSearchParams(body));
}

function cookies({ headers }) {
  const pairs = (headers.cookie || "").split("; ").filter(Boolean).map(pair => pair.split("="));
  return Object.fromEntries(pairs.map(([name, ...value]) => [name, decodeURIComponent(value.join("="))]));
}

function extend(response) {
  response.status = code => Object.assign(response, { statusCode: code });
  response.json = body => response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
  response.send = body => (typeof body === "object" ? response.json(body) : response.end(body));
}

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (!pathname.startsWith("/api/auth/")) return response.end("home");
  request.query = { ...Object.fromEntries(searchParams), nextauth: pathname.split("/").slice(3) };
  request.cookies = cookies(request);
  request.body = await read(request);
  extend(response);
  try {
    const { secret, providers } = options(load("providers/azure-ad.js"), load("providers/twitter.js"));
    await load("next/index.js")(request, response, { secret, providers });
  } catch (error) {
    console.error(error);
    response.status(500).end();
  }
});

server.listen(0, () => {
  const { port } = server.address();
  process.env.NEXTAUTH_URL = `http://localhost:${port}`;
  console.log(port);
});
