// A process of its own goes through everything that can be wrong with a proxy, and lives.
"use strict";

const assert = require("node:assert");
const { spawn } = require("node:child_process");
const path = require("node:path");
const { test } = require("node:test");

test("no uncaught exception, no unhandled rejection, no credential in the output", async () => {
  const child = spawn(process.execPath, [path.join(__dirname, "support/everything-fails.js")], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", data => (stdout += data));
  child.stderr.on("data", data => (stderr += data));
  const code = await new Promise(resolve => child.on("close", resolve));
  const errors = stderr.split("\n").filter(line => line && !/Warning|--trace-(warnings|deprecation)/.test(line));
  assert.deepStrictEqual(errors, []);
  assert.strictEqual(code, 0);
  assert.match(stdout, /^lived through \d\d+ failures\n$/);
});
