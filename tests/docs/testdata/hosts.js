// Prints, as JSON, the hosts in the server code of each provider in a directory: in its endpoints, and in functions
// that make their own requests.
"use strict";

const fs = require("fs");
const path = require("path");

const ENDPOINTS = ["wellKnown", "token", "userinfo", "requestTokenUrl", "accessTokenUrl", "profileUrl"];
const OPTIONS = { clientId: "id", clientSecret: "secret", tenantId: "TENANT", primaryUserFlow: "flow", apiVersion: "1" };
const OTHER = ["index.js", "oauth.js", "email.js", "credentials.js"]; // not OAuth providers

// Some get the issuer's URL from the app, and fail or return no URL without it. Others have their own.
function make(provider) {
  const config = attempt(() => provider(OPTIONS));
  const usable = config && ENDPOINTS.every(name => !address(config[name]).startsWith("undefined"));
  return usable ? config : provider({ ...OPTIONS, issuer: "https://ISSUER/" });
}

function attempt(run) {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function address(endpoint) {
  return String((endpoint && endpoint.url) || (typeof endpoint === "string" ? endpoint : "")).trim();
}

function* functions(value, name) {
  if (typeof value === "function") yield [name, value.toString()];
  else if (value && typeof value === "object") {
    for (const key of Object.keys(value)) if (key !== "options") yield* functions(value[key], key);
  }
}

function hosts(config) {
  const found = ENDPOINTS.map(name => address(config[name])).filter(Boolean).map(url => new URL(url).host);
  for (const [name, source] of functions(config, "")) {
    if (name !== "request" && !/\bfetch\(|_https/.test(source)) continue;
    for (const [, host] of source.matchAll(/https:\/\/([^/`"'$]+)/g)) found.push(host);
  }
  return [...new Set(found)];
}

const dir = process.argv[2];
const all = {};
for (const file of fs.readdirSync(dir)) {
  if (!file.endsWith(".js") || OTHER.includes(file)) continue;
  const provider = require(path.join(dir, file)).default;
  const id = path.basename(file, ".js");
  all[id] = hosts(make(provider));
  if (id === "twitter") all["twitter 2.0"] = hosts(provider({ ...OPTIONS, version: "2.0" }));
}
console.log(JSON.stringify(all));
