// Writes the package.json and the lock file that Nx's executors write beside a build:
// node nx-package.js NX/dist/src PROJECT DIRECTORY
const fs = require('node:fs')
const path = require('node:path')

const [nx, project, out] = process.argv.slice(2)
const { createProjectGraphAsync } = require(path.join(nx, 'project-graph/project-graph'))
const { createPackageJson } = require(path.join(nx, 'plugins/js/package-json/create-package-json'))
const { createLockFile, getLockFileName } = require(path.join(nx, 'plugins/js/lock-file/lock-file'))

async function main() {
  const graph = await createProjectGraphAsync({ exitOnError: true })
  const manifest = createPackageJson(project, graph, { root: process.cwd(), isProduction: true })
  fs.mkdirSync(out)
  fs.writeFileSync(path.join(out, 'package.json'), JSON.stringify(manifest, null, 2))
  fs.writeFileSync(path.join(out, getLockFileName('npm')), createLockFile(manifest, graph, 'npm'))
}

main().then(() => process.exit(0)) // nx keeps the process alive
