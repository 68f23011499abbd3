// Few processes and no tracing of files: the tests look at bundles only.
module.exports = {
  experimental: { cpus: 1, webpackBuildWorker: false },
  outputFileTracingExcludes: { "*": ["**/*"] },
}
