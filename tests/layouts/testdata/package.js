// Prints the hashes of the files of next-auth that Node.js loads from the current directory, as JSON. With .pnp.cjs loaded
// first, the files may be in an archive.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const from = path.join(process.cwd(), "package.json");
const dir = path.dirname(require("module").createRequire(from).resolve("next-auth"));
const files = {};

function read(name) {
  for (const entry of fs.readdirSync(path.join(dir, name), { withFileTypes: true })) {
    const file = path.posix.join(name, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules") read(file);
    } else {
      files[file] = crypto.createHash("sha256").update(fs.readFileSync(path.join(dir, file))).digest("hex");
    }
  }
}

read("");
console.log(JSON.stringify(files));
