// Makes the calls of many releases in one process. Node.js keeps the modules of each of them apart.
"use strict";

const driver = require("../../../verify/next-auth-3.js");
const { serve } = require("../../../verify/serve.js");

serve(driver, () => {});
