// The ten seconds of a request that has no timeout of its own, once it is under way. This test takes them.
"use strict";

const assert = require("node:assert");
const { test } = require("node:test");
const { agentMajor, calls, failure, login, setProxy } = require("./support");
const { silent, startProxy, startTarget } = require("./support/servers");

// What happens after the connection is open has nothing to do with the agent: one release of it is enough.
test("silence after the connection was opened", { skip: agentMajor !== 7 && "tested with https-proxy-agent 7" }, async () => {
  const target = await startTarget(silent);
  const proxy = await startProxy({ routes: { "api.corp.test:443": target.port } });
  proxy.forward = silent;
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  const waits = ["https://api.corp.test/", "http://api.corp.test/"].flatMap(url => [calls["OAuth 1.0A"](url), calls.fetch(url)]);
  const errors = await Promise.all(waits.map(wait => failure(wait)));
  for (const { message } of errors) assert.ok(message.includes(`proxy ${proxy.label} did not answer within 10000 ms`), message);
  await proxy.closed();
  await Promise.all([target.close(), proxy.close()]);
});
