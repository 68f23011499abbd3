"use strict";

const assert = require("node:assert");
const https = require("node:https");
const { once } = require("node:events");
const { createRequire } = require("node:module");
const path = require("node:path");
const util = require("node:util");

const project = createRequire(path.join(process.env.HELPER_PROJECT, "package.json"));
const helper = globalThis.helperModule || project(process.env.HELPER_FILE || "./node_modules/next-auth/core/lib/proxy.js");
const isModule = helper === globalThis.helperModule;
const agentMajor = Number(process.env.HELPER_AGENT.split(".")[0]);

const user = "jane doe";
const password = "p%w#d/1 @x:?";
const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
const basic = "Basic " + Buffer.from(`${user}:${password}`).toString("base64");

// Sets the variables that choose a proxy, and only those given. What was kept for the next request is closed.
function setProxy(variables) {
  closeIdle();
  const own = ["nextauth_proxy", "nextauth_http_timeout", "auth_proxy", "auth_http_timeout"];
  for (const name of ["https_proxy", "http_proxy", "all_proxy", "no_proxy", ...own]) {
    delete process.env[name];
    delete process.env[name.toUpperCase()];
  }
  Object.assign(process.env, variables);
}

// Closes the connections that the helper keeps for its proxy. None is in use when a test calls it.
function closeIdle() {
  for (const url of ["https://api.corp.test", "http://api.corp.test"]) {
    helper.proxyAgent(url)?.destroy();
  }
}

// No spelling of the login, nor of another secret, may be found in anything that an error holds on to.
function assertNoSecret(value, secrets = []) {
  const text = util.inspect(value, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null });
  const spellings = [login, user, password, encodeURIComponent(user), encodeURIComponent(password), basic.slice(6), ...secrets];
  for (const secret of spellings) assert.ok(!text.includes(secret), `a credential shows: ${secret}\n${text}`);
}

// The error of a promise that must reject, checked for credentials.
async function failure(promise, secrets) {
  const error = await promise.then(value => assert.fail(`resolved with ${util.inspect(value)}`), error => error);
  assertNoSecret(error, secrets);
  return error;
}

// ---- The five ways in which next-auth calls out, each taking a URL and giving the JSON of the answer ----

async function viaOpenidClient(url, timeout = 3500) {
  const { Issuer, custom } = project("openid-client");
  Issuer[custom.http_options] = (...args) => ({ timeout, ...helper.httpOptions(...args) });
  const issuer = await Issuer.discover(url);
  return issuer.metadata;
}

// As providers/foursquare.js does it.
async function viaHttpsGet(url, timeout = 3500) {
  const request = https.get(url, { timeout, agent: helper.proxyAgent(url) });
  const [response] = await Promise.race([once(request, "response"), once(request, "timeout")]);
  if (!response) {
    request.destroy();
    throw new Error("HTTP Request Timed Out");
  }
  const parts = [];
  for await (const part of response) parts.push(part);
  return JSON.parse(Buffer.concat(parts));
}

async function viaFetch(url) {
  const response = await helper.proxyFetch(url);
  return response.json();
}

function viaOAuth1(url) {
  const { OAuth } = project("oauth");
  const client = new OAuth(url, url, "key", "secret", "1.0A", null, "HMAC-SHA1");
  client._createClient = helper.oauth1Request;
  return new Promise((resolve, reject) => {
    client.get(url, "token", "token secret", (error, data) => (error ? reject(error) : resolve(data)));
  }).then(JSON.parse);
}

// As next-auth 3 does it.
function viaOAuth2(url) {
  const { OAuth2 } = helper.throughProxy(project("oauth"));
  const client = new OAuth2("key", "secret", url);
  client.useAuthorizationHeaderforGET(true);
  return new Promise((resolve, reject) => {
    client.get(url, "token", (error, data) => (error ? reject(error) : resolve(data)));
  }).then(JSON.parse);
}

const calls = {
  "openid-client": viaOpenidClient,
  "https.get": viaHttpsGet,
  fetch: viaFetch,
  "OAuth 1.0A": viaOAuth1,
  "OAuth 2": viaOAuth2
};

const { setTimeout } = globalThis;
const WAITS = [3500, 10_000]; // ms, for a proxy

// Makes the helper's waits last `ms` ms. What is waited for is the same, only sooner.
function hurry(t, ms, waits = WAITS) {
  globalThis.setTimeout = (callback, delay, ...rest) => setTimeout(callback, waits.includes(delay) ? ms : delay, ...rest);
  t.after(() => (globalThis.setTimeout = setTimeout));
}

// Holds back the helper's waits for a proxy. They end when the function is called that this returns.
function hold(t) {
  const held = [];
  globalThis.setTimeout = (callback, delay, ...rest) => {
    if (!WAITS.includes(delay)) return setTimeout(callback, delay, ...rest);
    held.push(callback);
    return setTimeout(() => {});
  };
  t.after(() => (globalThis.setTimeout = setTimeout));
  return () => held.forEach(callback => callback());
}

module.exports = {
  agentMajor, assertNoSecret, basic, calls, closeIdle, failure, helper, hold, hurry, isModule, login, password, project, setProxy,
  user
};
