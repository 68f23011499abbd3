import js from "@eslint/js";

// What Node.js 18 offers to every module. The helper uses no other names.
const names = [
  "AbortController", "Buffer", "Headers", "Request", "Response", "URL", "URLSearchParams", "clearInterval", "clearTimeout", "console",
  "fetch", "globalThis", "performance", "process", "setInterval", "setTimeout"
];
const inCommonJS = ["__dirname", "__filename", "exports", "module", "require"];

const readonly = names => Object.fromEntries(names.map(name => [name, "readonly"]));

export default [
  js.configs.recommended,
  { files: ["**/*.js"], languageOptions: { ecmaVersion: 2022, sourceType: "commonjs", globals: readonly([...names, ...inCommonJS]) } },
  { files: ["**/*.mjs"], languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: readonly(names) } },
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true, caughtErrors: "all" }],
      "no-var": "error",
      "prefer-const": "error"
    }
  },
  {
    // What Node.js 12 does not parse. It gets an error that a person understands.
    files: ["proxy.js"],
    rules: {
      "no-restricted-syntax": ["error", "ChainExpression", "LogicalExpression[operator='??']", "AssignmentExpression[operator=/[?&|]{2}=/]"]
    }
  },
  {
    files: ["proxy.js", "proxy.mjs"],
    rules: {
      "no-restricted-globals": ["error", { name: "Buffer", message: "Bundlers for browsers would bring one along; use modules()." }]
    }
  }
];
