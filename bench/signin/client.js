// Signs in with the handler of next-auth: node client.js PROJECT ISSUER COUNT CONCURRENCY. It prints, as JSON, the median
// ms and the ms of CPU of a sign-in, and sign-ins per second.
"use strict";

const path = require("path");
const { createRequire } = require("module");

const [, , project, issuer, count, concurrency] = process.argv;
const handler = createRequire(path.join(project, "package.json"))("next-auth").default;
const options = {
  secret: "not a secret",
  providers: [{
    id: "idp", name: "Corp", type: "oauth", clientId: "app", clientSecret: "secret", idToken: true, checks: ["state"],
    wellKnown: `${issuer}/.well-known/openid-configuration`, authorization: { params: { scope: "openid" } }, httpOptions: { timeout: 60_000 },
    profile: ({ sub, name }) => ({ id: sub, name })
  }]
};
process.env.NEXTAUTH_URL = "http://localhost:3000";

// What Next.js does for an API route.
async function call(method, action, { query = {}, body = {}, cookies }) {
  let result, location;
  const response = {
    setHeader(name, value) {
      if (name.toLowerCase() === "location") location = value;
      if (name.toLowerCase() === "set-cookie") for (const cookie of [value].flat()) keep(cookies, cookie);
      return response;
    },
    getHeader: () => [], status: () => response, redirect: url => (location = url),
    json: value => (result = value), send: value => (result = value), end() {}
  };
  const request = { method, query: { ...query, nextauth: action.split("/") }, body, cookies, headers: { host: "localhost:3000" } };
  await handler(request, response, options);
  return { result, location: location || result?.url };
}

function keep(cookies, cookie) {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
  if (value) cookies[name] = decodeURIComponent(value);
}

async function signIn() {
  const cookies = {};
  const { result: { csrfToken } } = await call("GET", "csrf", { cookies });
  const { location } = await call("POST", "signin/idp", { cookies, body: { csrfToken, json: "true" } });
  const state = new URL(location).searchParams.get("state");
  await call("GET", "callback/idp", { cookies, query: { code: "code", state } });
  if (!cookies["next-auth.session-token"]) throw new Error("not signed in");
}

async function signInTimes(count) {
  const times = [];
  const one = async () => {
    while (count-- > 0) {
      const start = performance.now();
      await signIn();
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: Number(concurrency) }, one));
  return times;
}

async function main() {
  await signInTimes(Math.max(5, Number(concurrency))); // so that all code is warm
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  const times = await signInTimes(Number(count));
  const { user, system } = process.cpuUsage(cpu);
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  console.log(JSON.stringify({ median, cpu: (user + system) / 1000 / times.length, rate: times.length / ((performance.now() - start) / 1000) }));
  process.exit();
}

main();
