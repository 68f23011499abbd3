// Makes every call while a tool intercepts requests: node intercepted.js TOOL
"use strict";

const assert = require("node:assert");
const { createRequire } = require("node:module");
const path = require("node:path");
const { calls, closeIdle, failure, login, setProxy } = require(".");
const { refuse, startProxy, startTarget } = require("./servers");

const tools = createRequire(path.join(process.env.HELPER_TOOLS, "package.json"));
const start = {
  msw: () => tools("msw/node").setupServer().listen({ onUnhandledRequest: "bypass" }),
  nock: () => tools("nock").enableNetConnect(),
  OpenTelemetry() {
    const { NodeTracerProvider } = tools("@opentelemetry/sdk-trace-node");
    const { HttpInstrumentation } = tools("@opentelemetry/instrumentation-http");
    new NodeTracerProvider().register();
    tools("@opentelemetry/instrumentation").registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
  },
  Sentry() {
    const transport = () => ({ send: async () => ({}), flush: async () => true });
    tools("@sentry/node").init({ dsn: "https://key@sentry.invalid/1", transport, tracesSampleRate: 1 });
  }
};

// Node.js ends the process at an unhandled rejection.
async function main(tool) {
  const intercepts = ["msw", "nock"].includes(tool);
  const answer = (request, response) => response.end(JSON.stringify({ issuer: "https://api.corp.test", genuine: true }));
  const [target, plain] = [await startTarget(answer), await startTarget(answer, { plain: true })];
  const proxy = await startProxy({ routes: { "api.corp.test:443": target.port, "api.corp.test:80": plain.port } });
  setProxy({ HTTP_PROXY: `http://${login}@127.0.0.1:${proxy.port}` });
  start[tool]();
  for (const [name, call] of Object.entries(calls)) {
    assert.ok((await call("https://api.corp.test/")).genuine, name);
    if (name === "https.get") continue;
    if (!intercepts) assert.ok((await call("http://api.corp.test/")).genuine, name);
    else assert.match((await failure(call("http://api.corp.test/"))).message, /can't get a request for http:\/\/api\.corp\.test that a tool intercepts/);
  }
  assert.strictEqual(proxy.connects.length, intercepts ? Object.keys(calls).length : 1);
  closeIdle();
  proxy.behave = refuse(403);
  for (const call of Object.values(calls)) assert.match((await failure(call("https://api.corp.test/"))).message, /answered CONNECT api\.corp\.test:443 with 403/);
  console.log("done");
  process.exit();
}

main(process.argv[2]);
