// Loaded ahead of a script that makes requests: no name but localhost can be resolved, whatever this machine's DNS
// knows, so a host is reached by way of a proxy or not at all. With DIRECT=host,host:port in the environment,
// connections to port 443 of these hosts lead to that port of this machine.
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
    const list = Array.isArray(args[0]) ? args[0] : args; // net.connect() hands over all arguments as one
    if (hosts.split(",").includes(list[0].host) && Number(list[0].port) === 443) {
      list[0] = { ...list[0], host: "127.0.0.1", port: Number(port) };
    }
    return connect.apply(this, args);
  };
}
