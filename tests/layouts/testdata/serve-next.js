// Serves a built app of Next.js: node serve-next.js, in the app's directory. Prints its port when it is ready.
"use strict";

const http = require("http");
const path = require("path");

const load = require("module").createRequire(path.join(process.cwd(), "package.json"));

const app = load("next")({ dev: false, dir: process.cwd() });
app.prepare().then(() => {
  const server = http.createServer(app.getRequestHandler());
  server.listen(0, "localhost", () => {
    const { port } = server.address();
    process.env.NEXTAUTH_URL = `http://localhost:${port}`;
    console.log(port);
  });
});
