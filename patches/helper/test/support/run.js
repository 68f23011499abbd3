// Runs test files, one after the other: node run.js FILE...
"use strict";

const path = require("node:path");
const { describe } = require("node:test");

// Inside of describe(), since Node 19 runs before(), after() and beforeEach() nowhere else.
for (const file of process.argv.slice(2)) describe(path.basename(file), () => require(path.resolve(file)));
