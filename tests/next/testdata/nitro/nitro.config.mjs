// Inlined, next-auth is in the bundle. Otherwise Nitro copies a part of the package.
export default { compatibilityDate: "2025-01-01", preset: "node-server", noExternals: process.env.INLINE === "1" }
