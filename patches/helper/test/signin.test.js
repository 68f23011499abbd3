// The calls of a sign-in, made by the openid-client that next-auth uses: all of them through the proxy.
"use strict";

const assert = require("node:assert");
const { test, before, after } = require("node:test");
const { basic, closeIdle, failure, helper, login, project, setProxy } = require("./support");
const { newClient, redeem, startIdp } = require("./support/idp");
const { refuse, startProxy } = require("./support/servers");

const { custom } = project("openid-client");
let provider, proxy;

before(async () => {
  provider = await startIdp();
  proxy = await startProxy({ routes: { "idp.corp.test:443": provider.port } });
  setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
});
after(async () => {
  setProxy({});
  await Promise.all([provider.close(), proxy.close()]);
});

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
