// A proxy for Node.js's fetch, where a test asks for it.
export async function register() {
  if (process.env.NEXT_RUNTIME === "nodejs" && process.env.WAY === "undici") {
    const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici")
    setGlobalDispatcher(new EnvHttpProxyAgent())
  }
}
