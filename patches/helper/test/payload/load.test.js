// Many sign-ins at once: nothing piles up.
"use strict";

const assert = require("node:assert");
const { test } = require("node:test");
const { helper, login, setProxy } = require("../support");
const { startIdp } = require("../support/idp");
const { startProxy } = require("../support/servers");

const half = process.env.HELPER_THOROUGH ? 250 : 40;

test(`${2 * half} sign-ins, twenty at a time: the heap stays as it is, and no socket is left`, async t => {
  const idp = await startIdp();
  const proxy = await startProxy({ routes: { "idp.corp.test:443": idp.port } });
  t.after(() => Promise.all([idp.close(), proxy.close()]));
  setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  const warnings = [];
  process.on("warning", warning => warning.name !== "ExperimentalWarning" && warnings.push(warning));

  const signIns = async count => {
    const one = async () => {
      while (count-- > 0) await idp.signIn.oidc();
    };
    await Promise.all(Array.from({ length: 20 }, one));
    idp.requests.length = idp.sessions.length = 0; // the servers' memory is not the helper's
    for (let i = 0; i < 3; i++) globalThis.gc();
    return process.memoryUsage().heapUsed;
  };
  const middle = await signIns(half);
  const end = await signIns(half);
  assert.ok(proxy.connects.length <= 60, `${proxy.connects.length} tunnels`);
  if (half >= 250) assert.ok(end <= middle * 1.05, `${middle} bytes in the middle, ${end} at the end`);
  await proxy.closed(); // the connections close by themselves
  const { sockets, freeSockets, requests } = helper.proxyAgent("https://idp.corp.test");
  while (Object.keys(freeSockets).length) await new Promise(resolve => setTimeout(resolve, 10)); // or the test never ends
  assert.deepStrictEqual([sockets, requests].map(Object.keys), [[], []]);
  assert.deepStrictEqual(warnings, []);
});
