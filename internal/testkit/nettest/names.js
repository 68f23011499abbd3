// Node.js loads this before a script that makes requests. Only localhost can be resolved, so other hosts can be reached
// only through a proxy. With DIRECT=host,host:port in the environment, connections to port 443 of these hosts go to that
// port of this machine.
"use strict";

const dns = require("dns");
const net = require("net");

const { lookup } = dns;
dns.lookup = (host, ...rest) => {
  if (host === "localhost" || net.isIP(host)) return lookup(host, ...rest);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND", syscall: "getaddrinfo" });
  process.nextTick(rest.at(-1), error);
};

const [, hosts, port] = /^(.*):(\d+)$/.exec(process.env.DIRECT || "") || [];
if (port) {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const list = Array.isArray(args[0]) ? args[0] : args; // net.connect() passes all arguments as one
    if (hosts.split(",").includes(list[0].host) && Number(list[0].port) === 443) {
      list[0] = { ...list[0], host: "127.0.0.1", port: Number(port) };
    }
    return connect.apply(this, args);
  };
}
