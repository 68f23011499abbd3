// Use few processes and trace no files, because the tests check only bundles.
module.exports = {
  experimental: { cpus: 1, webpackBuildWorker: false },
  outputFileTracingExcludes: { "*": ["**/*"] },
}
