// What a build is to Turborepo: files made of the package's own and of what is installed.
const { copyFileSync, mkdirSync } = require("node:fs")
mkdirSync(".next/server", { recursive: true })
copyFileSync("node_modules/next-auth/core/lib/oauth/client.js", ".next/server/client.js")
