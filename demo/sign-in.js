// Starts the app and signs in as a browser does. Prints who is signed in, or exits with 3.
// IDP_PORT: where the identity provider really listens. The browser knows that, the app does not.
"use strict";

// As in a company's network, only the proxy can resolve other hosts. Without this, the error would depend on your DNS.
const dns = require("dns");
const { lookup } = dns;
dns.lookup = (host, ...rest) => {
  if (host === "localhost") return lookup(host, ...rest);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND", syscall: "getaddrinfo" });
  process.nextTick(rest.at(-1), error);
};

const https = require("https");
const app = require("./app.js");

const cookies = new Map();

// Requests a page of the app. The browser keeps cookies, and does not follow redirects.
async function visit(url, options) {
  const cookie = [...cookies].map(pair => pair.join("=")).join("; ");
  const response = await fetch(url, { ...options, headers: { cookie }, redirect: "manual" });
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
    cookies.set(name, value);
  }
  return response;
}

// Opens a page of the identity provider, which sends the browser back to the app.
function openProvider(url) {
  const { host, pathname, search } = new URL(url);
  const direct = { host: "127.0.0.1", port: process.env.IDP_PORT, servername: host, headers: { host }, path: pathname + search };
  return new Promise((resolve, reject) =>
    https.get(direct, response => resolve(response.resume().headers.location)).on("error", reject)
  );
}

async function signIn(origin) {
  const { csrfToken } = await (await visit(`${origin}/api/auth/csrf`)).json();
  const form = new URLSearchParams({ csrfToken, json: "true" });
  const { url } = await (await visit(`${origin}/api/auth/signin/keycloak`, { method: "POST", body: form })).json();
  if (!url.startsWith(origin)) await visit(await openProvider(url)); // else it is the app's own error page
  const { user } = await (await visit(`${origin}/api/auth/session`)).json();
  return user;
}

// Prints a line, in colour if the terminal has colours.
function print(colour, text) {
  const coloured = process.stdout.isTTY && process.stdout.hasColors();
  console.log(coloured ? `\x1b[${colour}m${text}\x1b[0m` : text);
}

app.listen(0, "localhost", async () => {
  const origin = `http://localhost:${app.address().port}`;
  process.env.NEXTAUTH_URL = origin;
  const user = await signIn(origin);
  if (user) print(32, `signed in as ${user.name} <${user.email}>`);
  else print(31, "not signed in");
  process.exit(user ? 0 : 3);
});
