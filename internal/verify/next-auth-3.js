// Makes each request that next-auth 3 makes on the server, each on its own, with the code of one copy.
"use strict";

const path = require("path");
const { createRequire } = require("module");

const idp = {
  id: "idp",
  version: "2.0",
  clientId: "client",
  clientSecret: "secret",
  callbackUrl: "http://localhost:3000/api/auth/callback/idp",
  protection: ["none"],
  authorizationUrl: "https://idp.corp.test/authorize",
  accessTokenUrl: "https://idp.corp.test/token",
  profileUrl: "https://idp.corp.test/userinfo"
};
const twitter = {
  id: "twitter",
  version: "1.0A",
  clientId: "client",
  clientSecret: "secret",
  callbackUrl: "http://localhost:3000/api/auth/callback/twitter",
  requestTokenUrl: "https://api.twitter.com/oauth/request_token",
  accessTokenUrl: "https://api.twitter.com/oauth/access_token",
  profileUrl: "https://api.twitter.com/1.1/account/verify_credentials.json"
};
const form = { "Content-Type": "application/x-www-form-urlencoded" };

// Makes a client for a provider, as a sign-in does. Its functions return promises, except before 3.2.
function clientOf(dir, provider) {
  const { default: client } = createRequire(path.join(dir, "dist/server/lib/oauth/client.js"))("./client.js");
  return client(provider);
}

// Calls a function of the package "oauth", which takes a callback, and returns all of its results.
function ask(client, name, ...args) {
  return new Promise((resolve, reject) => {
    client[name](...args, (error, ...results) => (error ? reject(error) : resolve(results)));
  });
}

const isOwn = (client, name) => Object.prototype.hasOwnProperty.call(client, name);

// By their kinds in internal/line. The value of a call shows that it got the answer.
const calls = {
  async token(dir) {
    const client = clientOf(dir, idp);
    if (isOwn(client, "getOAuthAccessToken")) return (await client.getOAuthAccessToken("code", idp)).accessToken;
    const [answer] = await ask(client, "_request", "POST", idp.accessTokenUrl, form, "code=code", null);
    return JSON.parse(answer).access_token;
  },
  async userinfo(dir) {
    const client = clientOf(dir, idp);
    client.useAuthorizationHeaderforGET(true);
    const [answer] = isOwn(client, "get") ? [await client.get(idp, "token", {})] : await ask(client, "get", idp.profileUrl, "token");
    return JSON.parse(answer).name;
  },
  async "OAuth 1.0A request token"(dir) {
    const client = clientOf(dir, twitter);
    const name = "getOAuthRequestToken";
    const [token] = isOwn(client, name) ? [await client[name]({})] : await ask(client, name, {});
    return token.oauth_token || token; // what it is differs between releases
  },
  async "OAuth 1.0A access token"(dir) {
    const client = clientOf(dir, twitter);
    const args = ["getOAuthAccessToken", "request-token", null, "verifier"];
    if (!isOwn(client, args[0])) return (await ask(client, ...args)).slice(0, 2).join(" ");
    const { accessToken, refreshToken } = await client.getOAuthAccessToken(...args.slice(1));
    return [accessToken, refreshToken].join(" ");
  },
  async "OAuth 1.0A profile"(dir) {
    const client = clientOf(dir, twitter);
    const args = [twitter.profileUrl, "access-token", "access-secret"];
    const [answer] = isOwn(client, "get") ? [await client.get(...args)] : await ask(client, "get", ...args);
    return JSON.parse(answer).name;
  }
};

module.exports = { calls, open: ({ dir }) => dir };
