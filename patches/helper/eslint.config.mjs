import js from "@eslint/js";

// What Node.js 18 offers to every CommonJS module. The helper uses no other names.
const names = [
  "__dirname", "__filename", "AbortController", "Buffer", "Headers", "Request", "Response", "URL", "URLSearchParams", "clearInterval",
  "clearTimeout", "console", "exports", "fetch", "globalThis", "module", "performance", "process", "require", "setInterval", "setTimeout"
];

export default [
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "commonjs",
      globals: Object.fromEntries(names.map(name => [name, "readonly"]))
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true, caughtErrors: "all" }],
      "no-var": "error",
      "prefer-const": "error"
    }
  },
  {
    files: ["proxy.js"],
    rules: {
      "no-restricted-globals": ["error", { name: "Buffer", message: "Bundlers for browsers would bring one along; use modules()." }]
    }
  }
];
