// Makes calls with one of the drivers beside this file, which know how to make each kind of call.
"use strict";

const readline = require("readline");
const { AsyncLocalStorage } = require("async_hooks");

const current = new AsyncLocalStorage(); // the kind of the call that is running

// The message of an error and of its cause. Some messages already contain the cause, and some causes say nothing.
function reasonOf({ message, cause }, error) {
  const what = String(message ?? "");
  const why = String(cause?.message || (cause === Object(cause) ? "" : cause ?? ""));
  return (what.includes(why) ? what : `${what}: ${why}`) || JSON.stringify(error) || "for no reason";
}

// Code may throw anything.
function failureOf(error) {
  try {
    const { code } = error?.cause || error || {};
    return { error: reasonOf(error || {}, error), code: typeof code === "string" ? code : undefined };
  } catch {
    return { error: "for no reason that can be told" };
  }
}

async function resultOf(kind, call, copy) {
  try {
    return { kind, value: String(await current.run(kind, call, copy)) };
  } catch (error) {
    return { kind, ...failureOf(error) };
  }
}

// Only say writes to stdout. Everything else that code prints goes to stderr.
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

// Native code can still write to stdout, so each message starts on a new line.
const say = message => print("\n" + JSON.stringify(message) + "\n");

// Makes the calls of a driver: { calls, open }, functions by kind, and one that opens the copy that they get. Each line of
// the input is a request: { dir, kinds, idToken }, the directory of a package and the calls to make; prepare gets it first.
// Each line of the output is the result of one call: { kind, value } or { kind, error, code }. One failed call does not
// affect the others. The process ends with its input, because then nothing waits for it.
async function serve({ calls, open }, prepare) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.once("close", () => process.exit());
  for await (const line of lines) {
    const request = JSON.parse(line);
    const copy = open(request);
    prepare(request, copy);
    await Promise.all(request.kinds.map(async kind => say(await resultOf(kind, calls[kind], copy))));
  }
}

module.exports = { current, say, serve };
