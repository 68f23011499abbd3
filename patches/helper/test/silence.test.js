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
  const says = {
    "https://api.corp.test/": "opened a connection to api.corp.test:443, which did not answer within 10000 ms; if it is only slow, set NEXTAUTH_HTTP_TIMEOUT=20000",
    "http://api.corp.test/": "did not answer within 10000 ms; check HTTP_PROXY and the proxy"
  };
  await Promise.all(Object.entries(says).flatMap(([url, text]) => [calls["OAuth 1.0A"], calls.fetch].map(async call => {
    const { message } = await failure(call(url));
    assert.ok(message.includes(`proxy ${proxy.label} ${text}`), message);
  })));
  await proxy.closed();
  await Promise.all([target.close(), proxy.close()]);
});
