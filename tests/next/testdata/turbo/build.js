// A build for Turborepo: it makes files from the package's own files and from installed packages.
const { copyFileSync, mkdirSync } = require("node:fs")
mkdirSync(".next/server", { recursive: true })
copyFileSync("node_modules/next-auth/core/lib/oauth/client.js", ".next/server/client.js")
