#!/usr/bin/env node
// A stand-in for next. "start" ends at once, with an error without a proxy and a login. For
// "build" with a configuration, it leaves what Next.js leaves: the installed next-auth in the
// server's code, and standalone output.
const assert = require("node:assert")
const fs = require("node:fs")

if (process.argv[2] === "start") {
  const proxy = new URL(process.env.https_proxy)
  assert(proxy.username && proxy.password && proxy.port)
  process.exit()
}

const auth = "node_modules/next-auth/core/lib/"
if (fs.existsSync("next.config.js")) {
  const code = [auth + "oauth/client.js", auth + "proxy.js"].filter(file => fs.existsSync(file)).map(file => fs.readFileSync(file))
  for (const dir of [".next", ".next/standalone/.next"]) {
    fs.mkdirSync(dir + "/server", { recursive: true })
    fs.writeFileSync(dir + "/server/chunk.js", Buffer.concat(code))
    fs.writeFileSync(dir + "/BUILD_ID", "id")
  }
  fs.writeFileSync(".next/standalone/server.js", 'process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = "{}"\n')
}
console.log("next: built")
