// A build for Turborepo: it makes files from the package's own files and from installed packages.
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs")
const files = ["oauth/client.js", "proxy.js"].map(file => "node_modules/next-auth/core/lib/" + file)
mkdirSync(".next/server", { recursive: true })
writeFileSync(".next/server/chunk.js", Buffer.concat(files.filter(file => existsSync(file)).map(file => readFileSync(file))))
writeFileSync(".next/BUILD_ID", "id")
