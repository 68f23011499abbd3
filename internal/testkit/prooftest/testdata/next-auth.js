// Makes the calls of many releases in one process, and some that only tests make. See serve() in serve.js.
"use strict";

const assert = require("assert");
const https = require("https");
const path = require("path");
const tls = require("tls");
const { callbackUrl, calls, open } = require("../../../verify/next-auth.js");
const { serve } = require("../../../verify/serve.js");

Object.assign(calls, {
  "sign-in with an own agent": async release => {
    const client = await release.discovered({ agent: ownAgent() });
    const set = await client.callback(callbackUrl, { code: "code" }, {});
    return [set.claims().sub, (await client.userinfo(set)).name].join(" ");
  },
  "own timeout, silent proxy": async release => userinfoAt(release, "silent.corp.test", { timeout: 50 }),
  "own timeout, slow proxy": async release => userinfoAt(release, "slow.corp.test", { timeout: 60_000 }),
  "no timeout, slow proxy": async release => userinfoAt(release, "slow.corp.test")
});

async function userinfoAt(release, host, httpOptions) {
  return (await (await release.undiscovered(host, httpOptions)).userinfo("token")).name;
}

// Reaches the services without a proxy.
function ownAgent() {
  const agent = new https.Agent();
  const port = process.env.OWN_AGENT_PORT;
  agent.createConnection = ({ host }) => tls.connect({ host: "127.0.0.1", port, servername: host });
  return agent;
}

// openid-client keeps HTTP options for the process, and next-auth keeps state in its modules. Each release gets its own
// modules, so that releases do not affect each other. They share only jose, which has no state and takes longest to load.
serve({ calls, open }, (request, release) => {
  for (const file of Object.keys(require.cache)) {
    if (!file.includes(path.join("/", "node_modules", "jose", "/"))) delete require.cache[file];
  }
  const { Issuer, custom } = release.require("openid-client");
  assert.equal(Issuer[custom.http_options], undefined);
});
