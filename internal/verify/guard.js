// Allows this process only one connection target. It does not stop malicious code, only code that does not expect it.
"use strict";

const childProcess = require("child_process");
const dgram = require("dgram");
const dns = require("dns");
const net = require("net");
const tls = require("tls");
const workers = require("worker_threads"); // have their own modules, which are not guarded
const { syncBuiltinESMExports } = require("module");

const asking = object => [object, Object.getOwnPropertyNames(object).filter(name => /^(lookup|resolve|reverse)/.test(name))];

// Other functions that reach out of the process: a module's name, one of its objects, and the names of the functions.
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

// Refuses every connection except to port on 127.0.0.1, and calls onLeak with the refused target. Servers are trusted
// only with a certificate of ca.
exports.guard = ({ port, ca }, onLeak) => {
  const refusal = target => {
    onLeak(target);
    return Object.assign(new Error(`verify refused ${target}`), { code: "ECONNREFUSED" });
  };

  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const target = targetOf(args);
    if (target === `127.0.0.1:${port}`) return connect.apply(this, args);
    // Fails like an unknown host name, so that Node.js handles the failure itself.
    const error = refusal(target);
    return connect.call(this, { host: "refused.invalid", port: 1, lookup: (...rest) => setImmediate(rest[rest.length - 1], error) });
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

// Handles all forms of arguments of net.Socket.connect; net.connect passes them as one array.
function targetOf(args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (first === null || typeof first !== "object") {
    return isNaN(first) ? String(first) : `${typeof second === "string" ? second : "localhost"}:${first}`;
  }
  return first.path ? String(first.path) : `${first.host || "localhost"}:${first.port}`;
}
