import NextAuth from "next-auth"
import AzureADProvider from "next-auth/providers/azure-ad"

const handler = NextAuth({
  secret: "not a secret",
  providers: [AzureADProvider({ clientId: "id", clientSecret: "secret", tenantId: "tenant" })],
})

export { handler as GET, handler as POST }
