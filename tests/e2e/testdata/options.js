// The options of next-auth in all apps here: an identity provider with all four kinds of requests, azure-ad, which also
// requests a photo, and twitter, which speaks OAuth 1.0A.
"use strict";

const client = { clientId: "client", clientSecret: "secret" };
const wellKnown = "https://idp.corp.test/.well-known/openid-configuration";

module.exports = (azureAD, twitter) => ({
  secret: "not a secret",
  providers: [
    {
      ...client,
      id: "idp",
      name: "Corp",
      type: "oauth",
      wellKnown,
      authorization: { params: { scope: "openid email profile" } },
      checks: ["pkce", "state"],
      idToken: true,
      userinfo: { request: ({ client, tokens }) => client.userinfo(tokens.access_token) },
      profile: ({ sub, name, email }) => ({ id: sub, name, email })
    },
    // The first releases do not declare that azure-ad sends an ID token.
    azureAD({ ...client, wellKnown, idToken: true, authorization: { params: { scope: "openid email profile" } } }),
    twitter(client)
  ]
});
