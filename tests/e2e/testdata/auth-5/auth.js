// The sign-in of an app with next-auth 5: an identity provider, and Entra, which finds its tenant and requests a photo.
import NextAuth from "next-auth"
import Entra from "next-auth/providers/microsoft-entra-id"

const client = { clientId: "client", clientSecret: "secret" }

export const { handlers, auth } = NextAuth({
  secret: "not a secret",
  trustHost: true,
  callbacks: { authorized: ({ auth }) => Boolean(auth) },
  providers: [
    { ...client, id: "idp", name: "Corp", type: "oidc", issuer: "https://idp.corp.test", idToken: false },
    Entra(client)
  ]
})
