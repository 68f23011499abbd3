// The options of next-auth in all apps here. In the tests only the proxy can reach idp.corp.test.
import AzureADProvider from "next-auth/providers/azure-ad"

export const authOptions = {
  secret: "not a secret",
  providers: [
    {
      id: "idp",
      name: "Corp",
      type: "oauth",
      clientId: "client",
      clientSecret: "secret",
      wellKnown: "https://idp.corp.test/.well-known/openid-configuration",
      authorization: { params: { scope: "openid email profile" } },
      idToken: true,
      userinfo: { request: ({ client, tokens }) => client.userinfo(tokens.access_token) },
      profile: ({ sub, name, email }) => ({ id: sub, name, email }),
    },
    AzureADProvider({ clientId: "id", clientSecret: "secret", tenantId: "tenant" }),
  ],
}
