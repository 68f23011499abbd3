// What Nuxt's modules for next-auth do: a route that calls next-auth without Next.js.
import { defineEventHandler, getQuery } from "h3"
import { AuthHandler } from "next-auth/core"
import AzureADProvider from "next-auth/providers/azure-ad"

const options = {
  secret: "not a secret",
  providers: [AzureADProvider.default({ clientId: "id", clientSecret: "secret", tenantId: "tenant" })]
}

export default defineEventHandler(async event => {
  const req = { host: "http://localhost:3000", query: getQuery(event), headers: {}, cookies: {}, method: "GET", action: "session" }
  return (await AuthHandler({ req, options })).body
})
