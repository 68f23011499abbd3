// One request, after which nothing is left to do.
"use strict";

const { helper } = require(".");

helper.proxyFetch(process.argv[2]).then(response => response.text())
  .then(() => console.log("answered"), ({ message }) => console.log(`failed: ${message}`));
