// Use few processes, because more would only wait for each other.
module.exports = { output: process.env.OUTPUT, experimental: { cpus: 1, webpackBuildWorker: false } }
