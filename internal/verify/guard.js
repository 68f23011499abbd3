// Leaves this process one way out. It is no jail: it stops code that does not know of it, not code that means harm.
"use strict";

const childProcess = require("child_process");
const dgram = require("dgram");
const dns = require("dns");
const net = require("net");
const tls = require("tls");
const workers = require("worker_threads"); // have modules of their own, which would be open
const { syncBuiltinESMExports } = require("module");

const asking = object => [object, Object.getOwnPropertyNames(object).filter(name => /^(lookup|resolve|reverse)/.test(name))];

// What reaches out of the process beside connections: a module's name, an object of it, and which of its functions.
const doors = [
  ["dns", ...asking(dns)],
  ["dns", ...asking(dns.promises)],
  ["dns", ...asking(dns.Resolver.prototype)],
  ["dns", ...asking(dns.promises.Resolver.prototype)],
  ["dgram", dgram.Socket.prototype, ["bind", "connect", "send"]],
  ["child_process", childProcess.ChildProcess.prototype, ["spawn"]],
  ["child_process", childProcess, ["execFileSync", "execSync", "spawnSync"]],
  ["worker_threads", workers, ["Worker"]]
];

// Refuses every connection but those to port on 127.0.0.1, and tells onLeak where it should have gone. Servers are
// trusted only with a certificate of ca.
exports.guard = ({ port, ca }, onLeak) => {
  const refusal = target => {
    onLeak(target);
    return Object.assign(new Error(`verify refused ${target}`), { code: "ECONNREFUSED" });
  };

  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const target = targetOf(args);
    if (target === `127.0.0.1:${port}`) return connect.apply(this, args);
    // As a name without an address: Node.js knows best how a connection fails.
    const error = refusal(target);
    return connect.call(this, { host: "refused.invalid", port: 1, lookup: (...rest) => setImmediate(rest.at(-1), error) });
  };

  for (const [title, object, names] of doors) {
    for (const name of names) {
      object[name] = function (...args) { // Worker is called with new
        throw refusal([`${title}.${name}`, ...args.filter(arg => typeof arg === "string").slice(0, 1)].join(" "));
      };
    }
  }

  const { createSecureContext } = tls;
  tls.createSecureContext = (options = {}) => createSecureContext({ ...options, ca });
  syncBuiltinESMExports();
};

// The forms of arguments that net.Socket.connect takes; net.connect hands on all of them as one array.
function targetOf(args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (first === null || typeof first !== "object") {
    return isNaN(first) ? String(first) : `${typeof second === "string" ? second : "localhost"}:${first}`;
  }
  return first.path ? String(first.path) : `${first.host || "localhost"}:${first.port}`;
}
