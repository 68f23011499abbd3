// The calls of a sign-in, made by the openid-client that next-auth uses: all of them through the proxy.
"use strict";

const assert = require("node:assert");
const { test, before, after } = require("node:test");
const { basic, closeIdle, failure, helper, login, project, setProxy } = require("./support");
const { refuse, startProxy, startTarget } = require("./support/servers");

const { Issuer, custom } = project("openid-client");
const jose = project("jose");
const issuer = "https://idp.corp.test";
let provider, proxy, keys;

// An identity provider with the five endpoints that a sign-in needs.
const endpoints = {
  "/.well-known/openid-configuration": () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`
  }),
  "/token": async () => ({
    access_token: "access",
    token_type: "Bearer",
    id_token: await new jose.SignJWT({ nonce: "n" }).setProtectedHeader({ alg: "RS256", kid: "k" })
      .setIssuer(issuer).setAudience("app").setSubject("jane").setIssuedAt().setExpirationTime("1h").sign(keys.privateKey)
  }),
  "/jwks": async () => ({ keys: [{ ...(await jose.exportJWK(keys.publicKey)), kid: "k", alg: "RS256" }] }),
  "/userinfo": () => ({ sub: "jane", email: "jane@corp.test" })
};

before(async () => {
  keys = await jose.generateKeyPair("RS256");
  provider = await startTarget(async (request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(await endpoints[request.url]()));
  });
  proxy = await startProxy({ routes: { "idp.corp.test:443": provider.port } });
  Issuer[custom.http_options] = helper.httpOptions;
  setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
});
after(async () => {
  setProxy({});
  await Promise.all([provider.close(), proxy.close()]);
});

async function newClient() {
  const found = await Issuer.discover(issuer);
  found[custom.http_options] = helper.httpOptions;
  const client = new found.Client({ client_id: "app", client_secret: "client secret", redirect_uris: ["https://app.test/cb"] });
  client[custom.http_options] = helper.httpOptions;
  return client;
}

const redeem = client => client.callback("https://app.test/cb", { code: "c" }, { nonce: "n" });

test("discovery, token, keys and userinfo go through the proxy", async () => {
  const client = await newClient();
  const tokens = await redeem(client);
  assert.strictEqual(tokens.claims().sub, "jane");
  assert.strictEqual((await client.userinfo(tokens)).email, "jane@corp.test");
  assert.deepStrictEqual(provider.requests.map(({ url }) => url), ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"]);
  assert.deepStrictEqual(proxy.connects.map(({ target }) => target), ["idp.corp.test:443"]);
  assert.ok(proxy.connects.every(({ headers }) => headers["proxy-authorization"] === basic));
  assert.ok(provider.requests.every(({ headers }) => !("proxy-authorization" in headers)));
  closeIdle();
  await proxy.closed();
});

test("a forged userinfo from the proxy signs nobody in", async () => {
  const client = await newClient();
  const tokens = await redeem(client);
  closeIdle();
  proxy.behave = refuse(201, { headers: "Content-Type: application/json\r\n", body: '{"sub":"jane","email":"ceo@corp.test"}' });
  const error = await failure(client.userinfo(tokens));
  assert.ok(error.message.includes(`proxy ${proxy.label} answered CONNECT idp.corp.test:443 with 201`), error.message);
  proxy.behave = proxy.tunnel;
});

test("the user's own agent and timeout are honoured", async () => {
  const client = await newClient();
  const seen = [];
  const agent = { addRequest: request => { seen.push(request.path); request.onSocket(null, new Error("the user's agent")); } };
  client[custom.http_options] = (url, options) => ({ agent, ...helper.httpOptions(url, { ...options, agent }) });
  assert.strictEqual((await failure(client.userinfo("access"))).message, "the user's agent");
  assert.deepStrictEqual(seen, ["/userinfo"]);

  client[custom.http_options] = (url, options) => ({ timeout: 80, ...helper.httpOptions(url, options) });
  closeIdle();
  proxy.behave = () => {};
  // openid-client merges what the hook returns after asking it; the agent reads the timeout of the request.
  assert.ok((await failure(client.userinfo("access"))).message.includes(`proxy ${proxy.label} did not answer within 80 ms`));
  await proxy.closed();
});
