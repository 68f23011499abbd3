// A CONNECT proxy that asks for a user and a password. Prints its port when it is ready.
// PROXY_LOGIN: USER:PASSWORD. IDP_PORT: where idp.corp.test really listens. proxy.log gets a line for each request.
"use strict";

const fs = require("fs");
const http = require("http");
const net = require("net");

const { PROXY_LOGIN, IDP_PORT } = process.env;
const ports = { "idp.corp.test:443": Number(IDP_PORT) };

const proxy = http.createServer((request, response) => response.writeHead(405).end());

proxy.on("connect", (request, client) => {
  const [scheme, credentials = ""] = (request.headers["proxy-authorization"] || "").split(" ");
  const login = scheme === "Basic" ? Buffer.from(credentials, "base64").toString() : "";
  const port = ports[request.url];
  const status = login !== PROXY_LOGIN ? 407 : port ? 200 : 502;
  const user = login.split(":")[0] || "nobody";
  fs.appendFileSync("proxy.log", `CONNECT ${request.url}  user ${user}  ${status}\n`);

  client.on("error", () => {}); // it closed the connection
  const head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n`;
  if (status === 407) return client.end(`${head}Proxy-Authenticate: Basic realm="demo"\r\n\r\n`);
  if (status === 502) return client.end(`${head}\r\n`);
  const target = net.connect(port, "127.0.0.1", () => {
    client.write(`${head}\r\n`);
    client.pipe(target).pipe(client);
  });
  target.on("error", () => client.destroy());
  client.on("close", () => target.destroy());
});

proxy.listen(0, "127.0.0.1", () => console.log(proxy.address().port));
