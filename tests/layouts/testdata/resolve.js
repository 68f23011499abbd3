// Prints, as JSON, the real directories of packages that code in the working directory loads by some names.
"use strict";

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const { resolve } = createRequire(path.join(process.cwd(), "package.json"));
const find = name => resolve.paths(name).map(dir => path.join(dir, name)).find(dir => fs.existsSync(dir));
console.log(JSON.stringify(process.argv.slice(2).map(find).filter(Boolean).map(dir => fs.realpathSync(dir))));
