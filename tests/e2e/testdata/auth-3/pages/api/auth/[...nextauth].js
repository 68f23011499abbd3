// The sign-in of an app with next-auth 3: an OAuth 2 provider, and twitter, which speaks OAuth 1.0A.
import NextAuth from "next-auth";
import Providers from "next-auth/providers";

const idp = "https://idp.corp.test";

export default NextAuth({
  secret: "not a secret",
  providers: [
    {
      id: "idp",
      name: "Corp",
      type: "oauth",
      version: "2.0",
      clientId: "client-3",
      clientSecret: "secret",
      scope: "openid email profile",
      params: { grant_type: "authorization_code" },
      authorizationUrl: `${idp}/auth?response_type=code`,
      accessTokenUrl: `${idp}/token`,
      profileUrl: `${idp}/me`,
      profile: ({ sub, name, email }) => ({ id: sub, name, email })
    },
    Providers.Twitter({ clientId: "client", clientSecret: "secret" })
  ]
});
