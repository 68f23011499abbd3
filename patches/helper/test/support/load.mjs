// Loads the helper that is an ES module, for tests that are CommonJS: node --import load.mjs …
import { pathToFileURL } from "node:url";

globalThis.helperModule = await import(pathToFileURL(process.env.HELPER_FILE));
// The first call for which a proxy may count loads what the other functions need.
process.env.NEXTAUTH_PROXY = "http://proxy.invalid";
await globalThis.helperModule.proxyFetch("data:,");
delete process.env.NEXTAUTH_PROXY;
