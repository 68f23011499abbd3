// Use few processes, because the tests build several apps at once.
module.exports = { output: "standalone", experimental: { cpus: 1, webpackBuildWorker: false } }
