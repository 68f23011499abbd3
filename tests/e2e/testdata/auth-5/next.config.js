// Use few processes, because more would only wait for each other. Next.js 14 runs instrumentation.js only if asked to.
const { version } = require("next/package.json")

const experimental = { cpus: 1, webpackBuildWorker: false }
if (version.startsWith("14.")) experimental.instrumentationHook = true

module.exports = { output: process.env.OUTPUT, experimental }
