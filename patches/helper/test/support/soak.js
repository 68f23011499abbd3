// Many sign-ins, twenty at a time: node --expose-gc soak.js COUNT
"use strict";

const assert = require("node:assert");
const { login, setProxy } = require(".");
const { startIdp } = require("./idp");
const { startProxy } = require("./servers");

async function main(count) {
  const idp = await startIdp();
  const proxy = await startProxy({ routes: { "idp.corp.test:443": idp.port } });
  setProxy({ HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}`, NEXTAUTH_HTTP_TIMEOUT: "60000" });
  process.on("warning", warning => assert.ok(warning.name === "ExperimentalWarning", warning));
  const kinds = [idp.signIn.oidc, idp.signIn.oauth2, idp.signIn.oauth1];
  const signIns = async left => {
    const one = async () => {
      while (left-- > 0) await kinds[left % 3]();
    };
    await Promise.all(Array.from({ length: 20 }, one));
    idp.requests.length = idp.sessions.length = proxy.connects.length = 0; // the servers' memory is not the helper's
    for (let i = 0; i < 3; i++) globalThis.gc();
    return process.memoryUsage().heapUsed;
  };
  const middle = await signIns(count / 2);
  const end = await signIns(count / 2);
  assert.ok(end <= middle * 1.05, `${middle} bytes in the middle, ${end} at the end`);
  await proxy.closed();
  console.log(`${count} sign-ins, ${middle} bytes in the middle, ${end} at the end`);
  await Promise.all([idp.close(), proxy.close()]);
}

main(Number(process.argv[2]));
